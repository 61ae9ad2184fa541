/** What the browser remembers for us; some browsers refuse to. */

/**
 * @param {string} key
 * @returns {any} undefined when nothing is known
 */
export function recall(key) {
  try {
    const text = localStorage.getItem(`talk:${key}`);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Remember a value, or forget it when it is undefined. */
export function remember(/** @type {string} */ key, /** @type {unknown} */ value) {
  try {
    if (value === undefined) localStorage.removeItem(`talk:${key}`);
    else localStorage.setItem(`talk:${key}`, JSON.stringify(value));
  } catch {
    // Private windows may have no storage: then nothing is remembered.
  }
}
