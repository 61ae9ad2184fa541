/** A room: its head, what is said in it, where one writes; people and settings beside it. */

import { RoomType } from "../core/constants.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { roomAvatar } from "./avatar.js";
import { CallPanel } from "./call-panel.js";
import { Composer } from "./composer.js";
import { Details } from "./details.js";
import { focusedIn, h, setAttribute, setText } from "./dom.js";
import { entrance } from "./entrance.js";
import { icon } from "./icons.js";
import { LogView } from "./log.js";
import * as notices from "./notices.js";

export class RoomView {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {object} [options]
   * @param {() => void} [options.onBack]
   * @param {() => void} [options.onLeft]
   * @param {boolean} [options.isEmbedded] the page around it has the focus
   */
  constructor(room, { onBack, onLeft = () => {}, isEmbedded = false } = {}) {
    this.room = room;
    this.onBack = onBack;
    this.onLeft = onLeft;
    this.isEmbedded = isEmbedded;
    this.element = h("section", { class: "tk-room" });
    this.stops = [
      room.on("state", () => this.showState()),
      room.on("room", () => this.showFacts()),
      room.on("people", () => this.showFacts()),
      room.on("connected", () => this.showConnection()),
    ];
    this.showState();
  }

  close() {
    for (const stop of this.stops) stop();
    this.closeParts();
  }

  closeParts() {
    this.log?.close();
    this.call?.close();
    this.details?.close();
    this.log = this.call = this.details = undefined;
  }

  showState() {
    const { state } = this.room;
    this.wasEntered = this.element.contains(focusedIn(this.element));
    this.closeParts();
    if (state === "open") {
      this.showRoom();
      return;
    }
    const views = {
      loading: notices.loading,
      entering: entrance,
      missing: notices.missing,
      ended: notices.ended,
      signedOut: notices.signedOut,
    };
    const back = this.backButton();
    this.element.replaceChildren(
      ...(back ? [h("header", { class: "tk-head" }, back)] : []),
      views[state](this.room),
    );
    if (!this.isEmbedded) this.element.querySelector("input, [tabindex='-1']")?.focus();
  }

  async showRoom() {
    this.log = new LogView(this.room);
    this.composer = new Composer(this.room);
    this.call = new CallPanel(this.room);
    this.details = new Details(this.room, {
      onClose: () => this.toggleDetails(false),
      onLeft: this.onLeft,
    });
    this.banner = h("p", { class: "tk-banner", role: "status", hidden: true });
    this.element.replaceChildren(
      h(
        "div",
        { class: "tk-main" },
        this.head(),
        this.call.element,
        this.banner,
        this.log.element,
        this.composer.element,
      ),
      this.details.element,
    );
    this.showFacts();
    this.showConnection();
    await this.log.open();
    if (!this.isEmbedded || this.wasEntered) this.composer.focus();
  }

  head() {
    this.picture = h("span", { class: "tk-head-picture" });
    this.title = h("h1", { class: "tk-title", dir: "auto" });
    this.subtitle = h("p", { class: "tk-subtitle" });
    this.detailsButton = h(
      "button",
      {
        class: "tk-icon-button",
        type: "button",
        "aria-expanded": "false",
        "aria-label": gettext("People and settings"),
        title: gettext("People and settings"),
        onclick: () => this.toggleDetails(),
      },
      icon("people"),
    );
    return h(
      "header",
      { class: "tk-head" },
      this.backButton(),
      this.picture,
      h("div", { class: "tk-head-text" }, this.title, this.subtitle),
      this.call.button,
      this.detailsButton,
    );
  }

  backButton() {
    if (!this.onBack) return null;
    return h(
      "button",
      {
        class: "tk-icon-button tk-back",
        type: "button",
        "aria-label": gettext("All conversations"),
        onclick: this.onBack,
      },
      icon("back"),
    );
  }

  toggleDetails(isOpen = this.details.element.hidden) {
    this.details.element.hidden = !isOpen;
    this.detailsButton.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.details.open();
    else this.detailsButton.focus();
  }

  showFacts() {
    if (this.room.state !== "open" || !this.title) return;
    const { room } = this.room;
    setText(this.title, room.displayName);
    const key = `${room.type}${room.name}`;
    if (this.pictured !== key) this.picture.replaceChildren(roomAvatar(this.room.session, room));
    this.pictured = key;
    setText(this.subtitle, describe(this.room));
  }

  showConnection() {
    if (!this.banner) return;
    setAttribute(this.banner, "hidden", this.room.isConnected);
    setText(
      this.banner,
      this.room.isConnected ? "" : gettext("No connection. What you write is sent later."),
    );
  }
}

/** What kind of room it is, and who is there. */
function describe(/** @type {import("../core/room.js").RoomConnection} */ connection) {
  const { room, people } = connection;
  const present = people.filter((person) => person.sessionId !== "0").length;
  if (room.type === RoomType.ONE_TO_ONE) {
    const isThere = people.some(
      (person) => person.userId !== connection.session.userId && person.sessionId !== "0",
    );
    return isThere ? gettext("Here now") : gettext("Not here now");
  }
  const count = interpolate(
    ngettext("%(count)s participant", "%(count)s participants", people.length),
    { count: people.length },
  );
  const here = interpolate(ngettext("%(count)s here now", "%(count)s here now", present), {
    count: present,
  });
  return `${count} · ${here}`;
}
