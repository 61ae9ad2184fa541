/** The messages of a room. Only messages near the visible ones have elements. */

import { ApiError } from "../core/api.js";
import { RoomState } from "../core/constants.js";
import { loadValue, storeValue } from "../core/storage.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { dayKey, formatDay } from "./dates.js";
import { h, reconcile, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { commentElement, pendingElement, showSendState, systemMessageElement } from "./message.js";

/** How many messages have elements at the same time. */
const WINDOW = 240;

/** How many messages the window moves by, and how near to its edge, in pixels. */
const STEP = 80;
const EDGE = 900;

/** Comments of one author within this time share one byline. */
const GROUP_SECONDS = 300;

/** A position this near to the end counts as the end, in pixels. */
const END_TOLERANCE = 60;

/** How many pages are loaded to return to the last scroll position. */
const RESTORE_PAGES_MAX = 20;

/**
 * @typedef {import("../core/outbox.js").Entry} Entry
 * @typedef {import("../core/timeline.js").Message} Message
 *
 * @typedef {object} Item an element of the log
 * @property {string} key
 * @property {() => Element} create
 * @property {(element: Element) => void} [update]
 *
 * @typedef {object} Anchor a message whose position on the screen is kept
 * @property {HTMLElement} element
 * @property {number} bottom
 *
 * @typedef {{id: number, bottom: number}} ScrollPosition
 */

export class MessageLog {
  #room;
  #timeline;
  /** The window: indexes into the messages of the timeline. */
  #first = 0;
  #last = 0;
  /** Messages after this id are new: -1 when all are, 0 when none is. */
  #newAfterId = 0;
  #unseenCount = 0;
  #entryCount = 0;
  #isAtEnd = true;
  #isLoading = false;
  #list;
  #jumpLabel = h("span", {});
  #jumpButton;
  /** The size when the position was set last; empty before the log is open. */
  #size = "";
  #resizeObserver;
  #unsubscribes;
  #lifetime = new AbortController();

  /** @param {import("../core/room.js").Room} room */
  constructor(room) {
    this.#room = room;
    this.#timeline = room.timeline;
    this.#list = h("div", {
      class: "tk-log",
      role: "log",
      tabindex: "0",
      "aria-label": gettext("Messages"),
      onscroll: () => this.#onScroll(),
    });
    this.#jumpButton = h(
      "button",
      { class: "tk-jump", type: "button", hidden: true, onclick: () => this.#goToEnd() },
      icon("down"),
      this.#jumpLabel,
    );
    this.element = h("div", { class: "tk-log-frame" }, this.#list, this.#jumpButton);
    this.#resizeObserver = new ResizeObserver(() => this.#onResize());
    this.#resizeObserver.observe(this.#list);
    this.#unsubscribes = [
      this.#timeline.on("change", (change) => this.#onTimelineChange(change)),
      room.outbox.on("change", () => this.#onOutboxChange()),
    ];
    document.addEventListener("visibilitychange", () => this.#onVisibilityChange(), {
      signal: this.#lifetime.signal,
    });
  }

  /** Show the first new message, else the last scroll position, else the end. */
  async open() {
    /** @type {ScrollPosition | undefined} */
    const position = loadValue(this.#positionKey);
    const unread = this.#room.unreadAtOpening;
    await this.#loadUntil(() => {
      if (unread > 0) return this.#timeline.lastReadId(unread) > 0;
      return !position || this.#timeline.oldestId <= position.id;
    });
    if (unread > 0) this.#newAfterId = this.#timeline.lastReadId(unread) || -1;
    this.#showEnd();
    const newLine = this.#newLine;
    if (newLine) {
      this.#list.scrollTop += this.#relative(newLine).top - this.#list.clientHeight / 3;
    } else if (position) this.#restore(position);
    this.#size = this.#currentSize();
    this.#onScroll();
  }

  close() {
    this.#storePosition();
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#resizeObserver.disconnect();
    this.#lifetime.abort();
  }

  get #positionKey() {
    return `position:${this.#room.storageKey}`;
  }

  get #newLine() {
    return this.#list.querySelector(".tk-new");
  }

  /** @param {() => boolean} isEnough */
  async #loadUntil(isEnough) {
    for (let page = 0; page < RESTORE_PAGES_MAX; page += 1) {
      if (isEnough() || !this.#timeline.hasOlder) return;
      await this.#room.loadOlder();
    }
  }

  #storePosition() {
    const anchor = this.#isAtEnd ? undefined : this.#anchor();
    const id = Number(anchor?.element.dataset.id);
    storeValue(this.#positionKey, anchor && id ? { id, bottom: anchor.bottom } : undefined);
  }

  /** @param {ScrollPosition} position */
  #restore({ id, bottom }) {
    const { messages } = this.#timeline;
    const index = messages.findIndex((candidate) => candidate.id >= id);
    const message = messages[index];
    if (!message) return;
    this.#first = Math.max(0, index - WINDOW / 2);
    this.#last = Math.min(messages.length, this.#first + WINDOW);
    this.#render();
    const element = this.#list.querySelector(`[data-id="${message.id}"]`);
    if (element) this.#list.scrollTop += this.#relative(element).bottom - bottom;
  }

  #showEnd() {
    this.#last = this.#timeline.messages.length;
    this.#first = Math.max(0, this.#last - WINDOW);
    this.#isAtEnd = true;
    this.#render();
  }

  #goToEnd() {
    this.#showEnd();
    this.#unseenCount = 0;
    this.#updateJumpButton();
    this.#list.focus({ preventScroll: true });
  }

  #onVisibilityChange() {
    if (document.visibilityState === "hidden") {
      this.#storePosition();
      // Messages that arrive while the page is hidden are new when the user returns.
      if (!this.#newLine) this.#newAfterId = this.#timeline.newestId;
    } else if (this.#isAtEnd) this.#scrollToEnd();
  }

  /** @param {import("../core/timeline.js").TimelineChange} change */
  #onTimelineChange({ added, isOlder }) {
    const { length } = this.#timeline.messages;
    const lengthBefore = length - added.length;
    if (isOlder) {
      this.#first += added.length;
      this.#last += added.length;
      // At the edge, the position can only be kept if there are messages above it.
      if (this.#list.scrollTop < EDGE) this.#moveWindowUp();
    } else if (this.#last === lengthBefore) {
      if (this.#isAtEnd || this.#last - this.#first < WINDOW) this.#last = length;
      if (this.#isAtEnd) this.#first = Math.max(this.#first, this.#last - WINDOW);
      else this.#unseenCount += added.filter((message) => this.#isOthersComment(message)).length;
    }
    this.#render();
  }

  /** @param {Message} message */
  #isOthersComment(message) {
    return !message.systemMessage && !this.#room.isOwn(message);
  }

  #onOutboxChange() {
    const { length } = this.#room.outbox.entries;
    const isSending = length > this.#entryCount;
    this.#entryCount = length;
    this.#render();
    if (isSending && this.#room.state === RoomState.OPEN) {
      // Users who write have read everything, and want to see their own message.
      this.#newAfterId = 0;
      this.#goToEnd();
    }
  }

  #onResize() {
    if (this.#size === "") return;
    this.#size = this.#currentSize();
    if (this.#isAtEnd) this.#scrollToEnd();
    this.#onScroll();
  }

  #currentSize() {
    return `${this.#list.clientWidth}x${this.#list.clientHeight}`;
  }

  #onScroll() {
    // A resize, for instance by a call, moves the end away; `#onResize` returns to it.
    if (this.#isAtEnd && this.#size !== this.#currentSize()) return;
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const below = scrollHeight - scrollTop - clientHeight;
    const isLastInWindow = this.#last === this.#timeline.messages.length;
    this.#isAtEnd = below < END_TOLERANCE && isLastInWindow;
    if (this.#isAtEnd) this.#unseenCount = 0;
    this.#updateJumpButton();
    if (scrollTop < EDGE) this.#extendUp();
    if (below < EDGE) this.#extendDown();
  }

  #extendUp() {
    if (this.#first > 0) {
      this.#moveWindowUp();
      this.#render();
    }
    // Load in advance, so that a user who scrolls on does not have to wait.
    if (this.#first < WINDOW && this.#timeline.hasOlder && !this.#isLoading) this.#loadOlder();
  }

  #moveWindowUp() {
    this.#first = Math.max(0, this.#first - STEP);
    if (!this.#isAtEnd) this.#last = Math.min(this.#last, this.#first + WINDOW);
  }

  #extendDown() {
    const { length } = this.#timeline.messages;
    if (this.#last === length) return;
    this.#last = Math.min(length, this.#last + STEP);
    this.#first = Math.max(this.#first, this.#last - WINDOW);
    this.#render();
  }

  async #loadOlder() {
    this.#isLoading = true;
    try {
      while (this.#first < WINDOW && this.#timeline.hasOlder) {
        setAttribute(this.#list, "aria-busy", this.#first === 0 ? "true" : null);
        await this.#room.loadOlder();
      }
    } catch (error) {
      // The room's poll is refused as well and shows the reason.
      if (!(error instanceof ApiError)) throw error;
    } finally {
      this.#isLoading = false;
      this.#list.removeAttribute("aria-busy");
    }
  }

  /** Draw the window. The first visible message keeps its position on the screen. */
  #render() {
    const anchor = this.#isAtEnd ? undefined : this.#anchor();
    reconcile(this.#list, this.#items(), ({ key }) => key, createPart);
    if (this.#isAtEnd) this.#scrollToEnd();
    else if (anchor?.element.isConnected) {
      this.#list.scrollTop += this.#relative(anchor.element).bottom - anchor.bottom;
    }
    this.#updateJumpButton();
  }

  #scrollToEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  /**
   * Return the first visible message. Its lower edge counts, because the byline at the
   * upper edge may disappear.
   * @returns {Anchor | undefined}
   */
  #anchor() {
    for (const child of this.#list.children) {
      const element = /** @type {HTMLElement} */ (child);
      const { bottom } = this.#relative(element);
      if (element.dataset.id && bottom > 0) return { element, bottom };
    }
    return undefined;
  }

  /**
   * Return the edges of an element, relative to the upper edge of the log.
   * @param {Element} element
   */
  #relative(element) {
    const { top } = this.#list.getBoundingClientRect();
    const box = element.getBoundingClientRect();
    return { top: box.top - top, bottom: box.bottom - top };
  }

  #updateJumpButton() {
    setAttribute(this.#jumpButton, "hidden", this.#isAtEnd);
    const count = this.#unseenCount;
    const text = ngettext("%(count)s new message", "%(count)s new messages", count);
    setText(this.#jumpLabel, count ? interpolate(text, { count }) : gettext("Newest messages"));
  }

  /** @returns {Item[]} what the log shows, from top to bottom */
  #items() {
    const { messages } = this.#timeline;
    /** @type {Item[]} */
    const items = [];
    /** @type {Message | undefined} */
    let before = messages[this.#first - 1];
    if (this.#first === 0) items.push(this.#beginningItem());
    for (const message of messages.slice(this.#first, this.#last)) {
      if (!before || dayKey(before.timestamp) !== dayKey(message.timestamp)) {
        items.push(dayItem(message.timestamp));
      }
      if (this.#isFirstNew(before, message)) items.push(newLineItem());
      items.push(this.#messageItem(before, message));
      before = message;
    }
    if (this.#last === messages.length) {
      for (const entry of this.#room.outbox.pending) items.push(this.#pendingItem(entry, before));
    }
    return items;
  }

  /**
   * Whether the line above the new messages belongs between two messages.
   * @param {Message | undefined} before
   * @param {Message} message
   */
  #isFirstNew(before, message) {
    if (this.#newAfterId === 0 || message.id <= this.#newAfterId) return false;
    return !before || before.id <= this.#newAfterId;
  }

  /** @returns {Item} */
  #beginningItem() {
    const text = this.#timeline.hasOlder
      ? gettext("Loading …")
      : gettext("The beginning of the conversation");
    return {
      key: "beginning",
      create: () => h("div", { class: "tk-beginning" }),
      update: (element) => setText(element, text),
    };
  }

  /**
   * @param {Message | undefined} before
   * @param {Message} message
   * @returns {Item}
   */
  #messageItem(before, message) {
    const key = `m${message.id}`;
    if (message.systemMessage) return { key, create: () => systemMessageElement(message) };
    const sharesByline = this.#sharesByline(before, message);
    return {
      key,
      create: () => commentElement(this.#room, message),
      update: (element) => element.classList.toggle("tk-follow", sharesByline),
    };
  }

  /**
   * Whether a comment follows one of the same author so closely that it needs no byline.
   * @param {Message | undefined} before
   * @param {Message} message
   */
  #sharesByline(before, message) {
    return (
      before !== undefined &&
      !before.systemMessage &&
      before.actorType === message.actorType &&
      before.actorId === message.actorId &&
      message.timestamp - before.timestamp < GROUP_SECONDS &&
      dayKey(before.timestamp) === dayKey(message.timestamp) &&
      !this.#isFirstNew(before, message)
    );
  }

  /**
   * @param {Entry} entry
   * @param {Message | undefined} before
   * @returns {Item}
   */
  #pendingItem(entry, before) {
    const { outbox } = this.#room;
    const actions = {
      retry: () => outbox.retry(entry.key),
      discard: () => outbox.discard(entry.key),
    };
    const sharesByline = Boolean(before && !before.systemMessage && this.#room.isOwn(before));
    return {
      key: entry.key,
      create: () => pendingElement(this.#room, entry),
      update: (element) => {
        showSendState(element, entry, actions);
        element.classList.toggle("tk-follow", sharesByline);
      },
    };
  }
}

/**
 * @param {Item} item
 * @returns {import("./dom.js").Part<Item>}
 */
function createPart(item) {
  const element = item.create();
  return { element, update: (now) => now.update?.(element) };
}

/**
 * @param {number} seconds
 * @returns {Item}
 */
function dayItem(seconds) {
  return {
    key: `day-${dayKey(seconds)}`,
    create: () => h("div", { class: "tk-day" }, h("span", {})),
    update: (element) => setText(element.firstElementChild, formatDay(seconds)),
  };
}

/** @returns {Item} */
function newLineItem() {
  return {
    key: "new",
    create: () => h("div", { class: "tk-new" }, h("span", {}, gettext("New messages"))),
  };
}
