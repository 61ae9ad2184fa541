/** A room: header, call, messages and composer, and the details beside them. */

import { RoomState, RoomType } from "../core/constants.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { roomAvatar } from "./avatar.js";
import { CallPanel } from "./call-panel.js";
import { Composer } from "./composer.js";
import { Details } from "./details.js";
import { focusedIn, h, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { joinForm } from "./join-form.js";
import { MessageLog } from "./message-log.js";
import * as notices from "./notices.js";
import { isPresent } from "./participant-list.js";

/** @typedef {import("../core/room.js").Room} Room */

export class RoomView {
  #room;
  #onBack;
  #onLeft;
  #isEmbedded;
  /** @type {OpenRoomView | undefined} */
  #openView;
  #unsubscribes;

  /**
   * @param {Room} room
   * @param {object} [options]
   * @param {() => void} [options.onBack] without it there is no way back to a list
   * @param {() => void} [options.onLeft] called when the user has left or deleted the room
   * @param {boolean} [options.isEmbedded] the focus belongs to the page around the room
   */
  constructor(room, { onBack, onLeft = () => {}, isEmbedded = false } = {}) {
    this.#room = room;
    this.#onBack = onBack;
    this.#onLeft = onLeft;
    this.#isEmbedded = isEmbedded;
    this.element = h("section", { class: "tk-room" });
    this.#unsubscribes = [
      room.on("state", () => this.#showState()),
      room.on("data", () => this.#openView?.update()),
      room.on("participants", () => this.#openView?.update()),
      room.on("connected", () => this.#openView?.updateConnection()),
    ];
    this.#showState();
  }

  get isInCall() {
    return this.#openView?.isInCall ?? false;
  }

  close() {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#closeOpenView();
  }

  #closeOpenView() {
    this.#openView?.close();
    this.#openView = undefined;
  }

  #showState() {
    const hadFocus = this.element.contains(focusedIn(this.element));
    this.#closeOpenView();
    if (this.#room.state === RoomState.OPEN) {
      this.#showOpenRoom({ takesFocus: hadFocus || !this.#isEmbedded });
      return;
    }
    const backButton = this.#backButton();
    this.element.replaceChildren(
      ...(backButton ? [h("header", { class: "tk-head" }, backButton)] : []),
      this.#notice(),
    );
    /** @type {HTMLElement | null} */
    const target = this.element.querySelector("input, [tabindex='-1']");
    if (!this.#isEmbedded) target?.focus();
  }

  #notice() {
    switch (this.#room.state) {
      case RoomState.JOINING:
        return joinForm(this.#room);
      case RoomState.MISSING:
        return notices.missing(this.#room);
      case RoomState.ENDED:
        return notices.ended(this.#room);
      case RoomState.SIGNED_OUT:
        return notices.signedOut();
      default:
        return notices.loading();
    }
  }

  /** @param {{takesFocus: boolean}} options */
  async #showOpenRoom({ takesFocus }) {
    const view = new OpenRoomView(this.#room, this.#backButton(), this.#onLeft);
    this.#openView = view;
    this.element.replaceChildren(...view.elements);
    await view.open();
    if (takesFocus) view.focus();
  }

  #backButton() {
    if (!this.#onBack) return null;
    return h(
      "button",
      {
        class: "tk-icon-button tk-back",
        type: "button",
        "aria-label": gettext("All conversations"),
        onclick: this.#onBack,
      },
      icon("back"),
    );
  }
}

/** The parts of a room that the user is in. */
class OpenRoomView {
  #room;
  #log;
  #composer;
  #callPanel;
  #details;
  #picture = h("span", { class: "tk-head-picture" });
  #title = h("h1", { class: "tk-title", dir: "auto" });
  #subtitle = h("p", { class: "tk-subtitle" });
  #banner = h("p", { class: "tk-banner", role: "status", hidden: true });
  #detailsButton;
  #shownPicture = "";

  /**
   * @param {Room} room
   * @param {Element | null} backButton
   * @param {() => void} onLeft
   */
  constructor(room, backButton, onLeft) {
    this.#room = room;
    this.#log = new MessageLog(room);
    this.#composer = new Composer(room);
    this.#callPanel = new CallPanel(room);
    this.#details = new Details(room, { onClose: () => this.#toggleDetails(false), onLeft });
    this.#detailsButton = h(
      "button",
      {
        class: "tk-icon-button",
        type: "button",
        "aria-expanded": "false",
        "aria-label": gettext("People and settings"),
        title: gettext("People and settings"),
        onclick: () => this.#toggleDetails(),
      },
      icon("people"),
    );
    const header = h(
      "header",
      { class: "tk-head" },
      backButton,
      this.#picture,
      h("div", { class: "tk-head-text" }, this.#title, this.#subtitle),
      this.#callPanel.button,
      this.#detailsButton,
    );
    const main = h(
      "div",
      { class: "tk-main" },
      header,
      this.#callPanel.element,
      this.#banner,
      this.#log.element,
      this.#composer.element,
    );
    this.elements = [main, this.#details.element];
  }

  get isInCall() {
    return this.#callPanel.isInCall;
  }

  async open() {
    this.update();
    this.updateConnection();
    await this.#log.open();
  }

  close() {
    this.#log.close();
    this.#callPanel.close();
    this.#details.close();
  }

  focus() {
    this.#composer.focus();
  }

  update() {
    const { context, data } = this.#room;
    setText(this.#title, data.displayName);
    const pictureKey = `${data.type}${data.name}`;
    if (this.#shownPicture !== pictureKey) this.#picture.replaceChildren(roomAvatar(context, data));
    this.#shownPicture = pictureKey;
    setText(this.#subtitle, presenceText(this.#room));
  }

  updateConnection() {
    const { isConnected } = this.#room;
    setAttribute(this.#banner, "hidden", isConnected);
    const text = gettext("No connection. Your messages are sent later.");
    setText(this.#banner, isConnected ? "" : text);
  }

  #toggleDetails(isOpen = this.#details.element.hidden) {
    this.#details.element.hidden = !isOpen;
    this.#detailsButton.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.#details.open();
    else this.#detailsButton.focus();
  }
}

/**
 * Return how many participants there are and how many are present.
 * @param {Room} room
 */
function presenceText({ context, data, participants }) {
  const present = participants.filter(isPresent);
  if (data.type === RoomType.ONE_TO_ONE) {
    const isOtherPresent = present.some(({ userId }) => userId !== context.userId);
    return isOtherPresent ? gettext("Here now") : gettext("Not here now");
  }
  const { length } = participants;
  const all = ngettext("%(count)s participant", "%(count)s participants", length);
  const here = ngettext("%(count)s here now", "%(count)s here now", present.length);
  const counts = [
    interpolate(all, { count: length }),
    interpolate(here, { count: present.length }),
  ];
  return counts.join(" · ");
}
