/** Doing something again and again, through sleep, offline times and server restarts. */

import { ApiError } from "./api.js";

const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 30;

/** A page that was stopped for this long has slept: its connections are stale. */
const SLEEP_SECONDS = 15;

/** How often a page looks whether it has slept. */
const HEARTBEAT_SECONDS = 5;

/**
 * Calls `round` over and over until it is stopped or refused for good.
 *
 * `round` gets a signal that is aborted when the loop stops, or starts over because the
 * machine was asleep or offline; it returns how many seconds to pause before the next.
 */
export class Loop {
  /**
   * @param {(signal: AbortSignal) => Promise<number>} round
   * @param {object} [hooks]
   * @param {(error: ApiError) => void} [hooks.onRefused] asking again will not help
   * @param {(isConnected: boolean) => void} [hooks.onConnected]
   */
  constructor(round, { onRefused = () => {}, onConnected = () => {} } = {}) {
    this.round = round;
    this.onRefused = onRefused;
    this.onConnected = onConnected;
    this.failures = 0;
    /** @type {AbortController | undefined} */
    this.current = undefined;
    /** @type {AbortController | undefined} */
    this.life = undefined;
    this.endPause = () => {};
  }

  start() {
    if (this.life) return;
    this.life = new AbortController();
    const { signal } = this.life;
    const again = () => this.restart();
    window.addEventListener("online", again, { signal });
    window.addEventListener("pageshow", (event) => event.persisted && again(), { signal });
    let lastBeat = Date.now();
    const heartbeat = setInterval(() => {
      const hasSlept = Date.now() - lastBeat > 1000 * SLEEP_SECONDS;
      lastBeat = Date.now();
      if (hasSlept && document.visibilityState === "visible") again();
    }, 1000 * HEARTBEAT_SECONDS);
    signal.addEventListener("abort", () => clearInterval(heartbeat));
    this.run(signal);
  }

  stop() {
    this.life?.abort();
    this.life = undefined;
    this.current?.abort();
    this.endPause();
  }

  /** Give up the round that is under way, or the pause, and begin the next one. */
  restart() {
    this.current?.abort();
    this.endPause();
  }

  /** @param {AbortSignal} life */
  async run(life) {
    while (!life.aborted) {
      this.current = new AbortController();
      const { signal } = this.current;
      let pause = 0;
      try {
        pause = await this.round(signal);
        this.note(0);
      } catch (error) {
        if (life.aborted) return;
        if (!signal.aborted) {
          if (!error.isTemporary) {
            this.refuse(error);
            return;
          }
          this.note(this.failures + 1);
          pause = pauseAfter(this.failures, error);
        }
      }
      if (pause > 0 && !life.aborted) await this.pause(pause);
    }
  }

  /** @param {Error} error */
  refuse(error) {
    this.stop();
    if (!(error instanceof ApiError)) throw error;
    this.onRefused(error);
  }

  /** @param {number} failures */
  note(failures) {
    this.failures = failures;
    this.onConnected(failures === 0);
  }

  /** @returns {Promise<void>} */
  pause(/** @type {number} */ seconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, 1000 * seconds);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Many clients lose the same server at the same moment; they shall not return together. */
function pauseAfter(/** @type {number} */ failures, error) {
  const longest = Math.min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS);
  return Math.max(error.retryAfter, longest * (0.5 + Math.random() / 2));
}
