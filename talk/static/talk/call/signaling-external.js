/** Signaling through a signaling server. */

import { Emitter } from "../core/emitter.js";
import { backoffSeconds } from "../core/pause.js";

const LONGEST_PAUSE_SECONDS = 16;

/** The server's reason when another tab has connected with our session. */
const SESSION_TAKEN_OVER = "room_session_reconnected";

/** The server's error when the site does not know our session. */
const NO_SUCH_ROOM = "no_such_room";

/** Ids of our requests, which errors name. */
const RequestId = Object.freeze({ HELLO: "hello", ROOM: "room" });

/**
 * Connected as long as the room is open: the server tells the site when a session ends.
 *
 * Messages of the signaling protocol are `any`: the server defines them.
 * @extends {Emitter<import("../core/types.js").SignalingEvents>}
 */
export class ExternalSignaling extends Emitter {
  #room;
  #url;
  #ownId = "";
  #resumeId = "";
  /** The API's session with which we have entered the room; empty outside. */
  #joinedAs = "";
  #failures = 0;
  #isClosed = false;
  #isTakenOver = false;
  /** @type {object[]} messages that wait until we are in the room */
  #queue = [];
  /** @type {Map<string, import("../core/types.js").CallUser>} by public id */
  #users = new Map();
  /** @type {Map<string, string>} the API's session ids by public id */
  #apiSessions = new Map();
  /** @type {() => void} */
  #markReady = () => {};
  /** @type {Promise<void>} fulfilled when we have entered the room for the first time */
  #ready = new Promise((resolve) => {
    this.#markReady = resolve;
  });
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {number | undefined} */
  #reconnectTimer;

  /**
   * @param {import("../core/room.js").Room} room
   * @param {string} server
   */
  constructor(room, server) {
    super();
    this.#room = room;
    this.#url = `${server.replace(/^http/, "ws").replace(/\/$/, "")}/spreed`;
    room.on("sessionChanged", () => this.#enterRoom());
    this.#connect();
  }

  get ownId() {
    return this.#ownId;
  }

  /**
   * Return the API's session id for a public id; empty when it is unknown.
   * @param {string} id
   */
  apiSessionOf(id) {
    return this.#apiSessions.get(id) ?? "";
  }

  /** Make sure that we are connected and in the room. */
  async start() {
    if (this.#isTakenOver) {
      // Another tab uses our session: get one of our own.
      this.#isTakenOver = false;
      await this.#room.rejoin();
    }
    if (!this.#socket) this.#connect();
    await this.#ready;
    this.#emitUsers();
  }

  /** Do nothing: the connection stays open between calls. */
  stop() {}

  close() {
    this.#isClosed = true;
    clearTimeout(this.#reconnectTimer);
    this.#transmit({ type: "bye", bye: {} });
    this.#socket?.close();
  }

  #connect() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#sendHello());
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#receive(JSON.parse(data));
    });
    socket.addEventListener("close", () => {
      if (socket === this.#socket) this.#reconnectLater();
    });
  }

  #reconnectLater() {
    this.#socket = undefined;
    if (this.#isClosed || this.#isTakenOver) return;
    this.#failures += 1;
    const seconds = backoffSeconds(this.#failures, LONGEST_PAUSE_SECONDS);
    this.#reconnectTimer = setTimeout(() => this.#connect(), 1000 * seconds);
  }

  async #sendHello() {
    const login = this.#resumeId ? { resumeid: this.#resumeId } : { auth: await this.#auth() };
    this.#transmit({ id: RequestId.HELLO, type: "hello", hello: { version: "1.0", ...login } });
  }

  /** The site tells the signaling server whose ticket this is. */
  async #auth() {
    const { ticket } = await this.#room.signalingSettings();
    return {
      url: new URL(this.#room.api.url("signaling/backend"), location.origin).href,
      params: { userid: this.#room.context.userId, ticket },
    };
  }

  /** @param {any} message one of several types */
  #receive(message) {
    switch (message.type) {
      case "hello":
        this.#onHello(message.hello);
        break;
      case "room":
        this.#onRoom(message.room);
        break;
      case "event":
        this.#onEvent(message.event);
        break;
      case "message":
        this.#onMessage(message.message);
        break;
      case "bye":
        this.#onBye(message.bye);
        break;
      case "error":
        this.#onError(message);
        break;
    }
  }

  /** @param {{sessionid: string, resumeid: string}} hello */
  #onHello({ sessionid, resumeid }) {
    this.#failures = 0;
    const isResumed = sessionid === this.#ownId;
    this.#ownId = sessionid;
    this.#resumeId = resumeid;
    if (isResumed) this.#flush();
    else {
      this.#users.clear();
      this.#joinedAs = "";
      this.#enterRoom();
    }
  }

  /** Enter the room with the session that the API gave us. */
  #enterRoom() {
    const sessionid = this.#room.sessionId;
    if (this.#socket?.readyState !== WebSocket.OPEN || !this.#ownId) return;
    if (this.#joinedAs === sessionid) return;
    // The server does not answer a session that is in the room already: leave it first.
    if (this.#joinedAs) this.#transmit({ type: "room", room: { roomid: "" } });
    this.#joinedAs = sessionid;
    const room = { roomid: this.#room.token, sessionid };
    this.#transmit({ id: RequestId.ROOM, type: "room", room });
  }

  /** @param {{roomid: string}} room */
  #onRoom({ roomid }) {
    if (roomid !== this.#room.token) return;
    this.#markReady();
    this.#flush();
    this.emit("sessionChanged");
  }

  /** @param {any} event */
  #onEvent({ target, type, join, leave, update }) {
    if (target === "room" && type === "join") {
      for (const entry of join) this.#apiSessions.set(entry.sessionid, entry.roomsessionid ?? "");
    } else if (target === "room" && type === "leave") {
      for (const id of leave) this.#users.delete(id);
      this.#emitUsers();
    } else if (target === "participants" && type === "update") {
      if (update.roomid !== this.#room.token) return;
      for (const user of update.users ?? []) {
        const sessionId = user.sessionId ?? user.sessionid;
        this.#users.set(sessionId, { ...user, sessionId, userId: user.userId ?? "" });
      }
      this.#emitUsers();
    }
  }

  #emitUsers() {
    if (this.#users.size > 0) this.emit("users", [...this.#users.values()]);
  }

  /** @param {any} message */
  #onMessage({ sender, data }) {
    this.emit("message", { ...data, from: sender.sessionid });
  }

  /** @param {{reason: string}} bye */
  #onBye({ reason }) {
    this.#resumeId = "";
    this.#isTakenOver = reason === SESSION_TAKEN_OVER;
  }

  /** @param {{id: string, error: {code: string}}} message */
  #onError({ id, error }) {
    if (id === RequestId.HELLO && this.#resumeId) {
      this.#resumeId = "";
      this.#sendHello();
    } else if (id === RequestId.HELLO) this.#socket?.close();
    else if (id === RequestId.ROOM && error.code === NO_SUCH_ROOM) {
      // Loading the room gets us a new session if the site has forgotten this one.
      this.#joinedAs = "";
      this.#room.refreshSoon();
    }
  }

  /**
   * Send data to another session, as soon as we are in the room.
   * @param {import("../core/types.js").SignalingData} data
   */
  send(data) {
    const recipient = { type: "session", sessionid: data.to };
    this.#queue.push({ type: "message", message: { recipient, data } });
    this.#flush();
  }

  #flush() {
    if (this.#socket?.readyState !== WebSocket.OPEN || !this.#joinedAs) return;
    for (const message of this.#queue.splice(0)) this.#transmit(message);
  }

  /**
   * Write to the server; without a connection, the message is dropped.
   * @param {object} message
   */
  #transmit(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
