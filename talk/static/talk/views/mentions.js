/** Whom one may mean, while one writes "@". */

import { ApiError } from "../core/api.js";
import { mentionOf } from "../core/timeline.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { h, setText } from "./dom.js";

const LIMIT = 8;

/** An "@" at the start or behind a space, and what has been written of a name. */
const BEGUN = /(^|\s)@([^\s@"]*)$/;

let count = 0;

export class MentionPicker {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {HTMLTextAreaElement} input
   * @param {() => void} onPicked
   */
  constructor(room, input, onPicked) {
    this.room = room;
    this.input = input;
    this.onPicked = onPicked;
    this.people = [];
    this.selected = 0;
    this.search = "";
    count += 1;
    this.id = `tk-mentions-${count}`;
    this.list = h("ul", {
      id: this.id,
      class: "tk-suggestions",
      role: "listbox",
      hidden: true,
      "aria-label": gettext("People to mention"),
    });
    this.status = h("span", { class: "tk-hidden", role: "status" });
    this.element = h("div", { class: "tk-picker" }, this.list, this.status);
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-controls", this.id);
    input.addEventListener("blur", () => this.hide());
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /** Look at what is being written, and suggest who may be meant. */
  async look() {
    const before = this.input.value.slice(0, this.input.selectionStart);
    const begun = BEGUN.exec(before);
    this.abort?.abort();
    if (!begun || this.input.getRootNode().activeElement !== this.input) {
      this.hide();
      return;
    }
    this.abort = new AbortController();
    const { signal } = this.abort;
    try {
      const query = { search: begun[2], limit: LIMIT };
      const path = `chat/${this.room.token}/mentions`;
      const { data } = await this.room.api.get(path, { query, signal });
      this.show(data);
    } catch (error) {
      if (signal.aborted) return;
      this.hide();
      if (!(error instanceof ApiError)) throw error;
    }
  }

  show(people) {
    this.people = people;
    this.selected = 0;
    this.list.replaceChildren(...people.map((person, index) => this.option(person, index)));
    this.list.hidden = people.length === 0;
    this.mark();
    const text = ngettext("%(count)s suggestion", "%(count)s suggestions", people.length);
    setText(this.status, interpolate(text, { count: people.length }));
  }

  option(person, /** @type {number} */ index) {
    const who = { type: "user", id: person.id, name: person.label };
    return h(
      "li",
      {
        id: `${this.id}-${index}`,
        role: "option",
        onpointerdown: (/** @type {Event} */ event) => {
          event.preventDefault();
          this.pick(index);
        },
      },
      avatar(this.room.session, who, "small"),
      h("bdi", {}, person.label),
      h("small", {}, person.id),
    );
  }

  mark() {
    for (const [index, option] of [...this.list.children].entries()) {
      option.setAttribute("aria-selected", String(index === this.selected));
    }
    if (this.isOpen) {
      this.input.setAttribute("aria-activedescendant", `${this.id}-${this.selected}`);
      this.list.children[this.selected].scrollIntoView({ block: "nearest" });
    } else this.input.removeAttribute("aria-activedescendant");
  }

  hide() {
    if (!this.isOpen) return;
    this.list.hidden = true;
    this.mark();
    setText(this.status, "");
  }

  /** @returns {boolean} whether the key was meant for the suggestions */
  onKey(/** @type {KeyboardEvent} */ event) {
    if (!this.isOpen) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      const { length } = this.people;
      this.selected = (this.selected + steps[event.key] + length) % length;
      this.mark();
    } else if (event.key === "Enter" || event.key === "Tab") this.pick(this.selected);
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  pick(/** @type {number} */ index) {
    const { value, selectionStart } = this.input;
    const before = value.slice(0, selectionStart);
    const start = before.length - BEGUN.exec(before)[2].length - 1;
    const mention = `${mentionOf(this.people[index].id)} `;
    this.input.setRangeText(mention, start, selectionStart, "end");
    this.hide();
    this.onPicked();
  }
}
