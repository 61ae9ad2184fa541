/** Pictures of users, guests and rooms. */

import { RoomType } from "../core/constants.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";

/**
 * Load a picture again that failed to load while the browser was offline.
 * @param {Event} event
 */
function onError({ target }) {
  if (navigator.onLine) return;
  const image = /** @type {HTMLImageElement} */ (target);
  const { src } = image;
  const reload = () => {
    image.src = src;
  };
  window.addEventListener("online", reload, { once: true });
}

/**
 * Make the picture of a person. Screen readers skip it: the name stands beside it.
 * @param {import("../core/page-context.js").PageContext} context
 * @param {import("../core/page-context.js").Person} person
 * @param {string} [size]
 */
export function avatar(context, person, size = "") {
  return h("img", {
    class: `tk-avatar ${size && `tk-avatar-${size}`}`,
    src: context.avatarUrl(person),
    alt: "",
    loading: "lazy",
    draggable: "false",
    onerror: onError,
  });
}

/**
 * Make the picture of a room: of the other user, or an icon for the type of the room.
 * @param {import("../core/page-context.js").PageContext} context
 * @param {import("../core/types.js").RoomData} room
 */
export function roomAvatar(context, { type, name, displayName }) {
  if (type === RoomType.ONE_TO_ONE) {
    return avatar(context, { type: "user", id: name, name: displayName });
  }
  const drawing = type === RoomType.PUBLIC ? "public" : "people";
  return h("span", { class: "tk-avatar tk-avatar-room" }, icon(drawing));
}
