/** `<talk-room token="…">`: one room in any page. */

import { RoomConnection } from "./core/room.js";
import { readSession } from "./core/session.js";
import { h } from "./views/dom.js";
import { RoomView } from "./views/room-view.js";

const session = readSession();

class TalkRoomElement extends HTMLElement {
  connectedCallback() {
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.room = new RoomConnection(session, this.getAttribute("token") ?? "");
    this.view = new RoomView(this.room, { isEmbedded: true });
    const { stylesheet, dir } = session.data;
    const frame = h("div", { class: "talk tk-embedded", dir, hidden: true }, this.view.element);
    // Nothing is shown before it has its looks.
    const show = () => frame.removeAttribute("hidden");
    const link = h("link", { rel: "stylesheet", href: stylesheet, onload: show, onerror: show });
    shadow.replaceChildren(link, frame);
    this.room.open();
  }

  disconnectedCallback() {
    this.view?.close();
    this.room?.close({ isLeaving: true });
  }
}

customElements.define("talk-room", TalkRoomElement);
