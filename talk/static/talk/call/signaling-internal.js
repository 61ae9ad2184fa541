/** Signaling through the site itself. */

import { Emitter } from "../core/emitter.js";
import { Loop } from "../core/loop.js";

/** How long the server may hold a request back. */
const POLL_SECONDS = 60;

/**
 * Runs only during a call: a poll occupies one of few connections.
 * @extends {Emitter<import("../core/types.js").SignalingEvents>}
 */
export class InternalSignaling extends Emitter {
  #room;
  /** @type {{ev: string, sessionId: string, fn: string}[]} */
  #queue = [];
  #pollLoop;
  #sendLoop;

  /** @param {import("../core/room.js").Room} room */
  constructor(room) {
    super();
    this.#room = room;
    this.#pollLoop = new Loop((signal) => this.#poll(signal), {
      onRefused: () => this.emit("sessionLost"),
    });
    this.#sendLoop = new Loop((signal) => this.#sendQueue(signal), {
      // The server would refuse these messages again, and all that depend on them.
      onRefused: () => {
        this.#queue = [];
      },
    });
  }

  get ownId() {
    return this.#room.sessionId;
  }

  /**
   * Return the API's session id for an id of signaling; here they are the same.
   * @param {string} id
   */
  apiSessionOf(id) {
    return id;
  }

  async start() {
    this.#pollLoop.start();
  }

  stop() {
    this.#pollLoop.stop();
    this.#sendLoop.stop();
    this.#queue = [];
  }

  close() {
    this.stop();
  }

  get #path() {
    return `signaling/${this.#room.token}`;
  }

  /** @param {AbortSignal} signal */
  async #poll(signal) {
    const { data } = await this.#room.api.poll(this.#path, {}, POLL_SECONDS, signal);
    for (const { type, data: content } of data) {
      if (type === "message") this.emit("message", JSON.parse(content));
      else if (type === "usersInRoom") this.emit("users", content);
    }
    return 0;
  }

  /**
   * Send data to another session; it is sent again until the server has accepted it.
   * @param {import("../core/types.js").SignalingData} data
   */
  send(data) {
    this.#queue.push({ ev: "message", sessionId: this.ownId, fn: JSON.stringify(data) });
    this.#sendLoop.start();
  }

  /** @param {AbortSignal} signal */
  async #sendQueue(signal) {
    const batch = [...this.#queue];
    if (batch.length > 0) {
      const messages = JSON.stringify(batch);
      await this.#room.api.post(this.#path, { messages }, { signal });
      this.#queue.splice(0, batch.length);
    }
    if (this.#queue.length === 0) this.#sendLoop.stop();
    return 0;
  }
}
