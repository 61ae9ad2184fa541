/** Sessions of a room finding each other through a signaling server. */

import { Emitter } from "../core/emitter.js";

const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 16;

/** What the server says when another tab has taken the session over. */
const REPLACED = "room_session_reconnected";

/**
 * Connected as long as the room is open: the server tells the site when one goes.
 *
 * Emits `users`, `message` and `session` (the connection is another one than before, and
 * knows nothing of calls).
 */
export class ExternalSignaling extends Emitter {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {string} server
   */
  constructor(room, server) {
    super();
    this.room = room;
    this.url = `${server.replace(/^http/, "ws").replace(/\/$/, "")}/spreed`;
    this.ownId = "";
    this.resumeId = "";
    this.joinedAs = "";
    this.failures = 0;
    this.isClosed = false;
    this.isReplaced = false;
    /** @type {string[]} */
    this.queue = [];
    /** @type {Map<string, any>} who is in the room, by public id */
    this.users = new Map();
    /** @type {Map<string, string>} sessions of the API by public id */
    this.apiSessions = new Map();
    this.isReady = new Promise((resolve) => {
      this.becomeReady = resolve;
    });
    room.on("session", () => this.joinRoom());
  }

  apiSessionOf(/** @type {string} */ id) {
    return this.apiSessions.get(id) ?? "";
  }

  /** Be connected and in the room. */
  async start() {
    if (this.isReplaced) {
      // Another tab has our session; a new one is only ours.
      this.isReplaced = false;
      await this.room.join(this.room.password);
    }
    if (!this.socket) this.connect();
    await this.isReady;
    this.emitUsers();
  }

  /** Calls come and go; the connection stays with the room. */
  stop() {}

  close() {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.transmit({ type: "bye", bye: {} });
    this.socket?.close();
  }

  connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.addEventListener("open", () => this.sayHello());
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.socket) this.receive(JSON.parse(data));
    });
    socket.addEventListener("close", () => {
      if (socket === this.socket) this.reconnect();
    });
  }

  reconnect() {
    this.socket = undefined;
    if (this.isClosed || this.isReplaced) return;
    const longest = Math.min(FIRST_PAUSE_SECONDS * 2 ** this.failures, LONGEST_PAUSE_SECONDS);
    this.failures += 1;
    this.timer = setTimeout(() => this.connect(), 1000 * longest * (0.5 + Math.random()));
  }

  async sayHello() {
    if (this.resumeId) {
      this.transmit({
        id: "hello",
        type: "hello",
        hello: { version: "1.0", resumeid: this.resumeId },
      });
      return;
    }
    const ticket = await this.room.ticket();
    const { api } = this.room;
    this.transmit({
      id: "hello",
      type: "hello",
      hello: {
        version: "1.0",
        auth: {
          url: new URL(`${api.talk}/signaling/backend`, location.origin).href,
          params: { userid: this.room.session.userId, ticket },
        },
      },
    });
  }

  receive(/** @type {any} */ message) {
    const handlers = {
      hello: () => this.onHello(message.hello),
      room: () => this.onRoom(message.room),
      event: () => this.onEvent(message.event),
      message: () => this.onMessage(message.message),
      bye: () => this.onBye(message.bye),
      error: () => this.onError(message),
    };
    handlers[message.type]?.();
  }

  onHello(hello) {
    this.failures = 0;
    const isResumed = hello.sessionid === this.ownId;
    this.ownId = hello.sessionid;
    this.resumeId = hello.resumeid;
    if (!isResumed) {
      this.users.clear();
      this.joinedAs = "";
      this.joinRoom();
    } else this.flush();
  }

  /** Enter the room with the session that the API gave us. */
  joinRoom() {
    const sessionid = this.room.sessionId;
    if (this.socket?.readyState !== WebSocket.OPEN || !this.ownId) return;
    if (this.joinedAs === sessionid) return;
    // The server does not answer who is in the room already: leave it first.
    if (this.joinedAs) this.transmit({ type: "room", room: { roomid: "" } });
    this.joinedAs = sessionid;
    this.transmit({ id: "room", type: "room", room: { roomid: this.room.token, sessionid } });
  }

  onRoom(/** @type {{roomid: string}} */ { roomid }) {
    if (roomid !== this.room.token) return;
    this.becomeReady();
    this.flush();
    this.emit("session");
  }

  onEvent({ target, type, join, leave, update }) {
    if (target === "room" && type === "join") {
      for (const one of join) this.apiSessions.set(one.sessionid, one.roomsessionid ?? "");
    } else if (target === "room" && type === "leave") {
      for (const id of leave) this.users.delete(id);
      this.emitUsers();
    } else if (target === "participants" && type === "update") {
      if (update.roomid !== this.room.token) return;
      for (const user of update.users ?? []) {
        const sessionId = user.sessionId ?? user.sessionid;
        this.users.set(sessionId, { ...user, sessionId, userId: user.userId ?? "" });
      }
      this.emitUsers();
    }
  }

  emitUsers() {
    if (this.users.size > 0) this.emit("users", [...this.users.values()]);
  }

  onMessage({ sender, data }) {
    this.emit("message", { ...data, from: sender.sessionid });
  }

  onBye(/** @type {{reason: string}} */ { reason }) {
    this.resumeId = "";
    this.isReplaced = reason === REPLACED;
  }

  onError({ id, error }) {
    if (id === "hello" && this.resumeId) {
      this.resumeId = "";
      this.sayHello();
    } else if (id === "hello") this.socket?.close();
    else if (id === "room" && error.code === "no_such_room") {
      // The site has forgotten our session; a look at the room gives us another.
      this.joinedAs = "";
      this.room.refreshSoon();
    }
  }

  /** Send something to another session. */
  send({ to, ...data }) {
    const recipient = { type: "session", sessionid: to };
    this.queue.push({ type: "message", message: { recipient, data: { to, ...data } } });
    this.flush();
  }

  flush() {
    if (this.socket?.readyState !== WebSocket.OPEN || !this.joinedAs) return;
    for (const message of this.queue.splice(0)) this.transmit(message);
  }

  /** Write to the server; what is said into a closed socket is said again later. */
  transmit(/** @type {any} */ message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
