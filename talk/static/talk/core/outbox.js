/** Messages that the user has sent and the server has not confirmed. */

import { ApiError } from "./api.js";
import { SendState } from "./constants.js";
import { Emitter } from "./emitter.js";
import { backoffSeconds, Pause } from "./pause.js";
import { loadValue, storeValue } from "./storage.js";
import { matchesTypedText } from "./timeline.js";

/** The longest time before a message is sent again that may not have arrived. */
const LONGEST_PAUSE_SECONDS = 15;

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {string} text
 * @property {number} after the newest message that was known when the entry was added
 * @property {number} tries
 * @property {string} state one of SendState
 * @property {number} status the HTTP status of the refusal
 * @property {number} receivedId the message that a poll brought before the response came
 *
 * @typedef {import("./timeline.js").Message} Message
 */

/**
 * Sends one message after the other, so that they arrive in the order they were written.
 *
 * Without a response, the message may or may not have arrived. Then the outbox reads the
 * new messages of the room and sends again only if the message is not among them.
 * Entries survive a reload of the page. Emits `change`.
 * @extends {Emitter<{change: undefined}>}
 */
export class Outbox extends Emitter {
  #room;
  /** @type {Set<number>} messages that belong to an entry already */
  #confirmedIds = new Set();
  #isRunning = false;
  #isClosed = false;
  #pause = new Pause();

  /** @param {import("./room.js").Room} room */
  constructor(room) {
    super();
    this.#room = room;
    /** @type {Entry[]} */
    this.entries = [];
    room.timeline.on("change", ({ added }) => this.#matchReceived(added));
  }

  /** The entries to show below the messages of the room. */
  get pending() {
    return this.entries.filter((entry) => entry.receivedId === 0);
  }

  get #storageKey() {
    return `outbox:${this.#room.storageKey}`;
  }

  /** Continue with the entries that an earlier page left. */
  open() {
    for (const entry of loadValue(this.#storageKey) ?? []) {
      const isRefused = entry.state === SendState.REFUSED;
      const state = isRefused ? SendState.REFUSED : SendState.WAITING;
      // The earlier page may have sent the entry: one try makes us look for it first.
      this.entries.push({ ...entry, state, tries: Math.max(entry.tries, 1), receivedId: 0 });
    }
    this.#storeEntries();
    this.#run();
  }

  close() {
    this.#isClosed = true;
    this.#pause.end();
  }

  /**
   * Add a message: it is shown at once and sent as soon as possible.
   * @param {string} text
   */
  add(text) {
    this.entries.push({
      key: `${Date.now()}-${Math.random().toString(36).slice(2)}`,
      text,
      after: this.#room.timeline.newestId,
      tries: 0,
      state: SendState.SENDING,
      status: 0,
      receivedId: 0,
    });
    this.#storeEntries();
    this.#run();
  }

  /**
   * Send a refused or waiting entry again now.
   * @param {string} key
   */
  retry(key) {
    for (const entry of this.entries) {
      if (entry.key === key) Object.assign(entry, { state: SendState.SENDING, tries: 1 });
    }
    this.#storeEntries();
    this.#pause.end();
    this.#run();
  }

  /**
   * Drop an entry.
   * @param {string} key
   */
  discard(key) {
    this.entries = this.entries.filter((entry) => entry.key !== key);
    this.#storeEntries();
  }

  /** End the pause between two tries: the network is back. */
  endPause() {
    this.#pause.end();
  }

  /**
   * Hide entries whose message a poll brought before the response to sending it.
   * @param {Message[]} added
   */
  #matchReceived(added) {
    for (const message of added) {
      const entry = this.entries.find(
        (entry) => entry.receivedId === 0 && this.#couldBe(message, entry),
      );
      if (entry) entry.receivedId = message.id;
    }
  }

  /**
   * @param {Message} message
   * @param {Entry} entry
   */
  #couldBe(message, entry) {
    return (
      !message.systemMessage &&
      message.id > entry.after &&
      !this.#confirmedIds.has(message.id) &&
      this.#room.isOwn(message) &&
      matchesTypedText(message, entry.text)
    );
  }

  #storeEntries() {
    storeValue(this.#storageKey, this.entries.length ? this.entries : undefined);
    this.emit("change");
  }

  async #run() {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let entry = this.#next(); entry && !this.#isClosed; entry = this.#next()) {
        await this.#send(entry);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #next() {
    return this.entries.find((entry) => entry.state !== SendState.REFUSED);
  }

  /** @param {Entry} entry */
  async #send(entry) {
    try {
      if (entry.tries > 0 && (await this.#hasArrived(entry))) return;
      entry.tries += 1;
      storeValue(this.#storageKey, this.entries);
      this.#confirm(entry, await this.#room.postMessage(entry.text));
    } catch (error) {
      if (this.#isClosed) return;
      if (!(error instanceof ApiError)) throw error;
      if (!error.isTemporary) {
        const { status } = error;
        Object.assign(entry, { state: SendState.REFUSED, status, receivedId: 0 });
        this.#storeEntries();
        return;
      }
      Object.assign(entry, { state: SendState.WAITING, receivedId: 0 });
      entry.tries = Math.max(entry.tries, 1);
      this.#storeEntries();
      const seconds = backoffSeconds(entry.tries, LONGEST_PAUSE_SECONDS);
      await this.#pause.wait(Math.max(seconds, error.retryAfter));
    }
  }

  /**
   * Whether the room has a message that could be this entry.
   * @param {Entry} entry
   */
  async #hasArrived(entry) {
    await this.#room.readNewer();
    const { messages } = this.#room.timeline;
    const arrived = messages.find((message) => this.#couldBe(message, entry));
    if (arrived) this.#confirm(entry, arrived);
    return arrived !== undefined;
  }

  /**
   * Replace an entry by the message that the server has stored.
   * @param {Entry} entry
   * @param {Message} message
   */
  #confirm(entry, message) {
    this.#confirmedIds.add(message.id);
    this.entries = this.entries.filter((other) => other !== entry);
    this.#room.timeline.addSent(message);
    this.#storeEntries();
  }
}
