/** The form in which a non-participant gives a name, and the password, to join a room. */

import { ApiError } from "../core/api.js";
import { GUEST_NAME_LENGTH_MAX, Status } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** @param {import("../core/room.js").Room} room */
export function joinForm(room) {
  const { hasPassword, displayName } = room.data;
  const { loginUrl } = room.context.data;
  const errorText = h("p", { class: "tk-error", role: "alert", id: "tk-join-error" });
  const name = h("input", {
    class: "tk-field",
    name: "name",
    autocomplete: "nickname",
    maxlength: GUEST_NAME_LENGTH_MAX,
    dir: "auto",
    value: room.ownName,
  });
  const password = h("input", {
    class: "tk-field",
    name: "password",
    type: "password",
    autocomplete: "off",
    required: true,
    "aria-describedby": "tk-join-error",
  });
  const button = h("button", { class: "tk-button tk-primary", type: "submit" }, gettext("Enter"));
  const join = async (/** @type {Event} */ event) => {
    event.preventDefault();
    button.disabled = true;
    setText(errorText, "");
    try {
      const given = room.isGuest ? { name: name.value.trim() } : {};
      await room.join({ ...given, password: password.value });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      setText(errorText, refusalText(error.status));
      if (error.status === Status.FORBIDDEN) password.select();
    } finally {
      button.disabled = false;
    }
  };
  return h(
    "form",
    { class: "tk-notice tk-join-form", onsubmit: join },
    h("span", { class: "tk-notice-icon" }, icon(hasPassword ? "lock" : "public")),
    h("h1", { dir: "auto" }, displayName || gettext("Conversation")),
    room.isGuest &&
      h("p", {}, gettext("You are invited to this conversation. No account is needed.")),
    room.isGuest && h("label", {}, h("span", {}, gettext("Your name")), name),
    hasPassword && h("label", {}, h("span", {}, gettext("Password")), password),
    errorText,
    button,
    room.isGuest && loginUrl && h("a", { href: loginUrl }, gettext("I have an account: log in")),
  );
}

/** @param {number} status */
function refusalText(status) {
  switch (status) {
    case Status.FORBIDDEN:
      return gettext("That is not the password.");
    case Status.TOO_MANY_REQUESTS:
      return gettext("Too many attempts. Wait a moment before you try again.");
    case Status.NOT_FOUND:
      return gettext("This conversation is not open any more.");
    default:
      return gettext("That did not work. Try again.");
  }
}
