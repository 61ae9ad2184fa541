/** The settings of a room; only the ones that the user may change are shown. */

import {
  GUEST_NAME_LENGTH_MAX,
  NotificationLevel,
  ROOM_NAME_LENGTH_MAX,
  RoomType,
} from "../core/constants.js";
import { gettext } from "../i18n.js";
import { confirmDialog } from "./dialogs.js";
import { focusedIn, h, styledParent } from "./dom.js";
import { icon } from "./icons.js";

/**
 * @typedef {object} TextSetting
 * @property {string} title
 * @property {string} name tells the settings apart
 * @property {string} value
 * @property {(text: string) => Promise<boolean>} save
 * @property {number} [maxlength]
 * @property {string} [type]
 * @property {boolean} [isRequired]
 */

export class RoomSettings {
  #room;
  #attempt;
  #onLeft;
  #shown = "";
  /** Whether the user has typed something that is not saved. */
  #isDirty = false;

  /**
   * @param {import("../core/room.js").Room} room
   * @param {import("./details.js").Attempt} attempt
   * @param {() => void} onLeft
   */
  constructor(room, attempt, onLeft) {
    this.#room = room;
    this.#attempt = attempt;
    this.#onLeft = onLeft;
    this.element = h("div", { class: "tk-settings" });
  }

  get #path() {
    return `room/${this.#room.token}`;
  }

  /** Show the settings as they are now, unless the user is typing. */
  update() {
    const { data } = this.#room;
    const key = JSON.stringify([
      data.type,
      data.name,
      data.hasPassword,
      data.participantType,
      data.isFavorite,
      data.notificationLevel,
    ]);
    const focused = focusedIn(this.element);
    const isTyping = this.element.contains(focused) && this.#isDirty;
    if (key === this.#shown || isTyping) return;
    this.#shown = key;
    const sections = [
      this.#ownSection(),
      this.#nameSection(),
      this.#linkSection(),
      this.#endSection(),
    ];
    this.element.replaceChildren(...sections.filter((section) => section !== null));
    const name = focused?.dataset.setting;
    /** @type {HTMLElement | null} */
    const field = name ? this.element.querySelector(`[data-setting="${name}"]`) : null;
    field?.focus();
  }

  /** The settings that concern only the user. */
  #ownSection() {
    if (this.#room.isGuest) {
      return this.#textForm({
        title: gettext("Your name"),
        name: "guest-name",
        value: this.#room.ownName,
        maxlength: GUEST_NAME_LENGTH_MAX,
        save: (name) => this.#attempt(() => this.#room.setGuestName(name)),
      });
    }
    const { isFavorite } = this.#room.data;
    return h(
      "section",
      {},
      h("h3", {}, gettext("For you")),
      h("label", {}, h("span", {}, gettext("Notify me")), this.#levelSelect()),
      this.#switch(gettext("Favorite: at the top of my list"), "favorite", isFavorite),
    );
  }

  #levelSelect() {
    const levels = [
      { level: NotificationLevel.ALWAYS, text: gettext("Every message") },
      { level: NotificationLevel.MENTION, text: gettext("When I am mentioned") },
      { level: NotificationLevel.NEVER, text: gettext("Never") },
    ];
    const { notificationLevel } = this.#room.data;
    const select = h(
      "select",
      {
        class: "tk-field",
        "data-setting": "level",
        onchange: () => {
          const level = Number(select.value);
          this.#attempt(() => this.#room.api.post(`${this.#path}/notify`, { level }));
        },
      },
      ...levels.map(({ level, text }) =>
        h("option", { value: level, selected: level === notificationLevel }, text),
      ),
    );
    return select;
  }

  #nameSection() {
    const { data, isModerator } = this.#room;
    if (!isModerator || data.type === RoomType.ONE_TO_ONE) return null;
    return this.#textForm({
      title: gettext("Name of the conversation"),
      name: "name",
      value: data.name,
      maxlength: ROOM_NAME_LENGTH_MAX,
      isRequired: true,
      save: (roomName) => this.#attempt(() => this.#room.api.put(this.#path, { roomName })),
    });
  }

  /** The settings that decide who may join by the link. */
  #linkSection() {
    const { data, isModerator, isUserModerator } = this.#room;
    const isPublic = data.type === RoomType.PUBLIC;
    const parts = [];
    if (isUserModerator) {
      const text = gettext("Everybody who has the link may join");
      parts.push(this.#switch(text, "public", isPublic));
    }
    if (isPublic) parts.push(this.#linkField());
    if (isPublic && isModerator) parts.push(...this.#passwordParts());
    if (parts.length === 0) return null;
    return h("section", {}, h("h3", {}, gettext("Link")), ...parts);
  }

  #linkField() {
    const url = this.#room.context.roomUrl(this.#room.token);
    const field = h("input", {
      class: "tk-field",
      readonly: true,
      value: url,
      "aria-label": gettext("Link to the conversation"),
      onfocus: () => field.select(),
    });
    const copy = async () => {
      field.select();
      // Pages without TLS have no clipboard; there, the user copies the selected link.
      await this.#attempt(async () => navigator.clipboard?.writeText(url), gettext("Copied."));
    };
    const button = h(
      "button",
      { class: "tk-button", type: "button", onclick: copy },
      icon("copy"),
      gettext("Copy"),
    );
    return h("div", { class: "tk-row" }, field, button);
  }

  #passwordParts() {
    const { hasPassword } = this.#room.data;
    const save = (/** @type {string} */ password) =>
      this.#attempt(() => this.#room.api.put(`${this.#path}/password`, { password }));
    const form = this.#textForm({
      title: hasPassword ? gettext("New password") : gettext("Password"),
      name: "password",
      value: "",
      type: "password",
      isRequired: true,
      save,
    });
    if (!hasPassword) return [form];
    const remove = h(
      "button",
      { class: "tk-link", type: "button", onclick: () => save("") },
      gettext("Remove the password"),
    );
    return [form, remove];
  }

  #endSection() {
    if (this.#room.isGuest) return null;
    const leave = h(
      "button",
      { class: "tk-button", type: "button", onclick: () => this.#leave() },
      icon("leave"),
      gettext("Leave the conversation"),
    );
    const remove = h(
      "button",
      { class: "tk-button tk-danger", type: "button", onclick: () => this.#delete() },
      icon("trash"),
      gettext("Delete the conversation"),
    );
    const buttons = this.#room.isModerator ? [leave, remove] : [leave];
    return h("section", { class: "tk-ending" }, h("h3", {}, gettext("End")), ...buttons);
  }

  async #leave() {
    const isOneToOne = this.#room.data.type === RoomType.ONE_TO_ONE;
    await this.#confirmDeletion(`${this.#path}/participants/self`, {
      title: gettext("Leave the conversation?"),
      text: isOneToOne
        ? gettext("It is deleted for both of you, with all messages.")
        : gettext("You will not see it any more, unless somebody adds you again."),
      yes: gettext("Leave"),
    });
  }

  async #delete() {
    await this.#confirmDeletion(this.#path, {
      title: gettext("Delete the conversation?"),
      text: gettext("It is deleted for everybody, with all messages."),
      yes: gettext("Delete"),
    });
  }

  /**
   * Ask the user, send a DELETE request, and go back to the list.
   * @param {string} path
   * @param {{title: string, text: string, yes: string}} texts
   */
  async #confirmDeletion(path, texts) {
    const parent = styledParent(this.element);
    if (!(await confirmDialog(parent, { ...texts, isDanger: true }))) return;
    if (await this.#attempt(() => this.#room.api.delete(path))) this.#onLeft();
  }

  /**
   * Make a switch that sends POST or DELETE to the URL of the setting.
   * @param {string} text
   * @param {string} name
   * @param {boolean} isOn
   */
  #switch(text, name, isOn) {
    const path = `${this.#path}/${name}`;
    const input = h("input", {
      type: "checkbox",
      role: "switch",
      checked: isOn,
      "data-setting": name,
      onchange: async () => {
        const { api } = this.#room;
        const isSaved = await this.#attempt(() =>
          input.checked ? api.post(path) : api.delete(path),
        );
        if (!isSaved) input.checked = isOn;
      },
    });
    return h("label", { class: "tk-switch" }, input, h("span", {}, text));
  }

  /**
   * Make a text field with a button that saves it.
   * @param {TextSetting} setting
   */
  #textForm({ title, name, value, maxlength, save, type = "text", isRequired = false }) {
    const input = h("input", {
      class: "tk-field",
      type,
      value,
      maxlength,
      dir: "auto",
      autocomplete: type === "password" ? "new-password" : "off",
      required: isRequired,
      "data-setting": name,
      oninput: () => {
        this.#isDirty = true;
      },
    });
    const onsubmit = async (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#isDirty = false;
      const isSaved = await save(input.value.trim());
      if (isSaved && type === "password") input.value = "";
    };
    const button = h("button", { class: "tk-button", type: "submit" }, gettext("Save"));
    return h(
      "form",
      { class: "tk-form", onsubmit },
      h("label", {}, h("span", {}, title), h("span", { class: "tk-row" }, input, button)),
    );
  }
}
