/** Something others may listen to. */

export class Emitter {
  constructor() {
    /** @type {Map<string, Set<(detail: any) => void>>} */
    this.listeners = new Map();
  }

  /**
   * Call `listener` whenever `name` happens; returns how to stop that.
   * @returns {() => void}
   */
  on(/** @type {string} */ name, /** @type {(detail: any) => void} */ listener) {
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Tell whoever listens to `name`. */
  emit(/** @type {string} */ name, /** @type {any} */ detail = undefined) {
    for (const listener of [...(this.listeners.get(name) ?? [])]) listener(detail);
  }
}
