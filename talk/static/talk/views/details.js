/** Beside the chat: who is in the room, and what may be changed about it. */

import { ApiError } from "../core/api.js";
import { ParticipantType } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { PeopleList } from "./people.js";
import { PeopleSearch } from "./people-search.js";
import { Settings } from "./settings.js";

export class Details {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {{onClose: () => void, onLeft: () => void}} hooks
   */
  constructor(room, { onClose, onLeft }) {
    this.room = room;
    this.status = h("p", { class: "tk-status", role: "status" });
    this.people = new PeopleList(room, (work) => this.attempt(work));
    this.settings = new Settings(room, (work, done) => this.attempt(work, done), onLeft);
    this.title = h("h2", { tabindex: "-1" }, gettext("People and settings"));
    this.search = h("div", {});
    this.element = h(
      "aside",
      {
        class: "tk-details",
        hidden: true,
        "aria-label": gettext("People and settings"),
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Escape") onClose();
        },
      },
      h(
        "header",
        { class: "tk-head" },
        this.title,
        h(
          "button",
          {
            class: "tk-icon-button",
            type: "button",
            "aria-label": gettext("Close"),
            onclick: onClose,
          },
          icon("close"),
        ),
      ),
      h(
        "div",
        { class: "tk-details-body" },
        this.status,
        h("h3", {}, gettext("People")),
        this.search,
        this.people.element,
        this.settings.element,
      ),
    );
    this.stops = [room.on("room", () => this.show()), room.on("people", () => this.show())];
  }

  open() {
    this.show();
    this.title.focus();
    this.room.refreshSoon();
  }

  close() {
    for (const stop of this.stops) stop();
  }

  show() {
    if (this.element.hidden) return;
    const { participantType } = this.room.room;
    // Guests may moderate, but bring nobody.
    const mayAdd = [ParticipantType.OWNER, ParticipantType.MODERATOR].includes(participantType);
    if (mayAdd && !this.search.hasChildNodes()) this.search.append(this.searchField());
    if (!mayAdd) this.search.replaceChildren();
    this.people.show();
    this.settings.show();
  }

  searchField() {
    const search = new PeopleSearch(this.room.session, {
      label: gettext("Add people, groups or e-mail addresses"),
      placeholder: gettext("Name or e-mail"),
      token: this.room.token,
      onChosen: ({ id, source }) => {
        const path = `room/${this.room.token}/participants`;
        const body = { newParticipant: id, source };
        const done = source === "emails" ? gettext("The invitation was sent.") : gettext("Added.");
        this.attempt(() => this.room.api.post(path, body), done);
      },
    });
    return search.element;
  }

  /**
   * Do something that the server may refuse, and say what came of it.
   * @param {() => Promise<any>} work
   */
  async attempt(work, /** @type {string} */ done = gettext("Saved.")) {
    setText(this.status, "");
    this.status.classList.remove("tk-error");
    try {
      await this.room.change(work());
      setText(this.status, done);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.status.classList.add("tk-error");
      setText(
        this.status,
        error.status === 403 || error.status === 404
          ? gettext("You may not do that any more.")
          : gettext("That did not work. Try again."),
      );
      this.room.refreshSoon();
      return false;
    }
  }
}
