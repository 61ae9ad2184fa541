/** The messages of one room that this page knows, in order and each once. */

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
 */

/** Emits `change` with `{added, isOlder}`. */
export class Timeline extends Emitter {
  constructor() {
    super();
    /** @type {Message[]} */
    this.messages = [];
    /** @type {Set<number>} */
    this.ids = new Set();
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

  /** Take a page of history, newest first; an empty one is the end. */
  addOlder(/** @type {Message[]} */ page) {
    if (page.length === 0) this.hasOlder = false;
    this.offset = Math.max(this.offset, ...page.map((message) => message.id));
    this.add(page, true);
  }

  /** Take what a poll brought, which is everything after `offset`. */
  addNewer(/** @type {Message[]} */ page) {
    this.offset = Math.max(this.offset, ...page.map((message) => message.id));
    this.add(page, false);
  }

  /** Take a message that we have sent; others may have come between. */
  addOwn(/** @type {Message} */ message) {
    this.add([message], false);
  }

  /** @param {Message[]} page */
  add(page, isOlder) {
    const added = page.filter((message) => !this.ids.has(message.id));
    for (const message of added) this.ids.add(message.id);
    const isSorted = !isOlder && added.every((message) => message.id > this.newestId);
    this.messages.push(...added);
    if (!isSorted || added.length > 1) this.messages.sort((one, two) => one.id - two.id);
    this.emit("change", { added, isOlder });
  }

  /** The id of the comment after which `count` comments are new; 0 when all are. */
  lastReadId(/** @type {number} */ count) {
    let left = count;
    for (let index = this.messages.length - 1; index >= 0; index -= 1) {
      const message = this.messages[index];
      if (message.systemMessage) continue;
      if (left === 0) return message.id;
      left -= 1;
    }
    return 0;
  }
}

/** What its author typed: mentions are `@id` again. */
export function typedText(/** @type {Message} */ message) {
  return message.message.replace(/\{([^{}]+)\}/g, (whole, key) => {
    const object = message.messageParameters[key];
    if (object?.type !== "user") return whole;
    return mentionOf(object.id);
  });
}

/** How one mentions somebody: an id with spaces needs quotes. */
export function mentionOf(/** @type {string} */ id) {
  return /\s/.test(id) ? `@"${id}"` : `@${id}`;
}

/** Whether somebody who typed `typed` may have written this message. */
export function isTyped(/** @type {Message} */ message, /** @type {string} */ typed) {
  const plain = (/** @type {string} */ text) => text.replace(/@"([^"\s]+)"/g, "@$1").trim();
  return plain(typedText(message)) === plain(typed);
}
