/** Making and updating elements. */

/**
 * @typedef {Node | string | null | undefined | false} Child
 */

/**
 * @template Item
 * @typedef {object} Part an element that shows an item
 * @property {Element} element
 * @property {(item: Item) => void} update shows the item as it is now
 */

/**
 * Make an element.
 *
 * Properties that start with `on` are event listeners, `class` holds the classes. `true`
 * sets an attribute without a value; `false`, null and undefined leave it out.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, unknown>} [properties]
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) setProperty(element, key, value);
  for (const child of children) if (child || child === "") element.append(child);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {string} key
 * @param {unknown} value
 */
function setProperty(element, key, value) {
  if (isAbsent(value)) return;
  if (key.startsWith("on")) {
    element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
  } else if (key === "class") element.className = String(value);
  else if (key === "value" || key === "checked") Object.assign(element, { [key]: value });
  else setAttribute(element, key, value);
}

/** @param {unknown} value */
function isAbsent(value) {
  return value === undefined || value === null || value === false;
}

/**
 * Set an attribute; `false`, null and undefined remove it.
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function setAttribute(element, name, value) {
  const text = value === true ? "" : String(value);
  if (isAbsent(value)) element.removeAttribute(name);
  else if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/**
 * Set a text, if it changes: screen readers repeat a text that is written again.
 * @param {Element | null} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/**
 * Make a text that only screen readers present.
 * @param {string} text
 */
export function screenReaderText(text) {
  return h("span", { class: "tk-hidden" }, text);
}

/** @type {WeakMap<Element, Map<string, Part<any>>>} `any`: each parent has items of its own */
const partsOf = new WeakMap();

/**
 * Make the children of `parent` show `items`. Elements of items that stay are kept, so that
 * they keep focus and scroll positions.
 * @template Item
 * @param {Element} parent
 * @param {Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => Part<Item>} create
 */
export function reconcile(parent, items, keyOf, create) {
  const parts = partsOf.get(parent) ?? new Map();
  partsOf.set(parent, parts);
  const wanted = new Map(items.map((item) => [keyOf(item), item]));
  for (const [key, { element }] of parts) {
    if (wanted.has(key)) continue;
    element.remove();
    parts.delete(key);
  }
  let next = parent.firstElementChild;
  for (const [key, item] of wanted) {
    const part = parts.get(key) ?? create(item);
    parts.set(key, part);
    part.update(item);
    if (next && part.element === next) next = next.nextElementSibling;
    else parent.insertBefore(part.element, next);
  }
}

/**
 * Return the element that has the focus, in the document or shadow root of `node`.
 * @param {Node} node
 */
export function focusedIn(node) {
  const root = /** @type {Document | ShadowRoot} */ (node.getRootNode());
  return /** @type {HTMLElement | null} */ (root.activeElement ?? null);
}

/**
 * Return the element with our styles that contains `element`, for dialogs.
 * @param {Element} element
 */
export function styledParent(element) {
  const parent = element.closest(".talk");
  if (!parent) throw new Error("The element is not in the page.");
  return parent;
}
