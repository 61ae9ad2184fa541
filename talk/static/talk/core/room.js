/** Being in one room: joining, reading, saying; what is known about it. */

import { ExternalSignaling } from "../call/external-signaling.js";
import { InternalSignaling } from "../call/internal-signaling.js";
import { ApiError } from "./api.js";
import { NO_SESSION, ParticipantType, RoomType } from "./constants.js";
import { Emitter } from "./emitter.js";
import { Loop } from "./loop.js";
import { Outbox } from "./outbox.js";
import { withSlot } from "./slots.js";
import { recall, remember } from "./storage.js";
import { Timeline } from "./timeline.js";

/** Messages of the first page, for which one waits, and of those before it. */
const HISTORY_LIMIT = 100;
const OLDER_LIMIT = 200;

const POLL_LIMIT = 200;
const POLL_SECONDS = 30;

/** Seconds between looks at the room itself, which nobody waits for. */
const REFRESH_SECONDS = 10;

/**
 * `state` is one of
 * - `loading`,
 * - `entering`: a stranger has to say something first (a name, a password),
 * - `open`: one is in it,
 * - `missing`: there is no such room, or none that one may see,
 * - `ended`: one was in it, and is no longer: it is gone, closed, or one was removed,
 * - `signedOut`: the site has forgotten who one is.
 *
 * Emits `state`, `room` (facts about it), `people`, `connected`, and `session` when one has
 * come back with another session.
 */
export class RoomConnection extends Emitter {
  /**
   * @param {import("./session.js").Session} session who one is, and where
   * @param {string} token
   */
  constructor(session, token) {
    super();
    this.session = session;
    this.api = session.api;
    this.token = token;
    this.state = "loading";
    this.isConnected = true;
    /** @type {any} */
    this.room = undefined;
    /** @type {any[]} */
    this.people = [];
    this.sessionId = NO_SESSION;
    this.password = "";
    /** How many comments were unread when it was opened. */
    this.unreadAtOpening = 0;
    this.ownActorId = session.userId;
    this.timeline = new Timeline();
    this.outbox = new Outbox(this);
    this.poll = new Loop((signal) => this.pollOnce(signal), {
      onRefused: (error) => this.lose(error),
      onConnected: (isConnected) => this.noteConnection(isConnected),
    });
    this.refreshing = new Loop((signal) => this.refreshOnce(signal), {
      onRefused: (error) => this.lose(error),
    });
    this.life = new AbortController();
    document.addEventListener("visibilitychange", () => this.seePage(), {
      signal: this.life.signal,
    });
  }

  get memoryKey() {
    return `${this.session.userId || "guest"}:${this.token}`;
  }

  /** How one is called here; empty for a guest who has not said. */
  get ownName() {
    return this.isGuest ? (recall("guest-name") ?? "") : this.session.displayName;
  }

  get isGuest() {
    return this.session.userId === "";
  }

  get isModerator() {
    const type = this.room?.participantType;
    return (
      type === ParticipantType.OWNER ||
      type === ParticipantType.MODERATOR ||
      type === ParticipantType.GUEST_MODERATOR
    );
  }

  /** Whether one has said this oneself. */
  isOwn(message) {
    const type = this.isGuest ? "guests" : "users";
    return message.actorType === type && message.actorId === this.ownActorId;
  }

  /** Find out what the room is, and go in if nothing has to be asked. */
  async open() {
    try {
      const { data } = await this.patiently(() => this.api.get(`room/${this.token}`));
      this.setRoom(data);
      const isMember = data.sessionId !== NO_SESSION || !isStranger(data);
      if (isMember || (!this.isGuest && !data.hasPassword)) {
        await this.patiently(() => this.enter());
      } else this.setState("entering");
    } catch (error) {
      this.lose(error);
    }
  }

  /**
   * Join, and begin to read. Throws ApiError when the password is wrong.
   * @param {{password?: string, name?: string}} [given]
   */
  async enter({ password = this.password, name } = {}) {
    const isJoined =
      this.room.sessionId !== NO_SESSION &&
      this.room.sessionId === recall(`session:${this.memoryKey}`);
    if (isJoined) this.sessionId = this.room.sessionId;
    else await this.join(password);
    if (this.isGuest) {
      this.ownActorId = await sha1(this.sessionId);
      const ownName = name ?? recall("guest-name");
      if (ownName !== undefined) await this.setGuestName(ownName);
    }
    if (!isJoined) await this.refresh();
    this.unreadAtOpening = this.room.unreadMessages;
    await this.loadOlder();
    await this.findSignaling();
    this.setState("open");
    this.outbox.open();
    this.poll.start();
    this.refreshing.start();
  }

  async join(/** @type {string} */ password) {
    const path = `room/${this.token}/participants/active`;
    const { data } = await this.api.post(path, { password });
    this.password = password;
    this.sessionId = data.sessionId;
    remember(`session:${this.memoryKey}`, data.sessionId);
    if (this.state === "open") this.emit("session");
  }

  /** How to find the others of a call. Credentials expire: they are asked for anew. */
  async signalingSettings() {
    return (await this.api.get("signaling/settings")).data;
  }

  /** What a signaling server wants to see. */
  async ticket() {
    return (await this.signalingSettings()).ticket;
  }

  async findSignaling() {
    const { server } = await this.signalingSettings();
    if (server.length === 0) this.signaling = new InternalSignaling(this);
    else {
      this.signaling = new ExternalSignaling(this, server);
      this.signaling.connect();
    }
  }

  async setGuestName(/** @type {string} */ displayName) {
    await this.api.post(`guest/${this.token}/name`, { displayName });
    remember("guest-name", displayName);
  }

  /** Read one page of what is older than what is known. */
  async loadOlder() {
    if (this.loadingOlder) return this.loadingOlder;
    const { oldestId } = this.timeline;
    const query = {
      lookIntoFuture: 0,
      limit: oldestId ? OLDER_LIMIT : HISTORY_LIMIT,
      lastKnownMessageId: oldestId,
    };
    this.loadingOlder = this.patiently(() => this.api.get(`chat/${this.token}`, { query }));
    try {
      this.timeline.addOlder((await this.loadingOlder).data);
    } finally {
      this.loadingOlder = undefined;
    }
  }

  /** Wait for news. What is shown on a page that nobody sees is not read. */
  async pollOnce(/** @type {AbortSignal} */ signal) {
    return withSlot((seconds) => this.fetchNewer(seconds, signal), POLL_SECONDS);
  }

  /** Read what is new now; after that, nothing older is missing. */
  async catchUp() {
    let isMore = true;
    while (isMore) isMore = await this.fetchNewer(0, this.life.signal);
  }

  /** @returns {Promise<boolean>} whether there was something */
  async fetchNewer(/** @type {number} */ timeout, /** @type {AbortSignal} */ signal) {
    const query = {
      lookIntoFuture: 1,
      limit: POLL_LIMIT,
      timeout,
      lastKnownMessageId: this.timeline.offset,
      setReadMarker: document.visibilityState === "visible" ? 1 : 0,
    };
    const { data } = await this.api.poll(`chat/${this.token}`, query, timeout, signal);
    if (data.length === 0) return false;
    this.timeline.addNewer(data);
    // Most of what the system tells changes the room or its people.
    if (data.some((message) => message.systemMessage)) this.refreshSoon();
    return true;
  }

  /** @returns {Promise<any>} the message as the room has it */
  async post(/** @type {string} */ message) {
    const { data } = await this.api.post(`chat/${this.token}`, { message });
    if (this.isGuest) this.ownActorId = data.actorId;
    return data;
  }

  /** Look at the room and its people now. */
  async refresh(/** @type {AbortSignal} */ signal = this.life.signal) {
    const [room, people] = await Promise.all([
      this.api.get(`room/${this.token}`, { signal }),
      this.api.get(`room/${this.token}/participants`, { signal }),
    ]);
    this.people = people.data;
    this.setRoom(room.data);
    this.emit("people");
  }

  async refreshOnce(/** @type {AbortSignal} */ signal) {
    await this.refresh(signal);
    if (this.room.sessionId === NO_SESSION) await this.join(this.password);
    return document.visibilityState === "visible" ? REFRESH_SECONDS : 3 * REFRESH_SECONDS;
  }

  /** Something has happened that changes the room or its people. */
  refreshSoon() {
    this.refreshing.restart();
  }

  /** Change something, then see what came of it. */
  async change(/** @type {Promise<any>} */ request) {
    await request;
    this.refreshSoon();
    this.session.emit("rooms");
  }

  /** Go away; `isLeaving` tells the others. */
  close({ isLeaving = false } = {}) {
    this.poll.stop();
    this.refreshing.stop();
    this.outbox.close();
    this.signaling?.close();
    this.life.abort();
    const isPassing = this.room?.participantType === ParticipantType.SELF_JOINED;
    if (isLeaving && this.state === "open" && !this.isGuest && !isPassing) {
      remember(`session:${this.memoryKey}`, undefined);
      const path = `room/${this.token}/participants/active`;
      this.api.delete(path, { keepalive: true }).catch(ignoreRefusal);
    }
    this.emit("close");
  }

  seePage() {
    // Beginning to wait anew is what marks the messages as read.
    if (document.visibilityState === "visible" && this.state === "open") this.poll.restart();
  }

  setRoom(room) {
    this.room = room;
    this.emit("room");
  }

  setState(/** @type {string} */ state) {
    this.state = state;
    this.emit("state");
  }

  noteConnection(/** @type {boolean} */ isConnected) {
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    if (isConnected) this.outbox.hurry();
    this.emit("connected");
  }

  /** The room cannot be read any more, or never could. */
  async lose(error) {
    if (!(error instanceof ApiError)) {
      if (this.life.signal.aborted) return;
      throw error;
    }
    if (error.status === 404 && this.state === "open" && (await this.comeBack())) return;
    this.poll.stop();
    this.refreshing.stop();
    this.outbox.close();
    this.signaling?.close();
    if (error.status === 401) this.setState("signedOut");
    else this.setState(this.state === "open" ? "ended" : "missing");
  }

  /** A guest who has slept too long is forgotten, but may come in again. */
  async comeBack() {
    if (!this.isGuest && this.room?.participantType !== ParticipantType.SELF_JOINED) {
      return false;
    }
    if (this.room?.type !== RoomType.PUBLIC || this.isComingBack) return false;
    this.isComingBack = true;
    try {
      await this.join(this.password);
      if (this.isGuest) {
        this.ownActorId = await sha1(this.sessionId);
        await this.setGuestName(recall("guest-name") ?? "");
      }
      this.poll.start();
      this.refreshing.start();
      return true;
    } catch {
      return false;
    } finally {
      this.isComingBack = false;
    }
  }

  /**
   * Do something until the server has answered, however long that takes.
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async patiently(work) {
    return new Promise((resolve, reject) => {
      const loop = new Loop(
        async () => {
          const result = await work();
          loop.stop();
          resolve(result);
          return 0;
        },
        { onRefused: reject, onConnected: (isConnected) => this.noteConnection(isConnected) },
      );
      this.life.signal.addEventListener("abort", () => loop.stop());
      loop.start();
    });
  }
}

/** Whether the room is shown as to somebody who is not in it. */
function isStranger(room) {
  return (
    room.participantType === ParticipantType.GUEST &&
    room.sessionId === NO_SESSION &&
    Array.isArray(room.participants)
  );
}

/** A guest's public id; unknown until something is said where there is no crypto. */
async function sha1(/** @type {string} */ text) {
  if (!globalThis.crypto?.subtle) return "";
  const bytes = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function ignoreRefusal(error) {
  if (!(error instanceof ApiError)) throw error;
}
