/** What one has said and the server has not confirmed yet. */

import { ApiError } from "./api.js";
import { Emitter } from "./emitter.js";
import { recall, remember } from "./storage.js";
import { isTyped } from "./timeline.js";

/** Seconds before something is sent again of which nobody knows whether it arrived. */
const PAUSES_SECONDS = [1, 2, 4, 8, 15];

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {string} text
 * @property {number} after the newest message that was known when it was first sent
 * @property {number} tries
 * @property {"sending" | "waiting" | "refused"} state
 * @property {number} status of the refusal
 * @property {number} seen the message that it seems to have become, before the answer
 */

/**
 * Sends one message after the other, so that they arrive in the order they were said.
 *
 * When no answer comes, the message may or may not have arrived: then it looks for it
 * among what has been said since, and sends it again only if it is not there. What has
 * not been sent survives a reload. Emits `change`.
 */
export class Outbox extends Emitter {
  /** @param {import("./room.js").RoomConnection} room */
  constructor(room) {
    super();
    this.room = room;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {Set<number>} messages that entries of ours have become */
    this.claimed = new Set();
    this.isRunning = false;
    this.isClosed = false;
    this.endPause = () => {};
    room.timeline.on("change", ({ added }) => this.recognise(added));
  }

  /** What is to be shown below the messages of the room. */
  get pending() {
    return this.entries.filter((entry) => entry.seen === 0);
  }

  get storageKey() {
    return `outbox:${this.room.memoryKey}`;
  }

  /** Go on with what an earlier page left. */
  open() {
    for (const entry of recall(this.storageKey) ?? []) {
      const state = entry.state === "refused" ? "refused" : "waiting";
      // Whether the earlier page's last try arrived is unknown: look before sending.
      this.entries.push({ ...entry, state, tries: Math.max(entry.tries, 1), seen: 0 });
    }
    this.announce();
    this.run();
  }

  close() {
    this.isClosed = true;
    this.endPause();
  }

  /** Say something: it is shown at once and sent as soon as possible. */
  say(/** @type {string} */ text) {
    this.entries.push({
      key: `${Date.now()}-${Math.random().toString(36).slice(2)}`,
      text,
      after: this.room.timeline.newestId,
      tries: 0,
      state: "sending",
      status: 0,
      seen: 0,
    });
    this.announce();
    this.run();
  }

  /** Try again what was refused, or do not wait any longer. */
  retry(/** @type {string} */ key) {
    for (const entry of this.entries) {
      if (entry.key === key) Object.assign(entry, { state: "sending", tries: 1 });
    }
    this.announce();
    this.endPause();
    this.run();
  }

  /** Do not send it. */
  discard(/** @type {string} */ key) {
    this.entries = this.entries.filter((entry) => entry.key !== key);
    this.announce();
  }

  /** The network is back. */
  hurry() {
    this.endPause();
  }

  /** A poll may bring one's message before the answer to sending it: show it once. */
  recognise(/** @type {import("./timeline.js").Message[]} */ added) {
    for (const message of added) {
      if (this.claimed.has(message.id) || !this.room.isOwn(message)) continue;
      const entry = this.entries.find((one) => one.seen === 0 && this.maybeIs(message, one));
      if (entry) entry.seen = message.id;
    }
  }

  maybeIs(message, /** @type {Entry} */ entry) {
    return !message.systemMessage && message.id > entry.after && isTyped(message, entry.text);
  }

  announce() {
    remember(this.storageKey, this.entries.length ? this.entries : undefined);
    this.emit("change");
  }

  async run() {
    if (this.isRunning) return;
    this.isRunning = true;
    try {
      for (let entry = this.next(); entry && !this.isClosed; entry = this.next()) {
        await this.send(entry);
      }
    } finally {
      this.isRunning = false;
    }
  }

  next() {
    return this.entries.find((entry) => entry.state !== "refused");
  }

  /** @param {Entry} entry */
  async send(entry) {
    try {
      if (entry.tries > 0 && (await this.hasArrived(entry))) return;
      entry.tries += 1;
      remember(this.storageKey, this.entries);
      const message = await this.room.post(entry.text);
      this.settle(entry, message);
    } catch (error) {
      if (this.isClosed) return;
      if (!(error instanceof ApiError)) throw error;
      if (!error.isTemporary) {
        Object.assign(entry, { state: "refused", status: error.status, seen: 0 });
        this.announce();
        return;
      }
      Object.assign(entry, { state: "waiting", seen: 0 });
      entry.tries = Math.max(entry.tries, 1);
      this.announce();
      const seconds = PAUSES_SECONDS[Math.min(entry.tries, PAUSES_SECONDS.length) - 1];
      await this.pause(Math.max(seconds, error.retryAfter));
    }
  }

  /** Whether the room has it already, as far as anybody can tell. */
  async hasArrived(/** @type {Entry} */ entry) {
    await this.room.catchUp();
    const found = this.room.timeline.messages.find(
      (message) =>
        !this.claimed.has(message.id) && this.room.isOwn(message) && this.maybeIs(message, entry),
    );
    if (found) this.settle(entry, found);
    return found !== undefined;
  }

  /** It is in the room now. */
  settle(/** @type {Entry} */ entry, message) {
    this.claimed.add(message.id);
    this.entries = this.entries.filter((other) => other !== entry);
    this.room.timeline.addOwn(message);
    this.announce();
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
