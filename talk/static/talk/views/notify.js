/** Notifications of the browser. */

import { gettext, interpolate } from "../i18n.js";
import { summary } from "./message.js";

/**
 * Tell of something in a room that is not looked at, where the user has allowed it.
 * @param {import("../core/session.js").Session} session
 * @param {any} room
 * @param {"mention" | "message" | "call"} kind
 * @param {() => void} onChosen
 */
export function notify(session, room, kind, onChosen) {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const titles = {
    mention: gettext("You were mentioned in %(room)s"),
    message: "%(room)s",
    call: gettext("A call is running in %(room)s"),
  };
  const title = interpolate(titles[kind], { room: room.displayName });
  const body = kind === "call" ? "" : summary(room, session.userId);
  try {
    // The same tag in all tabs: one notification each, whoever is first.
    const notification = new Notification(title, { body, tag: `talk-${room.token}-${kind}` });
    notification.addEventListener("click", () => {
      window.focus();
      notification.close();
      onChosen();
    });
  } catch {
    // Some phones have the class and refuse to make one outside of a service worker.
  }
}
