/** All rooms, to choose one. */

import { recall, remember } from "../core/storage.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { roomAvatar } from "./avatar.js";
import { brieflyOf } from "./dates.js";
import { h, reconcile, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { summary } from "./message.js";

export class RoomListView {
  /**
   * @param {import("../core/room-list.js").RoomList} list
   * @param {{onChosen: (token: string) => void, onNew: () => void}} hooks
   */
  constructor(list, { onChosen, onNew }) {
    this.list = list;
    this.session = list.session;
    this.onChosen = onChosen;
    this.current = "";
    this.search = h("input", {
      class: "tk-field",
      type: "search",
      placeholder: gettext("Search conversations"),
      "aria-label": gettext("Search conversations"),
      oninput: () => this.show(),
    });
    this.items = h("ul", { class: "tk-rooms", "aria-label": gettext("Conversations") });
    this.nothing = h("p", { class: "tk-nothing", role: "status", hidden: true });
    this.element = h(
      "nav",
      { class: "tk-side", "aria-label": gettext("Conversations") },
      h(
        "header",
        { class: "tk-side-head" },
        h("h2", {}, gettext("Conversations")),
        this.bell(),
        h(
          "button",
          {
            class: "tk-icon-button",
            type: "button",
            "aria-label": gettext("New conversation"),
            title: gettext("New conversation"),
            onclick: onNew,
          },
          icon("plus"),
        ),
      ),
      h("div", { class: "tk-search" }, icon("search"), this.search),
      this.nothing,
      this.items,
    );
    list.on("change", () => this.show());
  }

  /** Asks, when pressed, whether the browser may show notifications. */
  bell() {
    if (!("Notification" in window) || Notification.permission !== "default") return null;
    if (recall("bell") === "off") return null;
    const button = h(
      "button",
      {
        class: "tk-icon-button",
        type: "button",
        "aria-label": gettext("Turn on notifications"),
        title: gettext("Turn on notifications"),
        onclick: async () => {
          if ((await Notification.requestPermission()) === "denied") remember("bell", "off");
          button.remove();
        },
      },
      icon("bell"),
    );
    return button;
  }

  /** Mark the room that is open. */
  choose(/** @type {string} */ token) {
    this.current = token;
    this.show();
  }

  show() {
    const { rooms } = this.list;
    if (!rooms) return;
    const wanted = this.search.value.trim().toLocaleLowerCase();
    const found = rooms.filter((room) => room.displayName.toLocaleLowerCase().includes(wanted));
    reconcile(
      this.items,
      found,
      (room) => room.token,
      (room) => this.item(room),
      (element, room) => element.update(room),
    );
    const text = rooms.length
      ? gettext("No conversation is called like that.")
      : gettext("You have no conversations yet. Start one with the plus sign.");
    setAttribute(this.nothing, "hidden", found.length > 0);
    setText(this.nothing, found.length > 0 ? "" : text);
  }

  item(/** @type {any} */ room) {
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
        href: this.session.roomUrl(room.token),
        onclick: (/** @type {MouseEvent} */ event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          this.onChosen(room.token);
        },
      },
      picture,
      h("span", { class: "tk-item-line" }, name, star, time),
      h("span", { class: "tk-item-line" }, text, marks),
    );
    const element = h("li", {}, link);
    let pictured = "";
    element.update = (/** @type {any} */ now) => {
      const key = `${now.type}${now.name}`;
      if (pictured !== key) picture.replaceChildren(roomAvatar(this.session, now));
      pictured = key;
      setText(name, now.displayName);
      star.hidden = !now.isFavorite;
      setText(time, now.lastActivity ? brieflyOf(now.lastActivity) : "");
      setText(text, summary(now, this.session.userId));
      this.showMarks(marks, now);
      link.classList.toggle("tk-unread", now.unreadMessages > 0 && now.token !== this.current);
      setAttribute(link, "aria-current", now.token === this.current ? "page" : null);
    };
    return element;
  }

  showMarks(/** @type {Element} */ marks, room) {
    const isOpen = room.token === this.current && document.visibilityState === "visible";
    const unread = isOpen ? 0 : room.unreadMessages;
    const key = `${room.hasCall}${room.unreadMention}${unread}`;
    if (marks.shown === key) return;
    marks.shown = key;
    marks.replaceChildren(
      ...(room.hasCall
        ? [
            h(
              "span",
              { class: "tk-mark tk-mark-call" },
              icon("call"),
              hidden(gettext("Call running")),
            ),
          ]
        : []),
      ...(room.unreadMention && unread
        ? [
            h(
              "span",
              { class: "tk-mark tk-mark-mention" },
              "@",
              hidden(gettext("You are mentioned")),
            ),
          ]
        : []),
      ...(unread ? [unreadMark(unread)] : []),
    );
  }
}

function unreadMark(/** @type {number} */ unread) {
  const words = ngettext("%(count)s unread message", "%(count)s unread messages", unread);
  return h(
    "span",
    { class: "tk-mark" },
    h("span", { "aria-hidden": "true" }, unread > 99 ? "99+" : String(unread)),
    hidden(interpolate(words, { count: unread })),
  );
}

function hidden(/** @type {string} */ text) {
  return h("span", { class: "tk-hidden" }, text);
}
