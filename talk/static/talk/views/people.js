/** Who is in a room, and what a moderator may do with them. */

import { NO_SESSION, ParticipantType, RoomType } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { confirmDialog } from "./dialogs.js";
import { h, reconcile, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";

const GUESTS = [ParticipantType.GUEST, ParticipantType.GUEST_MODERATOR];

export class PeopleList {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {(work: () => Promise<any>) => Promise<boolean>} attempt
   */
  constructor(room, attempt) {
    this.room = room;
    this.attempt = attempt;
    this.element = h("ul", { class: "tk-people", "aria-label": gettext("People") });
  }

  show() {
    reconcile(
      this.element,
      this.room.people.toSorted(byRank),
      (person) => person.userId || person.sessionId,
      () => this.item(),
      (element, person) => element.update(person),
    );
  }

  item() {
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
    const line = h(
      "div",
      { class: "tk-person" },
      picture,
      h("div", {}, name, role),
      call,
      presence,
      more,
    );
    const element = h("li", {}, line, actions);
    let key = "";
    element.update = (/** @type {any} */ person) => {
      const isHere = person.sessionId !== NO_SESSION;
      const shown = nameOf(person);
      setText(role, this.roleOf(person));
      setText(presence, isHere ? gettext("Here now") : gettext("Not here now"));
      element.classList.toggle("tk-here", isHere);
      call.hidden = person.inCall === 0;
      const now = JSON.stringify([
        shown,
        person.participantType,
        person.sessionId,
        this.room.isModerator,
      ]);
      if (now === key) return;
      key = now;
      setText(name, shown);
      const type = person.userId ? "user" : "guest";
      picture.replaceChildren(
        avatar(this.room.session, { type, id: person.userId, name: shown }, "small"),
      );
      const offered = this.actionsFor(person, shown);
      actions.replaceChildren(...offered);
      setAttribute(more, "hidden", offered.length === 0);
      more.setAttribute("aria-label", `${gettext("More")}: ${shown}`);
    };
    return element;
  }

  roleOf(person) {
    const isOneToOne = this.room.room.type === RoomType.ONE_TO_ONE;
    const roles = {
      [ParticipantType.OWNER]: isOneToOne ? "" : gettext("Owner"),
      [ParticipantType.MODERATOR]: gettext("Moderator"),
      [ParticipantType.GUEST]: gettext("Guest"),
      [ParticipantType.GUEST_MODERATOR]: gettext("Guest, moderator"),
      [ParticipantType.SELF_JOINED]: gettext("Came by the link"),
    };
    const parts = [this.isOwn(person) ? gettext("You") : "", roles[person.participantType] ?? ""];
    return parts.filter(Boolean).join(" · ");
  }

  isOwn(person) {
    if (this.room.isGuest) return person.sessionId === this.room.sessionId;
    return person.userId === this.room.session.userId;
  }

  /** Only what is allowed is offered. */
  actionsFor(person, /** @type {string} */ name) {
    const { room } = this;
    if (!room.isModerator || this.isOwn(person)) return [];
    if (room.room.type === RoomType.ONE_TO_ONE) return [];
    const isGuest = GUESTS.includes(person.participantType);
    const target = isGuest ? { sessionId: person.sessionId } : { participant: person.userId };
    const moderators = `room/${room.token}/moderators`;
    const actions = [];
    const action = (/** @type {string} */ text, work, kind = "") =>
      actions.push(h("button", { class: `tk-link ${kind}`, type: "button", onclick: work }, text));
    if ([ParticipantType.USER, ParticipantType.GUEST].includes(person.participantType)) {
      action(gettext("Make a moderator"), () =>
        this.attempt(() => room.api.post(moderators, target)),
      );
    }
    const isModerator = [ParticipantType.MODERATOR, ParticipantType.GUEST_MODERATOR];
    if (isModerator.includes(person.participantType)) {
      action(gettext("No longer a moderator"), () =>
        this.attempt(() => room.api.delete(moderators, { query: target })),
      );
    }
    if (person.participantType !== ParticipantType.OWNER) {
      action(gettext("Remove"), () => this.remove(person, name, isGuest), "tk-danger");
    }
    return actions;
  }

  async remove(person, /** @type {string} */ name, /** @type {boolean} */ isGuest) {
    const isSure = await confirmDialog(this.element.closest(".talk"), {
      title: gettext("Remove from the conversation?"),
      text: name,
      yes: gettext("Remove"),
      isDanger: true,
    });
    if (!isSure) return;
    const base = `room/${this.room.token}/participants`;
    const path = isGuest ? `${base}/guests` : base;
    const query = { participant: isGuest ? person.sessionId : person.userId };
    await this.attempt(() => this.room.api.delete(path, { query }));
  }
}

/** What somebody is called. */
export function nameOf(/** @type {any} */ person) {
  return person.displayName || person.userId || gettext("Guest");
}

/** Moderators first, then who is here, then by name. */
function byRank(one, other) {
  const rank = (person) => [
    [ParticipantType.OWNER, ParticipantType.MODERATOR].includes(person.participantType) ? 0 : 1,
    person.sessionId === NO_SESSION ? 1 : 0,
    GUESTS.includes(person.participantType) ? 1 : 0,
  ];
  const [a, b] = [rank(one), rank(other)];
  const place = a.findIndex((value, index) => value !== b[index]);
  return place < 0 ? nameOf(one).localeCompare(nameOf(other)) : a[place] - b[place];
}
