/** Sessions of a room finding each other through the site itself. */

import { Emitter } from "../core/emitter.js";
import { Loop } from "../core/loop.js";

/** How long the server holds a request back, at most. */
const POLL_SECONDS = 60;

/**
 * Works only while a call is on: waiting costs one of few connections.
 *
 * Emits `users` (who is connected, and with which flags), `message` (from another session)
 * and `lost` (the site does not know our session any more).
 */
export class InternalSignaling extends Emitter {
  /** @param {import("../core/room.js").RoomConnection} room */
  constructor(room) {
    super();
    this.room = room;
    /** @type {any[]} */
    this.queue = [];
    this.polling = new Loop((signal) => this.pollOnce(signal), {
      onRefused: () => this.emit("lost"),
    });
    this.sending = new Loop((signal) => this.sendOnce(signal), {
      // What the site does not take once it will never take, nor what comes behind it.
      onRefused: () => {
        this.queue = [];
      },
    });
  }

  get ownId() {
    return this.room.sessionId;
  }

  /** The public id in signaling of a session of the API. */
  apiSessionOf(/** @type {string} */ id) {
    return id;
  }

  async start() {
    this.polling.start();
  }

  stop() {
    this.polling.stop();
    this.sending.stop();
    this.queue = [];
  }

  close() {
    this.stop();
  }

  async pollOnce(/** @type {AbortSignal} */ signal) {
    const path = `signaling/${this.room.token}`;
    const { data } = await this.room.api.poll(path, {}, POLL_SECONDS, signal);
    for (const { type, data: content } of data) {
      if (type === "message") this.emit("message", JSON.parse(content));
      else if (type === "usersInRoom") this.emit("users", content);
    }
    return 0;
  }

  /** Send something to another session; it is tried until the site has taken it. */
  send(/** @type {any} */ message) {
    const fn = JSON.stringify(message);
    this.queue.push({ ev: "message", sessionId: this.ownId, fn });
    this.sending.start();
  }

  async sendOnce(/** @type {AbortSignal} */ signal) {
    const batch = [...this.queue];
    if (batch.length > 0) {
      const messages = JSON.stringify(batch);
      const path = `signaling/${this.room.token}`;
      await this.room.api.post(path, { messages }, { signal });
      this.queue.splice(0, batch.length);
    }
    if (this.queue.length === 0) this.sending.stop();
    return 0;
  }
}
