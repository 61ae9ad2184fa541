/** Pictures of people and rooms. */

import { RoomType } from "../core/constants.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/** Load a picture again that failed to load while the browser was offline. */
function onError(/** @type {Event} */ event) {
  if (navigator.onLine) return;
  const image = /** @type {HTMLImageElement} */ (event.target);
  const { src } = image;
  const reload = () => {
    image.src = src;
  };
  window.addEventListener("online", reload, { once: true });
}

/**
 * Somebody's picture. The name stands beside it, so it says nothing to screen readers.
 * @param {import("../core/session.js").Session} session
 * @param {{type: string, id: string, name: string}} who
 */
export function avatar(session, who, /** @type {string} */ size = "") {
  return h("img", {
    class: `tk-avatar ${size && `tk-avatar-${size}`}`,
    src: session.avatarUrl(who),
    alt: "",
    loading: "lazy",
    draggable: "false",
    onerror: onError,
  });
}

/** A room's picture: the other's, or one for its kind. */
export function roomAvatar(session, room, /** @type {string} */ size = "") {
  if (room.type === RoomType.ONE_TO_ONE) {
    return avatar(session, { type: "user", id: room.name, name: room.displayName }, size);
  }
  const kind = room.type === RoomType.PUBLIC ? "public" : "people";
  return h(
    "span",
    { class: `tk-avatar tk-avatar-room ${size && `tk-avatar-${size}`}` },
    icon(kind),
  );
}
