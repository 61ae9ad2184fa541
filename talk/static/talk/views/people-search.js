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

/**
 * A field and, below it, what was found.
 * @param {import("../core/session.js").Session} session
 * @param {object} options
 * @param {string} options.label
 * @param {string} [options.token] of the room whose members are left out
 * @param {string[]} [options.kinds] 0 people, 1 groups, 4 addresses
 * @param {(found: {id: string, label: string, source: string}) => void} options.onChosen
 */
export function peopleSearch(session, { label, token, kinds, onChosen }) {
  const results = h("ul", { class: "tk-results", "aria-label": gettext("Found") });
  const status = h("p", { class: "tk-nothing", role: "status" });
  let abort = new AbortController();
  let timer = 0;
  const clear = () => {
    abort.abort();
    results.replaceChildren();
    setText(status, "");
  };
  const look = async () => {
    const search = input.value.trim();
    abort = new AbortController();
    const { signal } = abort;
    try {
      const found = await session.find(search, { token, kinds, signal });
      results.replaceChildren(...found.map((one) => h("li", {}, button(one))));
      setText(status, found.length ? "" : gettext("Nobody was found."));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      setText(status, gettext("The search did not work. Try again."));
    }
  };
  const button = (found) =>
    h(
      "button",
      {
        class: "tk-result",
        type: "button",
        onclick: () => {
          input.value = "";
          clear();
          onChosen(found);
          input.focus();
        },
      },
      found.source === "users"
        ? avatar(session, { type: "user", id: found.id, name: found.label }, "small")
        : h("span", { class: "tk-avatar tk-avatar-room tk-avatar-small" }, icon(iconOf(found))),
      h("bdi", {}, found.label),
      h("small", {}, SOURCE_WORDS[found.source]?.() ?? ""),
    );
  const input = h("input", {
    class: "tk-field",
    type: "search",
    "aria-label": label,
    placeholder: label,
    autocomplete: "off",
    oninput: () => {
      clearTimeout(timer);
      clear();
      if (input.value.trim()) timer = setTimeout(look, STILL);
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      // The only one that was found is meant; and Enter shall not send a form around us.
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (results.children.length === 1) results.querySelector("button").click();
    },
  });
  return h("div", { class: "tk-people-search" }, input, status, results);
}

function iconOf(/** @type {{source: string}} */ found) {
  return found.source === "groups" ? "people" : "send";
}
