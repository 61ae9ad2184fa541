/** The messages of one room that the page has loaded, in order and without duplicates. */

import { Emitter } from "./emitter.js";

/**
 * @typedef {object} RichObject
 * @property {string} type
 * @property {string} id
 * @property {string} name
 * @property {string} [link]
 *
 * @typedef {object} Message
 * @property {number} id
 * @property {string} actorType
 * @property {string} actorId
 * @property {string} actorDisplayName
 * @property {number} timestamp
 * @property {string} message
 * @property {Record<string, RichObject>} messageParameters
 * @property {string} systemMessage
 *
 * @typedef {object} TimelineChange
 * @property {Message[]} added
 * @property {boolean} isOlder the messages come from the history
 */

/**
 * Emits `change`.
 * @extends {Emitter<{change: TimelineChange}>}
 */
export class Timeline extends Emitter {
  /** @type {Set<number>} */
  #ids = new Set();

  constructor() {
    super();
    /** @type {Message[]} */
    this.messages = [];
    /** Everything up to this id has been read from the server. */
    this.offset = 0;
    this.hasOlder = true;
  }

  get oldestId() {
    return this.messages[0]?.id ?? 0;
  }

  get newestId() {
    return this.messages.at(-1)?.id ?? 0;
  }

  /**
   * Add a page of the history, newest first. An empty page means that nothing is older.
   * @param {Message[]} page
   */
  addOlder(page) {
    if (page.length === 0) this.hasOlder = false;
    this.#add(page, { isOlder: true, isPage: true });
  }

  /**
   * Add the messages of a poll: all that follow `offset`.
   * @param {Message[]} page
   */
  addNewer(page) {
    this.#add(page, { isOlder: false, isPage: true });
  }

  /**
   * Add a message that this page has sent. Messages before it may be missing.
   * @param {Message} message
   */
  addSent(message) {
    this.#add([message], { isOlder: false, isPage: false });
  }

  /**
   * @param {Message[]} page
   * @param {{isOlder: boolean, isPage: boolean}} origin
   */
  #add(page, { isOlder, isPage }) {
    if (isPage) this.offset = Math.max(this.offset, ...page.map(({ id }) => id));
    const added = page.filter((message) => !this.#ids.has(message.id));
    for (const message of added) this.#ids.add(message.id);
    const isSorted = !isOlder && added.every((message) => message.id > this.newestId);
    this.messages.push(...added);
    if (!isSorted || added.length > 1) this.messages.sort((a, b) => a.id - b.id);
    this.emit("change", { added, isOlder });
  }

  /**
   * Return the id of the comment that precedes the last `count` comments; 0 without one.
   * @param {number} count
   */
  lastReadId(count) {
    const comments = this.messages.filter((message) => !message.systemMessage);
    return comments.at(-1 - count)?.id ?? 0;
  }
}

/**
 * Return the text as its author typed it: mentions are `@id` again.
 * @param {Message} message
 */
function typedText(message) {
  return message.message.replace(/\{([^{}]+)\}/g, (placeholder, key) => {
    const object = message.messageParameters[key];
    return object?.type === "user" ? mentionOf(object.id) : placeholder;
  });
}

/**
 * Return the text that mentions a user: an id with spaces needs quotes.
 * @param {string} id
 */
export function mentionOf(id) {
  return /\s/.test(id) ? `@"${id}"` : `@${id}`;
}

/**
 * Whether an author who typed `typed` may have written this message.
 * @param {Message} message
 * @param {string} typed
 */
export function matchesTypedText(message, typed) {
  const plain = (/** @type {string} */ text) => text.replace(/@"([^"\s]+)"/g, "@$1").trim();
  return plain(typedText(message)) === plain(typed);
}
