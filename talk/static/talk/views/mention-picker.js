/** Suggestions of participants to mention, while the user types "@". */

import { ApiError } from "../core/api.js";
import { mentionOf } from "../core/timeline.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { focusedIn, h, setText } from "./dom.js";

const LIMIT = 8;

/** An "@" at the start or behind a space, and the part of a name that follows it. */
const UNFINISHED_MENTION = /(^|\s)@([^\s@"]*)$/;

/** The keys that move the selection, and in which direction. */
const STEPS = new Map([
  ["ArrowDown", 1],
  ["ArrowUp", -1],
]);

let count = 0;

/** @typedef {{id: string, label: string}} Suggestion */

export class MentionPicker {
  #room;
  #input;
  #onPicked;
  /** @type {Suggestion[]} */
  #suggestions = [];
  #selected = 0;
  /** @type {AbortController | undefined} */
  #controller;
  #id;
  #list;
  #status = h("span", { class: "tk-hidden", role: "status" });

  /**
   * @param {import("../core/room.js").Room} room
   * @param {HTMLTextAreaElement} input
   * @param {() => void} onPicked
   */
  constructor(room, input, onPicked) {
    this.#room = room;
    this.#input = input;
    this.#onPicked = onPicked;
    count += 1;
    this.#id = `tk-mentions-${count}`;
    this.#list = h("ul", {
      id: this.#id,
      class: "tk-suggestions",
      role: "listbox",
      hidden: true,
      "aria-label": gettext("People to mention"),
    });
    this.element = h("div", { class: "tk-picker" }, this.#list, this.#status);
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.#id);
    input.addEventListener("blur", () => this.#hide());
  }

  get #isOpen() {
    return !this.#list.hidden;
  }

  /** The beginning of a name before the cursor; undefined without an "@". */
  get #searchText() {
    const before = this.#input.value.slice(0, this.#input.selectionStart);
    return UNFINISHED_MENTION.exec(before)?.[2];
  }

  /** Suggest participants for the text before the cursor. */
  async suggest() {
    const search = this.#searchText;
    this.#controller?.abort();
    if (search === undefined || focusedIn(this.#input) !== this.#input) {
      this.#hide();
      return;
    }
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    try {
      const query = { search, limit: LIMIT };
      const path = `chat/${this.#room.token}/mentions`;
      const { data } = await this.#room.api.get(path, { query, signal });
      this.#show(data);
    } catch (error) {
      if (signal.aborted) return;
      this.#hide();
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** @param {Suggestion[]} suggestions */
  #show(suggestions) {
    this.#suggestions = suggestions;
    this.#selected = 0;
    const { length } = suggestions;
    this.#list.replaceChildren(...suggestions.map((item, index) => this.#option(item, index)));
    this.#list.hidden = length === 0;
    this.#markSelected();
    const text = ngettext("%(count)s suggestion", "%(count)s suggestions", length);
    setText(this.#status, interpolate(text, { count: length }));
  }

  /**
   * @param {Suggestion} suggestion
   * @param {number} index
   */
  #option({ id, label }, index) {
    return h(
      "li",
      {
        id: `${this.#id}-${index}`,
        role: "option",
        onpointerdown: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.#pick(index);
        },
      },
      avatar(this.#room.context, { type: "user", id, name: label }, "small"),
      h("bdi", {}, label),
      h("small", {}, id),
    );
  }

  #markSelected() {
    for (const [index, option] of [...this.#list.children].entries()) {
      option.setAttribute("aria-selected", String(index === this.#selected));
    }
    if (this.#isOpen) {
      this.#input.setAttribute("aria-activedescendant", `${this.#id}-${this.#selected}`);
      this.#list.children[this.#selected]?.scrollIntoView({ block: "nearest" });
    } else this.#input.removeAttribute("aria-activedescendant");
  }

  #hide() {
    if (!this.#isOpen) return;
    this.#list.hidden = true;
    this.#markSelected();
    setText(this.#status, "");
  }

  /**
   * Use a key for the suggestions, if they are shown.
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was used
   */
  onKey(event) {
    if (!this.#isOpen) return false;
    const step = STEPS.get(event.key);
    if (step !== undefined) {
      const { length } = this.#suggestions;
      this.#selected = (this.#selected + step + length) % length;
      this.#markSelected();
    } else if (event.key === "Enter" || event.key === "Tab") this.#pick(this.#selected);
    else if (event.key === "Escape") this.#hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  /** @param {number} index */
  #pick(index) {
    const suggestion = this.#suggestions[index];
    if (!suggestion) return;
    const { selectionStart } = this.#input;
    const start = selectionStart - (this.#searchText ?? "").length - "@".length;
    const mention = `${mentionOf(suggestion.id)} `;
    this.#input.setRangeText(mention, start, selectionStart, "end");
    this.#hide();
    this.#onPicked();
  }
}
