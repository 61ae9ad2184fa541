/** What may be changed about a room: only what is allowed is shown. */

import { NotificationLevel, ParticipantType, RoomType } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { confirmDialog } from "./dialogs.js";
import { focusedIn, h } from "./dom.js";
import { icon } from "./icons.js";
import { NAME_MAX } from "./new-room.js";

/** How long the server lets a guest's name be. */
const GUEST_NAME_MAX = 64;

export class Settings {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {(work: () => Promise<any>, done?: string) => Promise<boolean>} attempt
   * @param {() => void} onLeft
   */
  constructor(room, attempt, onLeft) {
    this.room = room;
    this.attempt = attempt;
    this.onLeft = onLeft;
    this.element = h("div", { class: "tk-settings" });
    this.shown = "";
  }

  get path() {
    return `room/${this.room.token}`;
  }

  get isUserModerator() {
    const type = this.room.room.participantType;
    return type === ParticipantType.OWNER || type === ParticipantType.MODERATOR;
  }

  /** Draw what the room is like now, unless somebody is typing. */
  show() {
    const { room } = this.room;
    const facts = [
      room.type,
      room.name,
      room.hasPassword,
      room.participantType,
      room.isFavorite,
      room.notificationLevel,
    ];
    const key = JSON.stringify(facts);
    const isTyping = this.element.contains(focusedIn(this.element)) && this.isDirty;
    if (key === this.shown || isTyping) return;
    this.shown = key;
    const focused = focusedIn(this.element)?.dataset?.setting;
    this.element.replaceChildren(
      ...[this.own(), this.naming(), this.access(), this.ending()].filter(Boolean),
    );
    if (focused) this.element.querySelector(`[data-setting="${focused}"]`)?.focus();
  }

  /** What concerns only oneself. */
  own() {
    const { room } = this.room;
    if (this.room.isGuest) {
      return this.textForm({
        title: gettext("Your name"),
        setting: "guest-name",
        value: this.room.ownName,
        maxlength: GUEST_NAME_MAX,
        save: (name) => this.attempt(() => this.room.setGuestName(name)),
      });
    }
    const levels = {
      [NotificationLevel.ALWAYS]: gettext("Every message"),
      [NotificationLevel.MENTION]: gettext("When I am mentioned"),
      [NotificationLevel.NEVER]: gettext("Never"),
    };
    const select = h(
      "select",
      {
        class: "tk-field",
        "data-setting": "level",
        onchange: () => {
          const level = Number(select.value);
          this.attempt(() => this.room.api.post(`${this.path}/notify`, { level }));
        },
      },
      ...Object.entries(levels).map(([level, text]) =>
        h("option", { value: level, selected: Number(level) === room.notificationLevel }, text),
      ),
    );
    return h(
      "section",
      {},
      h("h3", {}, gettext("For you")),
      h("label", {}, h("span", {}, gettext("Notify me")), select),
      this.toggle(gettext("Favorite: at the top of my list"), "favorite", room.isFavorite),
    );
  }

  naming() {
    const { room } = this.room;
    if (!this.room.isModerator || room.type === RoomType.ONE_TO_ONE) return null;
    return this.textForm({
      title: gettext("Name of the conversation"),
      setting: "name",
      value: room.name,
      maxlength: NAME_MAX,
      isRequired: true,
      save: (roomName) => this.attempt(() => this.room.api.put(this.path, { roomName })),
    });
  }

  /** Who may come in. */
  access() {
    const { room } = this.room;
    const isPublic = room.type === RoomType.PUBLIC;
    const parts = [];
    if (this.isUserModerator) {
      const text = gettext("Everybody who has the link may join");
      parts.push(this.toggle(text, "public", isPublic));
    }
    if (isPublic) parts.push(this.link());
    if (isPublic && this.room.isModerator) parts.push(...this.passwordForms());
    if (parts.length === 0) return null;
    return h("section", {}, h("h3", {}, gettext("Link")), ...parts);
  }

  link() {
    const address = this.room.session.roomUrl(this.room.token);
    const field = h("input", {
      class: "tk-field",
      readonly: true,
      value: address,
      "aria-label": gettext("Link to the conversation"),
      onfocus: () => field.select(),
    });
    const copy = async () => {
      field.select();
      // The clipboard is there on secure pages only; elsewhere the link is selected.
      await this.attempt(async () => navigator.clipboard?.writeText(address), gettext("Copied."));
    };
    return h(
      "div",
      { class: "tk-row" },
      field,
      h(
        "button",
        { class: "tk-button", type: "button", onclick: copy },
        icon("copy"),
        gettext("Copy"),
      ),
    );
  }

  passwordForms() {
    const { hasPassword } = this.room.room;
    const save = (/** @type {string} */ password) =>
      this.attempt(() => this.room.api.put(`${this.path}/password`, { password }));
    const form = this.textForm({
      title: hasPassword ? gettext("New password") : gettext("Password"),
      setting: "password",
      value: "",
      type: "password",
      isRequired: true,
      save,
    });
    const remove = h(
      "button",
      { class: "tk-link", type: "button", onclick: () => save("") },
      gettext("Remove the password"),
    );
    return hasPassword ? [form, remove] : [form];
  }

  ending() {
    if (this.room.isGuest) return null;
    const leave = h(
      "button",
      { class: "tk-button", type: "button", onclick: () => this.leave() },
      icon("leave"),
      gettext("Leave the conversation"),
    );
    const remove = h(
      "button",
      { class: "tk-button tk-danger", type: "button", onclick: () => this.remove() },
      icon("trash"),
      gettext("Delete the conversation"),
    );
    const parts = this.room.isModerator ? [leave, remove] : [leave];
    return h("section", { class: "tk-ending" }, h("h3", {}, gettext("End")), ...parts);
  }

  async leave() {
    const isOneToOne = this.room.room.type === RoomType.ONE_TO_ONE;
    await this.endBy(`${this.path}/participants/self`, {
      title: gettext("Leave the conversation?"),
      text: isOneToOne
        ? gettext("It is deleted for both of you, with all messages.")
        : gettext("You will not see it any more, unless somebody adds you again."),
      yes: gettext("Leave"),
    });
  }

  async remove() {
    await this.endBy(this.path, {
      title: gettext("Delete the conversation?"),
      text: gettext("It is deleted for everybody, with all messages."),
      yes: gettext("Delete"),
    });
  }

  async endBy(/** @type {string} */ path, words) {
    const parent = this.element.closest(".talk");
    if (!(await confirmDialog(parent, { ...words, isDanger: true }))) return;
    if (await this.attempt(() => this.room.api.delete(path))) this.onLeft();
  }

  /** A switch for something that is there or not. */
  toggle(/** @type {string} */ text, /** @type {string} */ name, /** @type {boolean} */ isOn) {
    const path = `${this.path}/${name}`;
    const input = h("input", {
      type: "checkbox",
      role: "switch",
      checked: isOn,
      "data-setting": name,
      onchange: async () => {
        const { api } = this.room;
        const isDone = await this.attempt(() =>
          input.checked ? api.post(path) : api.delete(path),
        );
        if (!isDone) input.checked = isOn;
      },
    });
    return h("label", { class: "tk-switch" }, input, h("span", {}, text));
  }

  /** A text with a button that saves it. */
  textForm({ title, setting, value, maxlength, save, type = "text", isRequired = false }) {
    const input = h("input", {
      class: "tk-field",
      type,
      value,
      maxlength,
      dir: "auto",
      autocomplete: type === "password" ? "new-password" : "off",
      required: isRequired,
      "data-setting": setting,
      oninput: () => {
        this.isDirty = true;
      },
    });
    return h(
      "form",
      {
        class: "tk-form",
        onsubmit: async (/** @type {Event} */ event) => {
          event.preventDefault();
          this.isDirty = false;
          const isDone = await save(input.value.trim());
          if (isDone && type === "password") input.value = "";
        },
      },
      h(
        "label",
        {},
        h("span", {}, title),
        h(
          "span",
          { class: "tk-row" },
          input,
          h("button", { class: "tk-button", type: "submit" }, gettext("Save")),
        ),
      ),
    );
  }
}
