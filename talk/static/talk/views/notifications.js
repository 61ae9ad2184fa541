/** Notifications of the browser. */

import { NotificationKind } from "../core/constants.js";
import { gettext, interpolate } from "../i18n.js";
import { summary } from "./message.js";

/**
 * Notify the user of a change in a room, if the user has allowed that.
 * @param {import("../core/page-context.js").PageContext} context
 * @param {import("../core/types.js").RoomData} room
 * @param {string} kind one of NotificationKind
 * @param {() => void} onChosen
 */
export function notify(context, room, kind, onChosen) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const title = interpolate(titleFormat(kind), { room: room.displayName });
  const body = kind === NotificationKind.CALL ? "" : summary(room, context.userId);
  try {
    // All tabs use the same tag, so the browser shows one notification for all of them.
    const notification = new Notification(title, { body, tag: `talk-${room.token}-${kind}` });
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
      onChosen();
    });
  } catch {
    // Some phones have the class but allow notifications only from service workers.
  }
}

/** @param {string} kind one of NotificationKind */
function titleFormat(kind) {
  switch (kind) {
    case NotificationKind.MENTION:
      return gettext("You were mentioned in %(room)s");
    case NotificationKind.CALL:
      return gettext("A call is running in %(room)s");
    default:
      return "%(room)s";
  }
}
