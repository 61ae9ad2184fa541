/** Where one writes. */

import { MESSAGE_MAX } from "../core/constants.js";
import { recall, remember } from "../core/storage.js";
import { gettext, interpolate } from "../i18n.js";
import { h, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { MentionPicker } from "./mentions.js";

/** From here on the number of characters is shown. */
const COUNT_FROM = MESSAGE_MAX - 100;

export class Composer {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   */
  constructor(room) {
    this.room = room;
    this.draftKey = `draft:${room.memoryKey}`;
    this.input = h("textarea", {
      class: "tk-input",
      rows: "1",
      dir: "auto",
      placeholder: gettext("Write a message"),
      "aria-label": gettext("Message"),
      enterkeyhint: "send",
      autocomplete: "off",
      oninput: () => this.onInput(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.onKey(event),
    });
    this.picker = new MentionPicker(room, this.input, () => this.onInput());
    this.count = h("span", { class: "tk-count", role: "status" });
    this.button = h(
      "button",
      { class: "tk-button tk-primary tk-send", type: "submit", "aria-label": gettext("Send") },
      icon("send"),
    );
    this.element = h(
      "form",
      {
        class: "tk-composer",
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.send();
        },
      },
      this.picker.element,
      h("div", { class: "tk-input-frame" }, this.input, this.count),
      this.button,
    );
    this.input.value = recall(this.draftKey) ?? "";
    this.onInput();
  }

  focus() {
    // On a phone, focus would cover half of the screen with the keyboard.
    if (matchMedia("(pointer: fine)").matches) this.input.focus({ preventScroll: true });
  }

  onInput() {
    remember(this.draftKey, this.input.value || undefined);
    const length = [...this.input.value.trim()].length;
    const isTooLong = length > MESSAGE_MAX;
    this.button.disabled = length === 0 || isTooLong;
    setText(
      this.count,
      length < COUNT_FROM
        ? ""
        : interpolate(gettext("%(count)s of %(limit)s characters"), {
            count: length,
            limit: MESSAGE_MAX,
          }),
    );
    this.count.classList.toggle("tk-error", isTooLong);
    setAttribute(this.input, "aria-invalid", isTooLong);
    this.input.style.height = "auto";
    this.input.style.height = `${this.input.scrollHeight}px`;
    this.picker.look();
  }

  onKey(/** @type {KeyboardEvent} */ event) {
    if (event.isComposing || this.picker.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    }
  }

  send() {
    if (this.button.disabled) return;
    const text = this.input.value.trim();
    this.input.value = "";
    this.onInput();
    this.room.outbox.say(text);
    this.input.focus({ preventScroll: true });
  }
}
