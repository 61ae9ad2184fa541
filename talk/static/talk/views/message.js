/** One line of the chat. */

import { RoomType } from "../core/constants.js";
import { gettext, interpolate } from "../i18n.js";
import { avatar } from "./avatar.js";
import { exactly, timeOf } from "./dates.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const LINK = /\bhttps?:\/\/[^\s<>"]+/g;

/** What ends a sentence is not part of a link at its end. */
const TRAILING = /[.,:;!?'»”)\]}]+$/;

/** The name of whoever has said something. */
export function authorName(/** @type {import("../core/timeline.js").Message} */ message) {
  if (message.actorDisplayName) return message.actorDisplayName;
  return message.actorType === "guests" ? gettext("Guest") : gettext("Deleted account");
}

/**
 * A comment, with its author above it.
 * @param {import("../core/room.js").RoomConnection} room
 * @param {import("../core/timeline.js").Message} message
 */
export function comment(room, message) {
  const name = authorName(message);
  const type = message.actorType === "guests" ? "guest" : "user";
  const isMentioned = Object.values(message.messageParameters).some(
    (object) => object.type === "user" && object.id === room.session.userId,
  );
  return h(
    "article",
    {
      class: `tk-message ${isMentioned ? "tk-mentioned" : ""}`,
      "data-id": message.id,
    },
    h("div", { class: "tk-picture" }, avatar(room.session, { type, id: message.actorId, name })),
    h(
      "header",
      { class: "tk-byline" },
      h("bdi", { class: "tk-author" }, name),
      type === "guest" && h("span", { class: "tk-badge" }, gettext("Guest")),
      timeElement(message.timestamp),
    ),
    h("div", { class: "tk-text", dir: "auto" }, ...richText(message, room.session.userId)),
  );
}

/** What has happened in the room. */
export function systemMessage(/** @type {import("../core/timeline.js").Message} */ message) {
  return h(
    "div",
    { class: "tk-system", "data-id": message.id },
    h("span", { dir: "auto" }, ...richText(message, "")),
    " ",
    timeElement(message.timestamp),
  );
}

/** Something of one's own that is on its way. */
export function pendingMessage(room, entry, /** @type {{retry, discard}} */ actions) {
  const state = h("div", { class: "tk-state" });
  const element = h(
    "article",
    { class: "tk-message tk-pending", "data-key": entry.key },
    h(
      "div",
      { class: "tk-picture" },
      avatar(room.session, {
        type: room.isGuest ? "guest" : "user",
        id: room.session.userId,
        name: room.ownName,
      }),
    ),
    h(
      "header",
      { class: "tk-byline" },
      h("bdi", { class: "tk-author" }, room.ownName || gettext("Guest")),
    ),
    h("div", { class: "tk-text", dir: "auto" }, ...withLinks(entry.text)),
    state,
  );
  element.shown = "";
  element.update = (/** @type {any} */ now) => {
    if (element.shown === now.state) return;
    element.shown = now.state;
    state.replaceChildren(...stateOf(now, actions));
  };
  element.update(entry);
  return element;
}

/** What is known about the way of a message, and what one may do about it. */
function stateOf(entry, { retry, discard }) {
  if (entry.state === "sending") return [icon("clock"), gettext("Sending …")];
  const isWaiting = entry.state === "waiting";
  return [
    icon(isWaiting ? "clock" : "warning"),
    h("span", {}, isWaiting ? gettext("Waiting for the connection …") : refusal(entry.status)),
    h("button", { class: "tk-link", type: "button", onclick: retry }, gettext("Try again")),
    h("button", { class: "tk-link", type: "button", onclick: discard }, gettext("Discard")),
  ];
}

function refusal(/** @type {number} */ status) {
  if (status === 413) return gettext("Not sent: the message is too long.");
  if (status === 404 || status === 403) {
    return gettext("Not sent: you may not write in this conversation.");
  }
  return gettext("Not sent.");
}

function timeElement(/** @type {number} */ seconds) {
  return h(
    "time",
    { datetime: new Date(1000 * seconds).toISOString(), title: exactly(seconds) },
    timeOf(seconds),
  );
}

/**
 * A message's text: its placeholders are people, its addresses are links.
 * @returns {(Node | string)[]}
 */
export function richText(message, /** @type {string} */ ownId) {
  const parts = [];
  let end = 0;
  for (const match of message.message.matchAll(/\{([^{}]+)\}/g)) {
    const object = message.messageParameters[match[1]];
    if (!object) continue;
    parts.push(...withLinks(message.message.slice(end, match.index)));
    parts.push(richObject(object, match[1], ownId));
    end = match.index + match[0].length;
  }
  return [...parts, ...withLinks(message.message.slice(end))];
}

function richObject(object, /** @type {string} */ key, /** @type {string} */ ownId) {
  if (object.link?.startsWith("http")) return link(object.link, object.name);
  if (!key.startsWith("mention-")) return h("bdi", { class: "tk-name" }, object.name);
  const isOwn = object.id === ownId && ownId !== "";
  return h(
    "bdi",
    { class: `tk-mention ${isOwn ? "tk-mention-own" : ""}`, title: object.id },
    `@${object.name}`,
  );
}

/** @returns {(Node | string)[]} */
function withLinks(/** @type {string} */ text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const address = match[0].replace(TRAILING, "");
    parts.push(text.slice(end, match.index), link(address, address));
    end = match.index + address.length;
  }
  parts.push(text.slice(end));
  return parts.filter((part) => part !== "");
}

function link(/** @type {string} */ address, /** @type {string} */ text) {
  const rel = "noopener noreferrer nofollow";
  return h("a", { href: address, target: "_blank", rel }, text);
}

/** The text alone, in one line. */
export function plainText(/** @type {import("../core/timeline.js").Message} */ message) {
  const text = message.message.replace(/\{([^{}]+)\}/g, (whole, key) => {
    const object = message.messageParameters[key];
    if (!object) return whole;
    return key.startsWith("mention-") ? `@${object.name}` : object.name;
  });
  return text.replace(/\s+/g, " ");
}

/** Who said what, for the list of rooms and for notifications. */
export function summary(room, /** @type {string} */ ownId) {
  const message = room.lastMessage;
  if (Array.isArray(message)) return "";
  const text = plainText(message);
  if (message.systemMessage || room.type === RoomType.ONE_TO_ONE) return text;
  const isOwn = message.actorType === "users" && message.actorId === ownId;
  const name = isOwn ? gettext("You") : authorName(message);
  // Translators: the author of a message and its text.
  return interpolate(gettext("%(name)s: %(text)s"), { name, text });
}
