/** Making elements. */

/**
 * Return an element. `on…` properties are listeners, `class` its classes; `true` sets an
 * attribute without a value, `false` and `undefined` leave it out.
 * @param {string} name
 * @param {Record<string, any>} [properties]
 * @param {(Node | string | null | undefined | false)[]} children
 * @returns {any}
 */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) set(element, key, value);
  element.append(...children.filter((child) => child || child === ""));
  return element;
}

/** @param {HTMLElement} element */
function set(element, key, value) {
  if (value === undefined || value === null || value === false) return;
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "class") element.className = value;
  else if (key === "value" || key === "checked") element[key] = value;
  else element.setAttribute(key, value === true ? "" : String(value));
}

/** Set an attribute, or take it away. */
export function setAttribute(/** @type {Element} */ element, name, value) {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) {
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** Set a text, if it is another one: screen readers repeat what is written again. */
export function setText(/** @type {Element} */ element, /** @type {string} */ text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Make the children of `parent` those that belong to `items`, keeping the elements of
 * those that stay, so that focus and scrolling stay as well.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => Element} create
 * @param {(element: any, item: T) => void} update
 */
export function reconcile(parent, items, keyOf, create, update) {
  const known = parent.reconciled ?? new Map();
  const wanted = new Map(items.map((item) => [keyOf(item), item]));
  for (const [key, element] of known) {
    if (wanted.has(key)) continue;
    element.remove();
    known.delete(key);
  }
  let place = parent.firstElementChild;
  for (const [key, item] of wanted) {
    const element = known.get(key) ?? create(item);
    known.set(key, element);
    update(element, item);
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
  parent.reconciled = known;
}

/** The element that has the focus, also inside a shadow root. */
export function focusedIn(/** @type {Node} */ node) {
  return /** @type {Document | ShadowRoot} */ (node.getRootNode()).activeElement ?? null;
}
