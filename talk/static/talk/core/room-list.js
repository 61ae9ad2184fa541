/** All rooms of the user, kept up to date. */

import { NotificationKind, NotificationLevel } from "./constants.js";
import { Emitter } from "./emitter.js";
import { Loop } from "./loop.js";

const VISIBLE_SECONDS = 5;
const HIDDEN_SECONDS = 20;

/**
 * Emits `change`, and `notification` when something happened that the user's notification level
 * for the room covers.
 * @extends {Emitter<{
 *   change: undefined,
 *   notification: {room: import("./types.js").RoomData, kind: string},
 * }>}
 */
export class RoomList extends Emitter {
  #loop;

  /** @param {import("./page-context.js").PageContext} context */
  constructor(context) {
    super();
    this.context = context;
    /** @type {import("./types.js").RoomData[] | undefined} undefined until they are loaded */
    this.rooms = undefined;
    this.#loop = new Loop((signal) => this.#load(signal));
    context.on("roomsChanged", () => this.#loop.restart());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#loop.restart();
    });
  }

  start() {
    this.#loop.start();
  }

  /** How many rooms ask for attention, by the notification level of each room. */
  get unreadCount() {
    const rooms = this.rooms ?? [];
    return rooms.filter(
      ({ unreadMention, notificationLevel, unreadMessages }) =>
        unreadMention || (notificationLevel === NotificationLevel.ALWAYS && unreadMessages > 0),
    ).length;
  }

  /** @param {AbortSignal} signal */
  async #load(signal) {
    const { data } = await this.context.api.get("room", { signal });
    const before = this.rooms && new Map(this.rooms.map((room) => [room.token, room]));
    this.rooms = data;
    this.emit("change");
    if (before) {
      for (const room of data) {
        const kind = notificationKind(before.get(room.token), room);
        if (kind) this.emit("notification", { room, kind });
      }
    }
    return document.visibilityState === "visible" ? VISIBLE_SECONDS : HIDDEN_SECONDS;
  }
}

/**
 * Return what has happened in a room that its notification level covers.
 * @param {import("./types.js").RoomData | undefined} before undefined for a new room
 * @param {import("./types.js").RoomData} now
 * @returns {string | undefined} one of NotificationKind
 */
function notificationKind(before, now) {
  if (now.notificationLevel === NotificationLevel.NEVER) return undefined;
  const hasNewMessages = now.unreadMessages > (before?.unreadMessages ?? 0);
  if (now.unreadMention && hasNewMessages) return NotificationKind.MENTION;
  if (now.notificationLevel === NotificationLevel.ALWAYS && hasNewMessages)
    return NotificationKind.MESSAGE;
  if (now.hasCall && !before?.hasCall && !now.participantInCall) return NotificationKind.CALL;
  return undefined;
}
