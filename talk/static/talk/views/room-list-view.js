/** The list of rooms, from which the user chooses one. */

import { loadValue, storeValue } from "../core/storage.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { roomAvatar } from "./avatar.js";
import { formatBriefly } from "./dates.js";
import { h, reconcile, screenReaderText, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { summary } from "./message.js";

/** Larger numbers of unread messages are not shown exactly. */
const UNREAD_SHOWN_MAX = 99;

/** Remembers that the user does not want notifications. */
const DENIED_KEY = "notifications-denied";

/** @typedef {import("../core/types.js").RoomData} RoomData */

export class RoomListView {
  #roomList;
  #context;
  #onChosen;
  #openToken = "";
  #search;
  #items = h("ul", { class: "tk-rooms", "aria-label": gettext("Conversations") });
  #nothing = h("p", { class: "tk-nothing", role: "status", hidden: true });

  /**
   * @param {import("../core/room-list.js").RoomList} roomList
   * @param {{onChosen: (token: string) => void, onNew: () => void}} hooks
   */
  constructor(roomList, { onChosen, onNew }) {
    this.#roomList = roomList;
    this.#context = roomList.context;
    this.#onChosen = onChosen;
    this.#search = h("input", {
      class: "tk-field",
      type: "search",
      placeholder: gettext("Search conversations"),
      "aria-label": gettext("Search conversations"),
      oninput: () => this.#update(),
    });
    const newRoom = h(
      "button",
      {
        class: "tk-icon-button",
        type: "button",
        "aria-label": gettext("New conversation"),
        title: gettext("New conversation"),
        onclick: onNew,
      },
      icon("plus"),
    );
    this.element = h(
      "nav",
      { class: "tk-side", "aria-label": gettext("Conversations") },
      h(
        "header",
        { class: "tk-side-head" },
        h("h2", {}, gettext("Conversations")),
        notificationButton(),
        newRoom,
      ),
      h("div", { class: "tk-search" }, icon("search"), this.#search),
      this.#nothing,
      this.#items,
    );
    roomList.on("change", () => this.#update());
  }

  /**
   * Mark the open room; an empty token marks none.
   * @param {string} token
   */
  markOpen(token) {
    this.#openToken = token;
    this.#update();
  }

  #update() {
    const { rooms } = this.#roomList;
    if (!rooms) return;
    const text = this.#search.value.trim().toLocaleLowerCase();
    const shown = rooms.filter((room) => room.displayName.toLocaleLowerCase().includes(text));
    reconcile(
      this.#items,
      shown,
      ({ token }) => token,
      ({ token }) => this.#createItem(token),
    );
    const nothing = rooms.length
      ? gettext("No conversation is called like that.")
      : gettext("You have no conversations yet. Start one with the plus sign.");
    setAttribute(this.#nothing, "hidden", shown.length > 0);
    setText(this.#nothing, shown.length > 0 ? "" : nothing);
  }

  /**
   * @param {string} token
   * @returns {import("./dom.js").Part<RoomData>}
   */
  #createItem(token) {
    const picture = h("span", { class: "tk-item-picture" });
    const name = h("bdi", { class: "tk-item-name" });
    const star = h("span", { class: "tk-item-star", hidden: true }, icon("star"));
    const time = h("time", {});
    const text = h("span", { class: "tk-item-text", dir: "auto" });
    const marks = h("span", { class: "tk-item-marks" });
    const link = h(
      "a",
      {
        class: "tk-item",
        href: this.#context.roomUrl(token),
        onclick: (/** @type {MouseEvent} */ event) => {
          // The browser opens the link in another tab or window.
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          this.#onChosen(token);
        },
      },
      picture,
      h("span", { class: "tk-item-line" }, name, star, time),
      h("span", { class: "tk-item-line" }, text, marks),
    );
    let shownPicture = "";
    let shownMarks = "";
    const update = (/** @type {RoomData} */ room) => {
      const pictureKey = `${room.type}${room.name}`;
      if (pictureKey !== shownPicture) picture.replaceChildren(roomAvatar(this.#context, room));
      shownPicture = pictureKey;
      setText(name, room.displayName);
      star.hidden = !room.isFavorite;
      setText(time, room.lastActivity ? formatBriefly(room.lastActivity) : "");
      setText(text, summary(room, this.#context.userId));
      const isOpen = token === this.#openToken;
      // The messages of a visible room are read at once; the list is loaded later.
      const unread = isOpen && document.visibilityState === "visible" ? 0 : room.unreadMessages;
      const marksKey = `${room.hasCall}${room.unreadMention}${unread}`;
      if (marksKey !== shownMarks) marks.replaceChildren(...markElements(room, unread));
      shownMarks = marksKey;
      link.classList.toggle("tk-unread", room.unreadMessages > 0 && !isOpen);
      setAttribute(link, "aria-current", isOpen ? "page" : null);
    };
    return { element: h("li", {}, link), update };
  }
}

/** Make the button that asks for permission to show notifications, unless that is decided. */
function notificationButton() {
  if (!("Notification" in window) || Notification.permission !== "default") return null;
  if (loadValue(DENIED_KEY)) return null;
  const button = h(
    "button",
    {
      class: "tk-icon-button",
      type: "button",
      "aria-label": gettext("Turn on notifications"),
      title: gettext("Turn on notifications"),
      onclick: async () => {
        const permission = await Notification.requestPermission();
        if (permission === "denied") storeValue(DENIED_KEY, true);
        button.remove();
      },
    },
    icon("bell"),
  );
  return button;
}

/**
 * @param {RoomData} room
 * @param {number} unread
 */
function markElements({ hasCall, unreadMention }, unread) {
  const marks = [];
  if (hasCall) {
    const text = screenReaderText(gettext("Call running"));
    marks.push(h("span", { class: "tk-mark tk-mark-call" }, icon("call"), text));
  }
  if (unreadMention && unread) {
    const text = screenReaderText(gettext("You are mentioned"));
    marks.push(h("span", { class: "tk-mark tk-mark-mention" }, "@", text));
  }
  if (unread) marks.push(unreadElement(unread));
  return marks;
}

/** @param {number} unread */
function unreadElement(unread) {
  const shown = unread > UNREAD_SHOWN_MAX ? `${UNREAD_SHOWN_MAX}+` : String(unread);
  const text = ngettext("%(count)s unread message", "%(count)s unread messages", unread);
  return h(
    "span",
    { class: "tk-mark" },
    h("span", { "aria-hidden": "true" }, shown),
    screenReaderText(interpolate(text, { count: unread })),
  );
}
