/** Values kept in the browser's local storage, where the browser allows that. */

/**
 * @param {string} key
 * @returns {any} `any`: the caller knows what it stored; undefined when there is nothing
 */
export function loadValue(key) {
  try {
    const text = localStorage.getItem(`talk:${key}`);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Store a value; undefined removes it.
 * @param {string} key
 * @param {unknown} value
 */
export function storeValue(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(`talk:${key}`);
    else localStorage.setItem(`talk:${key}`, JSON.stringify(value));
  } catch {
    // Private windows may have no storage: the value lasts as long as the page.
  }
}
