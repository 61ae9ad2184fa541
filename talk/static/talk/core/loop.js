/** Repeated requests that survive sleep, offline times and server restarts. */

import { ApiError } from "./api.js";
import { backoffSeconds, Pause } from "./pause.js";

const LONGEST_PAUSE_SECONDS = 30;

/** A page that ran no timer for this long was asleep: its connections are stale. */
const SLEEP_SECONDS = 15;

/** How often a page checks whether it was asleep. */
const HEARTBEAT_SECONDS = 5;

/**
 * Calls a function over and over until the loop is stopped or the server refuses for good.
 *
 * The function gets a signal, which is aborted when the loop stops, or starts over because
 * the machine was asleep or offline. It returns the seconds to pause before the next call.
 */
export class Loop {
  #run;
  #onRefused;
  #onConnected;
  #failures = 0;
  #pause = new Pause();
  /** @type {AbortController | undefined} aborted when the current call is given up */
  #call;
  /** @type {AbortController | undefined} aborted when the loop stops */
  #lifetime;

  /**
   * @param {(signal: AbortSignal) => Promise<number>} run
   * @param {object} [hooks]
   * @param {(error: ApiError) => void} [hooks.onRefused] called when repeating cannot help
   * @param {(isConnected: boolean) => void} [hooks.onConnected] called after each attempt
   */
  constructor(run, { onRefused = () => {}, onConnected = () => {} } = {}) {
    this.#run = run;
    this.#onRefused = onRefused;
    this.#onConnected = onConnected;
  }

  /** Start, unless the loop is running. */
  start() {
    if (this.#lifetime) return;
    this.#lifetime = new AbortController();
    const { signal } = this.#lifetime;
    this.#restartAfterSleep(signal);
    this.#repeat(signal);
  }

  stop() {
    this.#lifetime?.abort();
    this.#lifetime = undefined;
    this.restart();
  }

  /** Give up the current call or pause and begin the next call. */
  restart() {
    this.#call?.abort();
    this.#pause.end();
  }

  /** @param {AbortSignal} lifetime */
  #restartAfterSleep(lifetime) {
    window.addEventListener("online", () => this.restart(), { signal: lifetime });
    const onPageShow = (/** @type {PageTransitionEvent} */ event) => {
      if (event.persisted) this.restart();
    };
    window.addEventListener("pageshow", onPageShow, { signal: lifetime });
    let lastBeat = Date.now();
    const heartbeat = setInterval(() => {
      const hasSlept = Date.now() - lastBeat > 1000 * SLEEP_SECONDS;
      lastBeat = Date.now();
      if (hasSlept && document.visibilityState === "visible") this.restart();
    }, 1000 * HEARTBEAT_SECONDS);
    lifetime.addEventListener("abort", () => clearInterval(heartbeat));
  }

  /** @param {AbortSignal} lifetime */
  async #repeat(lifetime) {
    while (!lifetime.aborted) {
      this.#call = new AbortController();
      const { signal } = this.#call;
      let seconds = 0;
      try {
        seconds = await this.#run(signal);
        this.#setFailures(0);
      } catch (error) {
        if (lifetime.aborted) return;
        if (!signal.aborted) {
          if (!(error instanceof ApiError && error.isTemporary)) {
            this.#refuse(error);
            return;
          }
          this.#setFailures(this.#failures + 1);
          const backoff = backoffSeconds(this.#failures, LONGEST_PAUSE_SECONDS);
          seconds = Math.max(error.retryAfter, backoff);
        }
      }
      if (seconds > 0 && !lifetime.aborted) await this.#pause.wait(seconds);
    }
  }

  /** @param {unknown} error */
  #refuse(error) {
    this.stop();
    if (!(error instanceof ApiError)) throw error;
    this.#onRefused(error);
  }

  /** @param {number} failures */
  #setFailures(failures) {
    this.#failures = failures;
    this.#onConnected(failures === 0);
  }
}
