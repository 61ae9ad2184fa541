/** All rooms of the user, kept up to date. */

import { NotificationLevel } from "./constants.js";
import { Emitter } from "./emitter.js";
import { Loop } from "./loop.js";

const VISIBLE_SECONDS = 5;
const HIDDEN_SECONDS = 20;

/**
 * Emits `change`, and `news` with `{room, kind}` when something happened that the
 * user's notification level asks to be told of: `mention`, `message` or `call`.
 */
export class RoomList extends Emitter {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    super();
    this.session = session;
    /** @type {any[] | undefined} */
    this.rooms = undefined;
    this.isSignedOut = false;
    this.loop = new Loop((signal) => this.load(signal), {
      onRefused: () => {
        this.isSignedOut = true;
        this.emit("change");
      },
    });
    session.on("rooms", () => this.loop.restart());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.loop.restart();
    });
  }

  start() {
    this.loop.start();
  }

  /** @param {string} token */
  find(token) {
    return this.rooms?.find((room) => room.token === token);
  }

  /** How many rooms ask for attention, by each one's level. */
  get unreadCount() {
    const asks = (/** @type {any} */ room) =>
      room.unreadMention ||
      (room.notificationLevel === NotificationLevel.ALWAYS && room.unreadMessages > 0);
    return (this.rooms ?? []).filter(asks).length;
  }

  async load(/** @type {AbortSignal} */ signal) {
    const { data } = await this.session.api.get("room", { signal });
    const before = this.rooms && new Map(this.rooms.map((room) => [room.token, room]));
    this.rooms = data;
    this.emit("change");
    if (before) {
      for (const room of data) {
        const kind = newsOf(before.get(room.token), room);
        if (kind) this.emit("news", { room, kind });
      }
    }
    return document.visibilityState === "visible" ? VISIBLE_SECONDS : HIDDEN_SECONDS;
  }
}

/** What has happened in a room that its level asks to be told of. */
function newsOf(before, now) {
  if (now.notificationLevel === NotificationLevel.NEVER) return undefined;
  const known = before ?? { unreadMessages: 0, unreadMention: false, hasCall: false };
  if (now.unreadMention && now.unreadMessages > known.unreadMessages) return "mention";
  const isAlways = now.notificationLevel === NotificationLevel.ALWAYS;
  if (isAlways && now.unreadMessages > known.unreadMessages) return "message";
  if (now.hasCall && !known.hasCall && !now.participantInCall) return "call";
  return undefined;
}
