/** Pauses between attempts. */

const FIRST_SECONDS = 1;

/** A pause that can be ended early. */
export class Pause {
  #resume = () => {};

  /**
   * Wait, unless `end` is called first.
   * @param {number} seconds
   * @returns {Promise<void>}
   */
  wait(seconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds);
      this.#resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** End the pause that is going on, if there is one. */
  end() {
    this.#resume();
  }
}

/**
 * Return how many seconds to wait after so many failures in a row.
 *
 * The time doubles with each failure. Part of it is random: many clients lose a server at
 * the same moment and must not all return at the same moment.
 * @param {number} failures at least 1
 * @param {number} longestSeconds
 * @returns {number}
 */
export function backoffSeconds(failures, longestSeconds) {
  const seconds = Math.min(FIRST_SECONDS * 2 ** (failures - 1), longestSeconds);
  return seconds * (0.5 + Math.random() / 2);
}
