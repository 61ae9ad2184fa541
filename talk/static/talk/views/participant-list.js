/** The participants of a room, and what a moderator can do with them. */

import { NO_SESSION, ParticipantType, RoomType } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { confirmDialog } from "./dialogs.js";
import { h, reconcile, setAttribute, setText, styledParent } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {import("../core/types.js").ParticipantData} ParticipantData */

export class ParticipantList {
  #room;
  #attempt;

  /**
   * @param {import("../core/room.js").Room} room
   * @param {import("./details.js").Attempt} attempt
   */
  constructor(room, attempt) {
    this.#room = room;
    this.#attempt = attempt;
    this.element = h("ul", { class: "tk-participants", "aria-label": gettext("People") });
  }

  update() {
    reconcile(
      this.element,
      this.#room.participants.toSorted(compareByRank),
      ({ userId, sessionId }) => userId || sessionId,
      () => this.#createItem(),
    );
  }

  /** @returns {import("./dom.js").Part<ParticipantData>} */
  #createItem() {
    const picture = h("span", { class: "tk-item-picture" });
    const name = h("bdi", {});
    const role = h("small", {});
    const call = h("span", { class: "tk-mark tk-mark-call" }, icon("call"), " ");
    const presence = h("span", { class: "tk-hidden" });
    const actions = h("div", { class: "tk-actions", hidden: true });
    const more = h(
      "button",
      {
        class: "tk-icon-button",
        type: "button",
        "aria-expanded": "false",
        onclick: () => {
          actions.hidden = !actions.hidden;
          more.setAttribute("aria-expanded", String(!actions.hidden));
        },
      },
      icon("more"),
    );
    const names = h("div", {}, name, role);
    const row = h("div", { class: "tk-participant" }, picture, names, call, presence, more);
    const element = h("li", {}, row, actions);
    let shown = "";
    const update = (/** @type {ParticipantData} */ participant) => {
      const hasSession = isPresent(participant);
      setText(role, this.#roleText(participant));
      setText(presence, hasSession ? gettext("Here now") : gettext("Not here now"));
      element.classList.toggle("tk-present", hasSession);
      call.hidden = participant.inCall === 0;
      // New buttons would take the focus away: make them only when they change.
      const { userId, participantType, sessionId } = participant;
      const displayName = participantName(participant);
      const { isModerator } = this.#room;
      const key = JSON.stringify([displayName, participantType, sessionId, isModerator]);
      if (key === shown) return;
      shown = key;
      setText(name, displayName);
      const type = userId ? "user" : "guest";
      const person = /** @type {const} */ ({ type, id: userId, name: displayName });
      picture.replaceChildren(avatar(this.#room.context, person, "small"));
      const buttons = this.#actionButtons(participant);
      actions.replaceChildren(...buttons);
      setAttribute(more, "hidden", buttons.length === 0);
      more.setAttribute("aria-label", `${gettext("More")}: ${displayName}`);
    };
    return { element, update };
  }

  /** @param {ParticipantData} participant */
  #roleText(participant) {
    const own = this.#isOwn(participant) ? gettext("You") : "";
    const isOneToOne = this.#room.data.type === RoomType.ONE_TO_ONE;
    const type = isOneToOne ? "" : typeText(participant.participantType);
    return [own, type].filter(Boolean).join(" · ");
  }

  /** @param {ParticipantData} participant */
  #isOwn({ sessionId, userId }) {
    if (this.#room.isGuest) return sessionId === this.#room.sessionId;
    return userId === this.#room.context.userId;
  }

  /**
   * Make the buttons for what the user may do with a participant.
   * @param {ParticipantData} participant
   */
  #actionButtons(participant) {
    const { api, data, isModerator, token } = this.#room;
    if (!isModerator || this.#isOwn(participant) || data.type === RoomType.ONE_TO_ONE) return [];
    const { participantType, sessionId, userId } = participant;
    const target = isGuest(participant) ? { sessionId } : { participant: userId };
    const path = `room/${token}/moderators`;
    switch (participantType) {
      case ParticipantType.OWNER:
        return [];
      case ParticipantType.USER:
      case ParticipantType.GUEST:
        return [
          actionButton(gettext("Make a moderator"), () =>
            this.#attempt(() => api.post(path, target)),
          ),
          this.#removeButton(participant),
        ];
      case ParticipantType.MODERATOR:
      case ParticipantType.GUEST_MODERATOR:
        return [
          actionButton(gettext("No longer a moderator"), () =>
            this.#attempt(() => api.delete(path, { query: target })),
          ),
          this.#removeButton(participant),
        ];
      default:
        return [this.#removeButton(participant)];
    }
  }

  /** @param {ParticipantData} participant */
  #removeButton(participant) {
    return actionButton(gettext("Remove"), () => this.#remove(participant), "tk-danger");
  }

  /** @param {ParticipantData} participant */
  async #remove(participant) {
    const isConfirmed = await confirmDialog(styledParent(this.element), {
      title: gettext("Remove from the conversation?"),
      text: participantName(participant),
      yes: gettext("Remove"),
      isDanger: true,
    });
    if (!isConfirmed) return;
    const path = `room/${this.#room.token}/participants`;
    const [target, id] = isGuest(participant)
      ? [`${path}/guests`, participant.sessionId]
      : [path, participant.userId];
    await this.#attempt(() => this.#room.api.delete(target, { query: { participant: id } }));
  }
}

/**
 * @param {string} text
 * @param {() => void} onclick
 * @param {string} [style]
 */
function actionButton(text, onclick, style = "") {
  return h("button", { class: `tk-link ${style}`, type: "button", onclick }, text);
}

/** @param {number} participantType */
function typeText(participantType) {
  switch (participantType) {
    case ParticipantType.OWNER:
      return gettext("Owner");
    case ParticipantType.MODERATOR:
      return gettext("Moderator");
    case ParticipantType.GUEST:
      return gettext("Guest");
    case ParticipantType.GUEST_MODERATOR:
      return gettext("Guest, moderator");
    case ParticipantType.SELF_JOINED:
      return gettext("Came by the link");
    default:
      return "";
  }
}

/** @param {ParticipantData} participant */
export function isPresent({ sessionId }) {
  return sessionId !== NO_SESSION;
}

/** @param {ParticipantData} participant */
function isGuest({ participantType }) {
  return (
    participantType === ParticipantType.GUEST || participantType === ParticipantType.GUEST_MODERATOR
  );
}

/** @param {ParticipantData} participant */
export function participantName({ displayName, userId }) {
  return displayName || userId || gettext("Guest");
}

/**
 * Compare two participants: owner and moderators first, then present ones, then users.
 * @param {ParticipantData} a
 * @param {ParticipantData} b
 */
function compareByRank(a, b) {
  return rankOf(a) - rankOf(b) || participantName(a).localeCompare(participantName(b));
}

/** @param {ParticipantData} participant */
function rankOf(participant) {
  const { participantType } = participant;
  const isUserModerator =
    participantType === ParticipantType.OWNER || participantType === ParticipantType.MODERATOR;
  return (
    (isUserModerator ? 0 : 4) + (isPresent(participant) ? 0 : 2) + (isGuest(participant) ? 1 : 0)
  );
}
