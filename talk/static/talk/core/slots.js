/** Long polls of all tabs together, of which a browser allows few to one server. */

/** Over HTTP/1.1 a browser keeps six connections; some must stay free for the rest. */
const SLOTS = 4;

/** Seconds between looks of a page that found no slot. */
const SHORT_POLL_SECONDS = 4;

/**
 * Call `work` with how long it may wait, and return how long to pause afterwards.
 *
 * Where the browser has no locks (plain HTTP), everybody waits.
 * @param {(seconds: number) => Promise<void>} work
 * @param {number} seconds
 * @returns {Promise<number>}
 */
export async function withSlot(work, seconds) {
  if (!navigator.locks) {
    await work(seconds);
    return 0;
  }
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const wasFree = await navigator.locks.request(
      `talk-poll-${slot}`,
      { ifAvailable: true },
      async (lock) => {
        if (lock) await work(seconds);
        return lock !== null;
      },
    );
    if (wasFree) return 0;
  }
  await work(0);
  return SHORT_POLL_SECONDS;
}
