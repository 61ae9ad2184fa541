/** Defines `<talk-room token="…">`, which shows one room in any page. */

import { createSignaling } from "./call/signaling.js";
import { readPageContext } from "./core/page-context.js";
import { Room } from "./core/room.js";
import { h } from "./views/dom.js";
import { RoomView } from "./views/room-view.js";

const context = readPageContext();

class TalkRoomElement extends HTMLElement {
  /** @type {Room | undefined} */
  #room;
  /** @type {RoomView | undefined} */
  #view;

  connectedCallback() {
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.#room = new Room(context, this.getAttribute("token") ?? "", createSignaling);
    this.#view = new RoomView(this.#room, { isEmbedded: true });
    const { stylesheet, dir } = context.data;
    const frame = h("div", { class: "talk tk-embedded", dir, hidden: true }, this.#view.element);
    // Without its styles, the room would be shown as plain text for a moment.
    const show = () => frame.removeAttribute("hidden");
    const link = h("link", { rel: "stylesheet", href: stylesheet, onload: show, onerror: show });
    shadow.replaceChildren(link, frame);
    this.#room.open();
  }

  disconnectedCallback() {
    this.#view?.close();
    this.#room?.close({ isLeaving: true });
  }
}

customElements.define("talk-room", TalkRoomElement);
