/** Notices that are shown in place of a room. */

import { gettext } from "../i18n.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** @param {import("../core/room.js").Room} room */
export function missing(room) {
  return notice(
    "lock",
    gettext("There is nothing here for you"),
    room.isGuest
      ? gettext("This conversation is private or does not exist. If you are a member, log in.")
      : gettext("This conversation does not exist, or you are not a member of it."),
    loginLink(room),
  );
}

/** @param {import("../core/room.js").Room} room */
export function ended(room) {
  return notice(
    "leave",
    gettext("You are no longer in this conversation"),
    gettext("It was deleted or closed, or a moderator has removed you."),
    loginLink(room),
  );
}

export function signedOut() {
  return notice(
    "lock",
    gettext("You are not logged in any more"),
    gettext("Log in again to continue. Your text is kept."),
    h("a", { class: "tk-button tk-primary", href: location.href }, gettext("Reload")),
  );
}

export function noRoomChosen() {
  return notice(
    "people",
    gettext("Choose a conversation"),
    gettext("Or start a new one with a person, a group, or everybody who has the link."),
  );
}

export function loading() {
  return h(
    "div",
    { class: "tk-notice", role: "status" },
    h("span", { class: "tk-spinner" }),
    h("p", {}, gettext("Loading …")),
  );
}

/** @param {import("../core/room.js").Room} room */
function loginLink(room) {
  const { loginUrl } = room.context.data;
  return loginUrl && h("a", { class: "tk-button tk-primary", href: loginUrl }, gettext("Log in"));
}

/**
 * @param {import("./icons.js").IconName} drawing
 * @param {string} title
 * @param {string} text
 * @param {import("./dom.js").Child} [link]
 */
function notice(drawing, title, text, link) {
  return h(
    "div",
    { class: "tk-notice" },
    h("span", { class: "tk-notice-icon" }, icon(drawing)),
    h("h1", { tabindex: "-1" }, title),
    h("p", {}, text),
    link,
  );
}
