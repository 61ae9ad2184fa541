/** The whole page: the list of rooms beside the room that is open. */

import { RoomConnection } from "../core/room.js";
import { RoomList } from "../core/room-list.js";
import { gettext, interpolate } from "../i18n.js";
import { confirmDialog } from "./dialogs.js";
import { h } from "./dom.js";
import { newRoomDialog } from "./new-room.js";
import { nothingChosen } from "./notices.js";
import { notify } from "./notify.js";
import { RoomListView } from "./room-list-view.js";
import { RoomView } from "./room-view.js";

export class App {
  /** @param {import("../core/session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.siteTitle = document.title;
    this.main = h("main", { class: "tk-content" });
    this.element = h("div", { class: "talk tk-app" });
    if (session.userId) {
      this.rooms = new RoomList(session);
      this.list = new RoomListView(this.rooms, {
        onChosen: (token) => this.go(token),
        onNew: () => this.create(),
      });
      this.element.append(this.list.element);
      this.rooms.on("change", () => this.showTitle());
      this.rooms.on("news", (news) => this.tell(news));
    }
    this.element.append(this.main);
    window.addEventListener("popstate", () => this.show(tokenIn(location.href)));
    document.addEventListener("visibilitychange", () => this.showTitle());
  }

  start() {
    const { token, callUser } = this.session.data;
    this.rooms?.start();
    this.show(token ?? "");
    if (callUser) this.callUser(callUser);
  }

  /** Open the room with one person, who was named in the address. */
  async callUser(/** @type {string} */ invite) {
    const { data } = await this.session.api.post("room", { roomType: 1, invite });
    this.go(data.token);
  }

  /** Open a room, and make it the page's address. */
  async go(/** @type {string} */ token) {
    if (token === this.room?.token) {
      this.element.classList.add("tk-has-room");
      return;
    }
    if (!(await this.mayLeave())) return;
    const address = token ? this.session.roomUrl(token) : this.session.data.roomsPage;
    history.pushState(null, "", address);
    this.show(token);
  }

  async mayLeave() {
    if (!this.view?.call?.isInCall) return true;
    return confirmDialog(this.element, {
      title: gettext("Leave the call?"),
      text: gettext("Opening another conversation ends the call for you."),
      yes: gettext("Leave the call"),
    });
  }

  show(/** @type {string} */ token) {
    this.view?.close();
    this.room?.close({ isLeaving: true });
    this.view = this.room = undefined;
    this.element.classList.toggle("tk-has-room", token !== "");
    this.list?.choose(token);
    if (token) this.open(token);
    else this.main.replaceChildren(nothingChosen());
    this.showTitle();
  }

  open(/** @type {string} */ token) {
    this.room = new RoomConnection(this.session, token);
    this.view = new RoomView(this.room, {
      onBack: this.rooms && (() => this.go("")),
      onLeft: () => this.go(""),
    });
    this.room.on("room", () => this.showTitle());
    this.main.replaceChildren(this.view.element);
    this.room.open();
  }

  async create() {
    const token = await newRoomDialog(this.element, this.session);
    if (!token) return;
    this.session.emit("rooms");
    this.go(token);
  }

  showTitle() {
    const name = this.room?.room?.displayName;
    const title = name ? `${name} · ${this.siteTitle}` : this.siteTitle;
    const count = this.rooms?.unreadCount ?? 0;
    // Translators: the title of the window, behind how many conversations ask for attention.
    const counted = gettext("(%(count)s) %(title)s");
    document.title = count ? interpolate(counted, { count, title }) : title;
  }

  tell({ room, kind }) {
    const isSeen = room.token === this.room?.token && document.visibilityState === "visible";
    if (!isSeen) notify(this.session, room, kind, () => this.go(room.token));
  }
}

/** The token of the room that an address leads to; empty for the list alone. */
function tokenIn(/** @type {string} */ address) {
  const { pathname, searchParams } = new URL(address);
  const match = /\/call\/([a-z0-9]{4,30})\/?$/.exec(pathname);
  return match?.[1] ?? searchParams.get("token") ?? "";
}
