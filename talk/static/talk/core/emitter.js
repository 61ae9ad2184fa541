/** Objects that announce events to listeners. */

/**
 * @template {object} Events the detail of each event, by the event's name
 */
export class Emitter {
  /** @type {Map<keyof Events, Set<(detail: any) => void>>} `any`: one map holds all events */
  #listeners = new Map();

  /**
   * Call `listener` on each event of this name.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(detail: Events[Name]) => void} listener
   * @returns {() => void} removes the listener
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  /**
   * Call all listeners of an event.
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {undefined extends Events[Name] ? [] | [Events[Name]] : [Events[Name]]} detail
   */
  emit(name, ...detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener(detail[0]);
  }
}
