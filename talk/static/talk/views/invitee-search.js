/** A search for users, groups and e-mail addresses to invite. */

import { ApiError } from "../core/api.js";
import { InviteeSource } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** Milliseconds after the last key before the search starts. */
const DELAY_MILLISECONDS = 200;

/** @typedef {import("../core/page-context.js").Invitee} Invitee */

/** A field and, below it, the results. */
export class InviteeSearch {
  #context;
  #scope;
  #onChosen;
  #controller = new AbortController();
  /** @type {number | undefined} */
  #timer;
  #input;
  #results = h("ul", { class: "tk-results", "aria-label": gettext("Found") });
  #status = h("p", { class: "tk-nothing", role: "status" });

  /**
   * @param {import("../core/page-context.js").PageContext} context
   * @param {object} options
   * @param {string} options.label
   * @param {string} options.placeholder shorter than the label, to fit into the field
   * @param {string} [options.token] the room whose participants are left out
   * @param {readonly string[]} [options.shareTypes] values of ShareType
   * @param {(invitee: Invitee) => void} options.onChosen
   */
  constructor(context, { label, placeholder, token, shareTypes, onChosen }) {
    this.#context = context;
    this.#scope = { token, shareTypes };
    this.#onChosen = onChosen;
    this.#input = h("input", {
      class: "tk-field",
      type: "search",
      "aria-label": label,
      placeholder,
      autocomplete: "off",
      oninput: () => this.#onInput(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
    });
    const parts = [this.#input, this.#status, this.#results];
    this.element = h("div", { class: "tk-invitee-search" }, ...parts);
  }

  #onInput() {
    clearTimeout(this.#timer);
    this.#clear();
    if (!this.#input.value.trim()) return;
    this.#timer = setTimeout(() => this.#search(), DELAY_MILLISECONDS);
  }

  /**
   * Choose the only result on Enter, which must not submit a form around the field.
   * @param {KeyboardEvent} event
   */
  #onKey(event) {
    if (event.key !== "Enter") return;
    event.preventDefault();
    if (this.#results.children.length === 1) this.#results.querySelector("button")?.click();
  }

  #clear() {
    this.#controller.abort();
    this.#results.replaceChildren();
    setText(this.#status, "");
  }

  async #search() {
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    try {
      const text = this.#input.value.trim();
      const invitees = await this.#context.findInvitees(text, { ...this.#scope, signal });
      const items = invitees.map((invitee) => h("li", {}, this.#resultButton(invitee)));
      this.#results.replaceChildren(...items);
      setText(this.#status, invitees.length ? "" : gettext("Nobody was found."));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      setText(this.#status, gettext("The search did not work. Try again."));
    }
  }

  /** @param {Invitee} invitee */
  #resultButton(invitee) {
    const { id, label, source } = invitee;
    const drawing = source === InviteeSource.GROUPS ? "people" : "send";
    const picture =
      source === InviteeSource.USERS
        ? avatar(this.#context, { type: "user", id, name: label }, "small")
        : h("span", { class: "tk-avatar tk-avatar-room tk-avatar-small" }, icon(drawing));
    return h(
      "button",
      { class: "tk-result", type: "button", onclick: () => this.#choose(invitee) },
      picture,
      h("bdi", {}, label),
      h("small", {}, sourceText(source)),
    );
  }

  /** @param {Invitee} invitee */
  #choose(invitee) {
    this.#input.value = "";
    this.#clear();
    this.#onChosen(invitee);
    this.#input.focus();
  }
}

/** @param {string} source one of InviteeSource */
function sourceText(source) {
  switch (source) {
    case InviteeSource.GROUPS:
      return gettext("Group");
    case InviteeSource.EMAILS:
      return gettext("Invite by e-mail");
    default:
      return "";
  }
}
