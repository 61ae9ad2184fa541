/** The door of a room: who comes in by a link says their name, and the password. */

import { ApiError } from "../core/api.js";
import { recall } from "../core/storage.js";
import { gettext } from "../i18n.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** How long the server lets a guest's name be. */
const NAME_MAX = 64;

/** @param {import("../core/room.js").RoomConnection} room */
export function entrance(room) {
  const { hasPassword, displayName } = room.room;
  const error = h("p", { class: "tk-error", role: "alert", id: "tk-entrance-error" });
  const name = h("input", {
    class: "tk-field",
    name: "name",
    autocomplete: "nickname",
    maxlength: NAME_MAX,
    dir: "auto",
    value: recall("guest-name") ?? "",
  });
  const password = h("input", {
    class: "tk-field",
    name: "password",
    type: "password",
    autocomplete: "off",
    required: true,
    "aria-describedby": "tk-entrance-error",
  });
  const button = h("button", { class: "tk-button tk-primary", type: "submit" }, gettext("Enter"));
  const enter = async (/** @type {Event} */ event) => {
    event.preventDefault();
    button.disabled = true;
    setText(error, "");
    try {
      const given = room.isGuest ? { name: name.value.trim() } : {};
      await room.enter({ ...given, password: password.value });
    } catch (reason) {
      if (!(reason instanceof ApiError)) throw reason;
      setText(error, refusal(reason.status));
      if (reason.status === 403) password.select();
    } finally {
      button.disabled = false;
    }
  };
  return h(
    "form",
    { class: "tk-notice tk-entrance", onsubmit: enter },
    h("span", { class: "tk-notice-icon" }, icon(hasPassword ? "lock" : "public")),
    h("h1", { dir: "auto" }, displayName || gettext("Conversation")),
    room.isGuest &&
      h("p", {}, gettext("You are invited to this conversation. No account is needed.")),
    room.isGuest && h("label", {}, h("span", {}, gettext("Your name")), name),
    hasPassword && h("label", {}, h("span", {}, gettext("Password")), password),
    error,
    button,
    room.isGuest &&
      room.session.data.loginUrl &&
      h("a", { href: room.session.data.loginUrl }, gettext("I have an account: log in")),
  );
}

function refusal(/** @type {number} */ status) {
  if (status === 403) return gettext("That is not the password.");
  if (status === 429) {
    return gettext("Too many attempts. Wait a moment before you try again.");
  }
  if (status === 404) return gettext("This conversation is not open any more.");
  return gettext("That did not work. Try again.");
}
