/** The form that sends messages. */

import { MESSAGE_LENGTH_MAX } from "../core/constants.js";
import { loadValue, storeValue } from "../core/storage.js";
import { gettext, interpolate } from "../i18n.js";
import { h, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { MentionPicker } from "./mention-picker.js";

/** From this length on, the number of characters is shown. */
const COUNT_FROM = MESSAGE_LENGTH_MAX - 100;

export class Composer {
  #room;
  #draftKey;
  #input;
  #mentionPicker;
  #count = h("span", { class: "tk-count", role: "status" });
  #button;

  /** @param {import("../core/room.js").Room} room */
  constructor(room) {
    this.#room = room;
    this.#draftKey = `draft:${room.storageKey}`;
    this.#input = h("textarea", {
      class: "tk-input",
      rows: "1",
      dir: "auto",
      placeholder: gettext("Write a message"),
      "aria-label": gettext("Message"),
      enterkeyhint: "send",
      autocomplete: "off",
      oninput: () => this.#onInput(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
    });
    this.#mentionPicker = new MentionPicker(room, this.#input, () => this.#onInput());
    this.#button = h(
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
          this.#send();
        },
      },
      this.#mentionPicker.element,
      h("div", { class: "tk-input-frame" }, this.#input, this.#count),
      this.#button,
    );
    this.#input.value = loadValue(this.#draftKey) ?? "";
    this.#onInput();
  }

  focus() {
    // On a phone, focus would open the keyboard, which covers half of the screen.
    if (matchMedia("(pointer: fine)").matches) this.#input.focus({ preventScroll: true });
  }

  #onInput() {
    const input = this.#input;
    storeValue(this.#draftKey, input.value || undefined);
    const length = [...input.value.trim()].length;
    const isTooLong = length > MESSAGE_LENGTH_MAX;
    this.#button.disabled = length === 0 || isTooLong;
    const count = interpolate(gettext("%(count)s of %(limit)s characters"), {
      count: length,
      limit: MESSAGE_LENGTH_MAX,
    });
    setText(this.#count, length < COUNT_FROM ? "" : count);
    this.#count.classList.toggle("tk-error", isTooLong);
    setAttribute(input, "aria-invalid", isTooLong);
    input.style.height = "auto";
    input.style.height = `${input.scrollHeight}px`;
    this.#mentionPicker.suggest();
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing || this.#mentionPicker.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#send();
    }
  }

  #send() {
    if (this.#button.disabled) return;
    const text = this.#input.value.trim();
    this.#input.value = "";
    this.#onInput();
    this.#room.outbox.add(text);
    this.#input.focus({ preventScroll: true });
  }
}
