/** The panel beside the chat: the participants and the settings of the room. */

import { ApiError } from "../core/api.js";
import { InviteeSource, Status } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { InviteeSearch } from "./invitee-search.js";
import { ParticipantList } from "./participant-list.js";
import { RoomSettings } from "./room-settings.js";

/**
 * @callback Attempt
 * @param {() => Promise<unknown>} request
 * @param {string} [done] the text to show on success
 * @returns {Promise<boolean>} whether the server has accepted the request
 */

export class Details {
  #room;
  #status = h("p", { class: "tk-status", role: "status" });
  #participantList;
  #settings;
  #title = h("h2", { tabindex: "-1" }, gettext("People and settings"));
  #search = h("div", {});
  #unsubscribes;

  /**
   * @param {import("../core/room.js").Room} room
   * @param {{onClose: () => void, onLeft: () => void}} hooks
   */
  constructor(room, { onClose, onLeft }) {
    this.#room = room;
    /** @type {Attempt} */
    const attempt = (request, done) => this.#attempt(request, done);
    this.#participantList = new ParticipantList(room, attempt);
    this.#settings = new RoomSettings(room, attempt, onLeft);
    const close = h(
      "button",
      {
        class: "tk-icon-button",
        type: "button",
        "aria-label": gettext("Close"),
        onclick: onClose,
      },
      icon("close"),
    );
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
      h("header", { class: "tk-head" }, this.#title, close),
      h(
        "div",
        { class: "tk-details-body" },
        this.#status,
        h("h3", {}, gettext("People")),
        this.#search,
        this.#participantList.element,
        this.#settings.element,
      ),
    );
    this.#unsubscribes = [
      room.on("data", () => this.#update()),
      room.on("participants", () => this.#update()),
    ];
  }

  open() {
    this.#update();
    this.#title.focus();
    this.#room.refreshSoon();
  }

  close() {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
  }

  #update() {
    if (this.element.hidden) return;
    // Guest moderators may not add participants.
    const mayAdd = this.#room.isUserModerator;
    if (mayAdd && !this.#search.hasChildNodes()) this.#search.append(this.#createSearch());
    if (!mayAdd) this.#search.replaceChildren();
    this.#participantList.update();
    this.#settings.update();
  }

  #createSearch() {
    const search = new InviteeSearch(this.#room.context, {
      label: gettext("Add people, groups or e-mail addresses"),
      placeholder: gettext("Name or e-mail"),
      token: this.#room.token,
      onChosen: ({ id, source }) => {
        const path = `room/${this.#room.token}/participants`;
        const body = { newParticipant: id, source };
        const isInvitation = source === InviteeSource.EMAILS;
        const done = isInvitation ? gettext("The invitation was sent.") : gettext("Added.");
        this.#attempt(() => this.#room.api.post(path, body), done);
      },
    });
    return search.element;
  }

  /** @type {Attempt} */
  async #attempt(request, done = gettext("Saved.")) {
    setText(this.#status, "");
    this.#status.classList.remove("tk-error");
    try {
      await this.#room.change(request());
      setText(this.#status, done);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const isForbidden = error.status === Status.FORBIDDEN || error.status === Status.NOT_FOUND;
      this.#status.classList.add("tk-error");
      setText(
        this.#status,
        isForbidden
          ? gettext("You may not do that any more.")
          : gettext("That did not work. Try again."),
      );
      this.#room.refreshSoon();
      return false;
    }
  }
}
