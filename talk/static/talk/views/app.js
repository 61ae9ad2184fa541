/** The whole page: the list of rooms beside the open room. */

import { createSignaling } from "../call/signaling.js";
import { RoomType } from "../core/constants.js";
import { Room } from "../core/room.js";
import { RoomList } from "../core/room-list.js";
import { gettext, interpolate } from "../i18n.js";
import { confirmDialog } from "./dialogs.js";
import { h } from "./dom.js";
import { newRoomDialog } from "./new-room-dialog.js";
import { noRoomChosen } from "./notices.js";
import { notify } from "./notifications.js";
import { RoomListView } from "./room-list-view.js";
import { RoomView } from "./room-view.js";

export class App {
  #context;
  #siteTitle = document.title;
  #main = h("main", { class: "tk-content" });
  /** @type {RoomList | undefined} undefined for guests */
  #roomList;
  /** @type {RoomListView | undefined} */
  #roomListView;
  /** @type {Room | undefined} */
  #room;
  /** @type {RoomView | undefined} */
  #roomView;

  /** @param {import("../core/page-context.js").PageContext} context */
  constructor(context) {
    this.#context = context;
    this.element = h("div", { class: "talk tk-app" });
    if (context.userId) {
      this.#roomList = new RoomList(context);
      this.#roomListView = new RoomListView(this.#roomList, {
        onChosen: (token) => this.#goTo(token),
        onNew: () => this.#createRoom(),
      });
      this.element.append(this.#roomListView.element);
      this.#roomList.on("change", () => this.#updateTitle());
      this.#roomList.on("notification", (notification) => this.#onNotification(notification));
    }
    this.element.append(this.#main);
    window.addEventListener("popstate", () => this.#show(tokenIn(location.href)));
    document.addEventListener("visibilitychange", () => this.#updateTitle());
  }

  start() {
    const { token, callUser } = this.#context.data;
    this.#roomList?.start();
    this.#show(token ?? "");
    if (callUser) this.#openOneToOne(callUser);
  }

  /**
   * Open the room with the user that the page's URL names.
   * @param {string} invite
   */
  async #openOneToOne(invite) {
    const body = { roomType: RoomType.ONE_TO_ONE, invite };
    const { data } = await this.#context.api.post("room", body);
    this.#goTo(data.token);
  }

  /**
   * Open a room and make it the page's URL; an empty token leads to the list alone.
   * @param {string} token
   */
  async #goTo(token) {
    if (token === this.#room?.token) {
      this.element.classList.add("tk-has-room");
      return;
    }
    if (!(await this.#mayCloseRoom())) return;
    const url = token ? this.#context.roomUrl(token) : this.#context.data.roomsPage;
    history.pushState(null, "", url);
    this.#show(token);
  }

  async #mayCloseRoom() {
    if (!this.#roomView?.isInCall) return true;
    return confirmDialog(this.element, {
      title: gettext("Leave the call?"),
      text: gettext("Opening another conversation ends the call for you."),
      yes: gettext("Leave the call"),
    });
  }

  /** @param {string} token */
  #show(token) {
    this.#roomView?.close();
    this.#room?.close({ isLeaving: true });
    this.#roomView = this.#room = undefined;
    this.element.classList.toggle("tk-has-room", token !== "");
    this.#roomListView?.markOpen(token);
    if (token) this.#open(token);
    else this.#main.replaceChildren(noRoomChosen());
    this.#updateTitle();
  }

  /** @param {string} token */
  #open(token) {
    const room = new Room(this.#context, token, createSignaling);
    this.#room = room;
    this.#roomView = new RoomView(room, {
      onBack: this.#roomList && (() => this.#goTo("")),
      onLeft: () => this.#goTo(""),
    });
    room.on("data", () => this.#updateTitle());
    this.#main.replaceChildren(this.#roomView.element);
    room.open();
  }

  async #createRoom() {
    const token = await newRoomDialog(this.element, this.#context);
    if (!token) return;
    this.#context.emit("roomsChanged");
    this.#goTo(token);
  }

  #updateTitle() {
    const name = this.#room?.isLoaded ? this.#room.data.displayName : "";
    const title = name ? `${name} · ${this.#siteTitle}` : this.#siteTitle;
    const count = this.#roomList?.unreadCount ?? 0;
    // Translators: the title of the window, behind how many conversations ask for attention.
    const counted = gettext("(%(count)s) %(title)s");
    document.title = count ? interpolate(counted, { count, title }) : title;
  }

  /** @param {{room: import("../core/types.js").RoomData, kind: string}} notification */
  #onNotification({ room, kind }) {
    const isSeen = room.token === this.#room?.token && document.visibilityState === "visible";
    if (!isSeen) notify(this.#context, room, kind, () => this.#goTo(room.token));
  }
}

/**
 * Return the token of the room that a URL leads to; empty for the list alone.
 * @param {string} url
 */
function tokenIn(url) {
  const { pathname, searchParams } = new URL(url);
  const match = /\/call\/([a-z0-9]{4,30})\/?$/.exec(pathname);
  return match?.[1] ?? searchParams.get("token") ?? "";
}
