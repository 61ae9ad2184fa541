/** The messages of a chat as elements and as plain text. */

import { ActorType, RoomType, SendState, Status } from "../core/constants.js";
import { gettext, interpolate } from "../i18n.js";
import { avatar } from "./avatar.js";
import { formatFully, formatTime } from "./dates.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

const LINK = /\bhttps?:\/\/[^\s<>"]+/g;

/** Punctuation at the end of a link that belongs to the sentence around it. */
const TRAILING_PUNCTUATION = /[.,:;!?'»”)\]}]+$/;

const PLACEHOLDER = /\{([^{}]+)\}/g;

/**
 * @typedef {import("../core/outbox.js").Entry} Entry
 * @typedef {import("../core/room.js").Room} Room
 * @typedef {import("../core/timeline.js").Message} Message
 * @typedef {import("../core/timeline.js").RichObject} RichObject
 * @typedef {{retry: () => void, discard: () => void}} EntryActions
 */

/** @param {Message} message */
function authorName({ actorDisplayName, actorType }) {
  if (actorDisplayName) return actorDisplayName;
  return actorType === ActorType.GUESTS ? gettext("Guest") : gettext("Deleted account");
}

/**
 * Make the element of a comment, with its author above it.
 * @param {Room} room
 * @param {Message} message
 */
export function commentElement(room, message) {
  const { context } = room;
  const name = authorName(message);
  const type = message.actorType === ActorType.GUESTS ? "guest" : "user";
  const isMentioned = Object.values(message.messageParameters).some(
    (object) => object.type === "user" && object.id === context.userId,
  );
  return h(
    "article",
    {
      class: `tk-message ${isMentioned ? "tk-mentioned" : ""}`,
      "data-id": message.id,
    },
    h("div", { class: "tk-picture" }, avatar(context, { type, id: message.actorId, name })),
    h(
      "header",
      { class: "tk-byline" },
      h("bdi", { class: "tk-author" }, name),
      type === "guest" && h("span", { class: "tk-badge" }, gettext("Guest")),
      timeElement(message.timestamp),
    ),
    h("div", { class: "tk-text", dir: "auto" }, ...richText(message, context.userId)),
  );
}

/** @param {Message} message */
export function systemMessageElement(message) {
  return h(
    "div",
    { class: "tk-system", "data-id": message.id },
    h("span", { dir: "auto" }, ...richText(message, "")),
    " ",
    timeElement(message.timestamp),
  );
}

/**
 * Make the element of a message in the outbox. `showSendState` completes it.
 * @param {Room} room
 * @param {Entry} entry
 */
export function pendingElement(room, entry) {
  return h(
    "article",
    { class: "tk-message tk-pending", "data-key": entry.key },
    h("div", { class: "tk-picture" }, avatar(room.context, room.ownPerson)),
    h(
      "header",
      { class: "tk-byline" },
      h("bdi", { class: "tk-author" }, room.ownName || gettext("Guest")),
    ),
    h("div", { class: "tk-text", dir: "auto" }, ...withLinks(entry.text)),
    h("div", { class: "tk-state" }),
  );
}

/**
 * Show in a pending message whether it is being sent, and what the user can do.
 * @param {Element} element
 * @param {Entry} entry
 * @param {EntryActions} actions
 */
export function showSendState(element, entry, actions) {
  const shown = element.getAttribute("data-state");
  if (shown === entry.state) return;
  element.setAttribute("data-state", entry.state);
  element.querySelector(".tk-state")?.replaceChildren(...sendStateNodes(entry, actions));
}

/**
 * @param {Entry} entry
 * @param {EntryActions} actions
 * @returns {(Node | string)[]}
 */
function sendStateNodes({ state, status }, { retry, discard }) {
  if (state === SendState.SENDING) return [icon("clock"), gettext("Sending …")];
  const isWaiting = state === SendState.WAITING;
  const text = isWaiting ? gettext("Waiting for the connection …") : refusalText(status);
  return [
    icon(isWaiting ? "clock" : "warning"),
    h("span", {}, text),
    h("button", { class: "tk-link", type: "button", onclick: retry }, gettext("Try again")),
    h("button", { class: "tk-link", type: "button", onclick: discard }, gettext("Discard")),
  ];
}

/** @param {number} status */
function refusalText(status) {
  switch (status) {
    case Status.TOO_LARGE:
      return gettext("Not sent: the message is too long.");
    case Status.NOT_FOUND:
    case Status.FORBIDDEN:
      return gettext("Not sent: you may not write in this conversation.");
    default:
      return gettext("Not sent.");
  }
}

/** @param {number} seconds */
function timeElement(seconds) {
  return h(
    "time",
    { datetime: new Date(1000 * seconds).toISOString(), title: formatFully(seconds) },
    formatTime(seconds),
  );
}

/**
 * Return the nodes of a text, with names in place of placeholders, and with links.
 * @param {Message} message
 * @param {string} ownId
 * @returns {(Node | string)[]}
 */
function richText({ message, messageParameters }, ownId) {
  const nodes = [];
  let end = 0;
  for (const match of message.matchAll(PLACEHOLDER)) {
    const [placeholder, key = ""] = match;
    const object = messageParameters[key];
    if (!object) continue;
    nodes.push(...withLinks(message.slice(end, match.index)));
    nodes.push(richObjectElement(object, key, ownId));
    end = match.index + placeholder.length;
  }
  return [...nodes, ...withLinks(message.slice(end))];
}

/**
 * @param {RichObject} object
 * @param {string} key
 * @param {string} ownId
 */
function richObjectElement(object, key, ownId) {
  if (object.link?.startsWith("http")) return linkElement(object.link, object.name);
  if (!isMention(key)) return h("bdi", { class: "tk-name" }, object.name);
  const isOwn = object.id === ownId && ownId !== "";
  return h(
    "bdi",
    { class: `tk-mention ${isOwn ? "tk-mention-own" : ""}`, title: object.id },
    `@${object.name}`,
  );
}

/** @param {string} key */
function isMention(key) {
  return key.startsWith("mention-");
}

/**
 * @param {string} text
 * @returns {(Node | string)[]}
 */
function withLinks(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const url = match[0].replace(TRAILING_PUNCTUATION, "");
    nodes.push(text.slice(end, match.index), linkElement(url, url));
    end = match.index + url.length;
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}

/**
 * @param {string} url
 * @param {string} text
 */
function linkElement(url, text) {
  const rel = "noopener noreferrer nofollow";
  return h("a", { href: url, target: "_blank", rel }, text);
}

/**
 * Return the text in one line, without links.
 * @param {Message} message
 */
function plainText({ message, messageParameters }) {
  const text = message.replace(PLACEHOLDER, (placeholder, key) => {
    const object = messageParameters[key];
    if (!object) return placeholder;
    return isMention(key) ? `@${object.name}` : object.name;
  });
  return text.replace(/\s+/g, " ");
}

/**
 * Return the last message of a room with its author, for the list and for notifications.
 * @param {import("../core/types.js").RoomData} room
 * @param {string} ownId
 */
export function summary({ type, lastMessage }, ownId) {
  if (Array.isArray(lastMessage)) return "";
  const text = plainText(lastMessage);
  if (lastMessage.systemMessage || type === RoomType.ONE_TO_ONE) return text;
  const isOwn = lastMessage.actorType === ActorType.USERS && lastMessage.actorId === ownId;
  const name = isOwn ? gettext("You") : authorName(lastMessage);
  // Translators: the author of a message and its text.
  return interpolate(gettext("%(name)s: %(text)s"), { name, text });
}
