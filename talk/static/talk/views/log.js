/** The messages of a room: as many of them as are near what one looks at. */

import { ApiError } from "../core/api.js";
import { recall, remember } from "../core/storage.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { dayKey, dayOf } from "./dates.js";
import { h, reconcile, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { comment, pendingMessage, systemMessage } from "./message.js";

/** How many messages are elements at the same time. */
const WINDOW = 240;

/** How many come and go at an edge, and how near it one has to be, in pixels. */
const STEP = 80;
const EDGE = 900;

/** Who goes on within this time needs no new byline. */
const GROUP_SECONDS = 300;

/** Nearer to the end than this counts as being there, in pixels. */
const AT_END = 60;

/** How many pages are read to come back to where one was. */
const PAGES_BACK_MAX = 20;

export class LogView {
  /** @param {import("../core/room.js").RoomConnection} room */
  constructor(room) {
    this.room = room;
    this.timeline = room.timeline;
    this.first = 0;
    this.last = 0;
    /** The message after which everything was new when one came. */
    this.lineAfter = 0;
    this.unseen = 0;
    this.isAtEnd = true;
    this.list = h("div", {
      class: "tk-log",
      role: "log",
      tabindex: "0",
      "aria-label": gettext("Messages"),
      onscroll: () => this.onScroll(),
    });
    this.jump = h(
      "button",
      { class: "tk-jump", type: "button", hidden: true, onclick: () => this.goToEnd() },
      icon("down"),
      h("span", {}),
    );
    this.element = h("div", { class: "tk-log-frame" }, this.list, this.jump);
    /** Empty until it is open. */
    this.size = "";
    this.resizing = new ResizeObserver(() => this.onResize());
    this.resizing.observe(this.list);
    this.stops = [
      this.timeline.on("change", (change) => this.onChange(change)),
      room.outbox.on("change", () => this.onOutbox()),
    ];
    this.onVisibility = () => this.noteAbsence();
    document.addEventListener("visibilitychange", this.onVisibility);
  }

  /** Show the place where one was, or what is new, or the end. */
  async open() {
    const place = recall(`place:${this.room.memoryKey}`);
    const unread = this.room.unreadAtOpening;
    await this.loadUntil(() => {
      if (unread > 0) return this.timeline.lastReadId(unread) > 0;
      return !place || this.timeline.oldestId <= place.id;
    });
    if (unread > 0) this.lineAfter = this.timeline.lastReadId(unread) || -1;
    this.showEnd();
    const line = this.list.querySelector(".tk-new");
    if (line) this.list.scrollTop += this.topOf(line) - this.list.clientHeight / 3;
    else if (place) this.goTo(place);
    this.size = this.sizeNow();
    this.onScroll();
  }

  close() {
    this.savePlace();
    for (const stop of this.stops) stop();
    this.resizing.disconnect();
    document.removeEventListener("visibilitychange", this.onVisibility);
  }

  /** @param {() => boolean} isEnough */
  async loadUntil(isEnough) {
    for (let page = 0; page < PAGES_BACK_MAX; page += 1) {
      if (isEnough() || !this.timeline.hasOlder) return;
      await this.room.loadOlder();
    }
  }

  savePlace() {
    const anchor = this.isAtEnd ? undefined : this.anchor();
    const id = Number(anchor?.element.dataset.id);
    remember(`place:${this.room.memoryKey}`, id ? { id, bottom: anchor.bottom } : undefined);
  }

  /** @param {{id: number, bottom: number}} place */
  goTo(place) {
    const index = this.timeline.messages.findIndex((message) => message.id >= place.id);
    if (index < 0) return;
    this.first = Math.max(0, index - WINDOW / 2);
    this.last = Math.min(this.timeline.messages.length, this.first + WINDOW);
    this.render();
    const element = this.list.querySelector(`[data-id="${this.timeline.messages[index].id}"]`);
    this.list.scrollTop += this.bottomOf(element) - place.bottom;
  }

  showEnd() {
    this.last = this.timeline.messages.length;
    this.first = Math.max(0, this.last - WINDOW);
    this.isAtEnd = true;
    this.render();
  }

  goToEnd() {
    this.showEnd();
    this.unseen = 0;
    this.showJump();
    this.list.focus({ preventScroll: true });
  }

  /** Whoever writes has read everything, and wants to see what they wrote. */
  onSaid() {
    this.lineAfter = 0;
    this.goToEnd();
  }

  /** What arrives while one is away is new when one returns. */
  noteAbsence() {
    if (document.visibilityState === "hidden") {
      this.savePlace();
      if (!this.list.querySelector(".tk-new")) this.lineAfter = this.timeline.newestId;
    } else if (this.isAtEnd) this.scrollToEnd();
  }

  onChange({ added, isOlder }) {
    const { length } = this.timeline.messages;
    const before = length - added.length;
    if (isOlder) {
      this.first += added.length;
      this.last += added.length;
      // At once: without them, what one looks at could not stay where it is at the edge.
      if (this.list.scrollTop < EDGE) this.shiftUp();
    } else if (this.last === before) {
      const mayGrow = this.isAtEnd || this.last - this.first < WINDOW;
      if (mayGrow) this.last = length;
      if (this.isAtEnd) this.first = Math.max(this.first, this.last - WINDOW);
      const isOthers = (/** @type {any} */ message) =>
        !message.systemMessage && !this.room.isOwn(message);
      if (!this.isAtEnd) this.unseen += added.filter(isOthers).length;
    }
    this.render();
  }

  onOutbox() {
    const isMore = this.room.outbox.entries.length > (this.pendingCount ?? 0);
    this.pendingCount = this.room.outbox.entries.length;
    this.render();
    if (isMore && this.room.state === "open") this.onSaid();
  }

  onResize() {
    if (this.size === "") return;
    this.size = this.sizeNow();
    if (this.isAtEnd) this.scrollToEnd();
    this.onScroll();
  }

  sizeNow() {
    return `${this.list.clientWidth}x${this.list.clientHeight}`;
  }

  onScroll() {
    // Nobody has scrolled away from the end: a call, say, has taken its room.
    if (this.isAtEnd && this.size !== this.sizeNow()) return;
    const { scrollTop, scrollHeight, clientHeight } = this.list;
    const below = scrollHeight - scrollTop - clientHeight;
    this.isAtEnd = below < AT_END && this.last === this.timeline.messages.length;
    if (this.isAtEnd) this.unseen = 0;
    this.showJump();
    if (scrollTop < EDGE) this.growUp();
    if (below < EDGE) this.growDown();
  }

  growUp() {
    if (this.first > 0) {
      this.shiftUp();
      this.render();
    }
    // Who scrolls on shall not have to wait for what is above.
    if (this.first < WINDOW && this.timeline.hasOlder && !this.isLoading) this.loadOlder();
  }

  shiftUp() {
    this.first = Math.max(0, this.first - STEP);
    if (!this.isAtEnd) this.last = Math.min(this.last, this.first + WINDOW);
  }

  growDown() {
    const { length } = this.timeline.messages;
    if (this.last === length) return;
    this.last = Math.min(length, this.last + STEP);
    this.first = Math.max(this.first, this.last - WINDOW);
    this.render();
  }

  async loadOlder() {
    this.isLoading = true;
    try {
      while (this.first < WINDOW && this.timeline.hasOlder) {
        setAttribute(this.list, "aria-busy", this.first === 0 ? "true" : null);
        await this.room.loadOlder();
      }
    } catch (error) {
      // Whoever is no longer let in is told so by what waits for news.
      if (!(error instanceof ApiError)) throw error;
    } finally {
      this.isLoading = false;
      this.list.removeAttribute("aria-busy");
    }
  }

  /** Draw the window, with what one looks at staying where it is. */
  render() {
    const anchor = this.isAtEnd ? undefined : this.anchor();
    reconcile(
      this.list,
      this.items(),
      (item) => item.key,
      (item) => item.create(),
      (element, item) => item.update?.(element),
    );
    if (this.isAtEnd) this.scrollToEnd();
    else if (anchor?.element.isConnected) {
      this.list.scrollTop += this.bottomOf(anchor.element) - anchor.bottom;
    }
    this.showJump();
  }

  scrollToEnd() {
    this.list.scrollTop = this.list.scrollHeight;
  }

  /** The first message in sight, and where it ends: above it may lose its byline. */
  anchor() {
    for (const element of this.list.children) {
      const bottom = this.bottomOf(element);
      if (element.dataset.id && bottom > 0) return { element, bottom };
    }
    return undefined;
  }

  /** @param {Element} element */
  topOf(element) {
    return element.getBoundingClientRect().top - this.list.getBoundingClientRect().top;
  }

  /** @param {Element} element */
  bottomOf(element) {
    return element.getBoundingClientRect().bottom - this.list.getBoundingClientRect().top;
  }

  showJump() {
    setAttribute(this.jump, "hidden", this.isAtEnd);
    const text = this.unseen
      ? interpolate(ngettext("%(count)s new message", "%(count)s new messages", this.unseen), {
          count: this.unseen,
        })
      : gettext("Newest messages");
    setText(this.jump.lastElementChild, text);
  }

  /** What is shown, from top to bottom. */
  items() {
    const { messages } = this.timeline;
    const items = [];
    let before = messages[this.first - 1];
    if (this.first === 0) items.push(this.beginning());
    for (const message of messages.slice(this.first, this.last)) {
      if (!before || dayKey(before.timestamp) !== dayKey(message.timestamp)) {
        items.push(dayLine(message.timestamp));
      }
      if (this.isNew(before, message)) items.push(newLine());
      items.push(this.line(before, message));
      before = message;
    }
    if (this.last === messages.length) {
      for (const entry of this.room.outbox.pending) items.push(this.pending(entry, before));
    }
    return items;
  }

  /** Whether the line above what is new belongs between two messages. */
  isNew(before, message) {
    if (this.lineAfter === 0 || message.id <= this.lineAfter) return false;
    return !before || before.id <= this.lineAfter;
  }

  beginning() {
    const isAll = !this.timeline.hasOlder;
    return {
      key: "beginning",
      create: () => h("div", { class: "tk-beginning" }),
      update: (/** @type {Element} */ element) =>
        setText(
          element,
          isAll ? gettext("The beginning of the conversation") : gettext("Loading …"),
        ),
    };
  }

  line(before, message) {
    if (message.systemMessage) {
      return { key: `m${message.id}`, create: () => systemMessage(message) };
    }
    return {
      key: `m${message.id}`,
      create: () => comment(this.room, message),
      update: (/** @type {Element} */ element) =>
        element.classList.toggle("tk-follow", this.follows(before, message)),
    };
  }

  follows(before, message) {
    return (
      before !== undefined &&
      !before.systemMessage &&
      before.actorType === message.actorType &&
      before.actorId === message.actorId &&
      message.timestamp - before.timestamp < GROUP_SECONDS &&
      dayKey(before.timestamp) === dayKey(message.timestamp) &&
      !this.isNew(before, message)
    );
  }

  pending(entry, before) {
    const { outbox } = this.room;
    const actions = {
      retry: () => outbox.retry(entry.key),
      discard: () => outbox.discard(entry.key),
    };
    const isFollowing = before && this.room.isOwn(before) && !before.systemMessage;
    return {
      key: entry.key,
      create: () => pendingMessage(this.room, entry, actions),
      update: (/** @type {any} */ element) => {
        element.update(entry);
        element.classList.toggle("tk-follow", Boolean(isFollowing));
      },
    };
  }
}

function dayLine(/** @type {number} */ seconds) {
  return {
    key: `day-${dayKey(seconds)}`,
    create: () => h("div", { class: "tk-day" }, h("span", {})),
    update: (/** @type {Element} */ element) => setText(element.firstElementChild, dayOf(seconds)),
  };
}

function newLine() {
  return {
    key: "new",
    create: () => h("div", { class: "tk-new" }, h("span", {}, gettext("New messages"))),
  };
}
