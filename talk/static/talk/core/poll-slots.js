/** A limit for the long polls of all tabs: a browser opens few connections to one server. */

/** Over HTTP/1.1 a browser keeps six connections; other requests need some of them. */
const SLOTS = 4;

/** Seconds between the requests of a page that found no free slot. */
const SHORT_POLL_SECONDS = 4;

/**
 * Call `poll` with the seconds that it may wait, and return the seconds to pause afterwards.
 *
 * Without a free slot, `poll` may not wait at all. Where the browser has no locks (plain
 * HTTP), every page may wait.
 * @param {(seconds: number) => Promise<unknown>} poll
 * @param {number} seconds
 * @returns {Promise<number>}
 */
export async function withPollSlot(poll, seconds) {
  if (!navigator.locks) {
    await poll(seconds);
    return 0;
  }
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const wasFree = await navigator.locks.request(
      `talk-poll-${slot}`,
      { ifAvailable: true },
      async (lock) => {
        if (lock) await poll(seconds);
        return lock !== null;
      },
    );
    if (wasFree) return 0;
  }
  await poll(0);
  return SHORT_POLL_SECONDS;
}
