/** Finding people, groups and addresses. */

import { ApiError } from "../core/api.js";
import { gettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** Milliseconds without a key before it is looked for what was written. */
const STILL = 200;

const SOURCE_WORDS = {
  users: () => "",
  groups: () => gettext("Group"),
  emails: () => gettext("Invite by e-mail"),
};

/** A field and, below it, what was found. */
export class PeopleSearch {
  /**
   * @param {import("../core/session.js").Session} session
   * @param {object} options
   * @param {string} options.label
   * @param {string} options.placeholder shorter, as it has to fit into the field
   * @param {string} [options.token] of the room whose members are left out
   * @param {string[]} [options.kinds] 0 people, 1 groups, 4 addresses
   * @param {(found: {id: string, label: string, source: string}) => void} options.onChosen
   */
  constructor(session, { label, placeholder, token, kinds, onChosen }) {
    this.session = session;
    this.scope = { token, kinds };
    this.onChosen = onChosen;
    this.abort = new AbortController();
    this.timer = 0;
    this.input = h("input", {
      class: "tk-field",
      type: "search",
      "aria-label": label,
      placeholder,
      autocomplete: "off",
      oninput: () => this.onInput(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.onKey(event),
    });
    this.results = h("ul", { class: "tk-results", "aria-label": gettext("Found") });
    this.status = h("p", { class: "tk-nothing", role: "status" });
    this.element = h("div", { class: "tk-people-search" }, this.input, this.status, this.results);
  }

  onInput() {
    clearTimeout(this.timer);
    this.clear();
    if (this.input.value.trim()) this.timer = setTimeout(() => this.look(), STILL);
  }

  /** The only one that was found is meant; and Enter shall not send a form around us. */
  onKey(/** @type {KeyboardEvent} */ event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (this.results.children.length === 1) this.results.querySelector("button").click();
  }

  clear() {
    this.abort.abort();
    this.results.replaceChildren();
    setText(this.status, "");
  }

  async look() {
    this.abort = new AbortController();
    const { signal } = this.abort;
    try {
      const search = this.input.value.trim();
      const found = await this.session.find(search, { ...this.scope, signal });
      this.results.replaceChildren(...found.map((one) => h("li", {}, this.button(one))));
      setText(this.status, found.length ? "" : gettext("Nobody was found."));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      setText(this.status, gettext("The search did not work. Try again."));
    }
  }

  button(found) {
    const picture =
      found.source === "users"
        ? avatar(this.session, { type: "user", id: found.id, name: found.label }, "small")
        : h("span", { class: "tk-avatar tk-avatar-room tk-avatar-small" }, icon(iconOf(found)));
    return h(
      "button",
      { class: "tk-result", type: "button", onclick: () => this.choose(found) },
      picture,
      h("bdi", {}, found.label),
      h("small", {}, SOURCE_WORDS[found.source]?.() ?? ""),
    );
  }

  choose(found) {
    this.input.value = "";
    this.clear();
    this.onChosen(found);
    this.input.focus();
  }
}

function iconOf(/** @type {{source: string}} */ found) {
  return found.source === "groups" ? "people" : "send";
}
