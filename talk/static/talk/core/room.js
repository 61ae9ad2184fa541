/** A room that the page has opened: joining, reading, writing, and what is known about it. */

import { ApiError } from "./api.js";
import {
  ActorType,
  NO_SESSION,
  ParticipantType,
  RoomState,
  RoomType,
  Status,
} from "./constants.js";
import { Emitter } from "./emitter.js";
import { Loop } from "./loop.js";
import { Outbox } from "./outbox.js";
import { withPollSlot } from "./poll-slots.js";
import { loadValue, storeValue } from "./storage.js";
import { Timeline } from "./timeline.js";

/** Messages of the first page, which the user waits for, and of the pages before it. */
const FIRST_PAGE_LIMIT = 100;
const OLDER_PAGE_LIMIT = 200;

const POLL_LIMIT = 200;
const POLL_SECONDS = 30;

/** Seconds after which the room and its participants are loaded again. */
const REFRESH_SECONDS = 10;

/**
 * @typedef {import("./types.js").ParticipantData} ParticipantData
 * @typedef {import("./types.js").RoomData} RoomData
 * @typedef {import("./types.js").Signaling} Signaling
 *
 * @typedef {object} RoomEvents
 * @property {undefined} state
 * @property {undefined} data
 * @property {undefined} participants
 * @property {undefined} connected `isConnected` has changed
 * @property {undefined} sessionChanged we are in the room with another session
 */

/**
 * Emits the events of RoomEvents.
 * @extends {Emitter<RoomEvents>}
 */
export class Room extends Emitter {
  #createSignaling;
  #password = "";
  #ownActorId;
  /** @type {Promise<void> | undefined} */
  #loadingOlder;
  #isRejoining = false;
  #lifetime = new AbortController();
  #pollLoop;
  #refreshLoop;
  /** @type {Signaling | undefined} */
  #signaling;
  /** @type {RoomData | undefined} */
  #data;

  /**
   * @param {import("./page-context.js").PageContext} context
   * @param {string} token
   * @param {(room: Room, server: string) => Signaling} createSignaling `server` is the
   *   signaling server's URL, empty when the site has none
   */
  constructor(context, token, createSignaling) {
    super();
    this.context = context;
    this.api = context.api;
    this.token = token;
    this.#createSignaling = createSignaling;
    /** @type {string} one of RoomState */
    this.state = RoomState.LOADING;
    this.isConnected = true;
    /** @type {ParticipantData[]} */
    this.participants = [];
    this.sessionId = NO_SESSION;
    /** How many comments were unread when the room was opened. */
    this.unreadAtOpening = 0;
    this.#ownActorId = context.userId;
    this.timeline = new Timeline();
    this.outbox = new Outbox(this);
    this.#pollLoop = new Loop((signal) => this.#poll(signal), {
      onRefused: (error) => this.#onRefused(error),
      onConnected: (isConnected) => this.#setConnected(isConnected),
    });
    this.#refreshLoop = new Loop((signal) => this.#refreshRegularly(signal), {
      onRefused: (error) => this.#onRefused(error),
    });
    document.addEventListener("visibilitychange", () => this.#onVisibilityChange(), {
      signal: this.#lifetime.signal,
    });
  }

  get isLoaded() {
    return this.#data !== undefined;
  }

  /** The room as the API returns it; there is none before the room is loaded. */
  get data() {
    if (!this.#data) throw new Error("The room is not loaded yet.");
    return this.#data;
  }

  /** The signaling of an open room. */
  get signaling() {
    if (!this.#signaling) throw new Error("The room is not open yet.");
    return this.#signaling;
  }

  /** The key of values in the browser's storage that belong to this user and room. */
  get storageKey() {
    return `${this.context.userId || "guest"}:${this.token}`;
  }

  get isGuest() {
    return this.context.userId === "";
  }

  /** The user's own name; empty for a guest who has not given one. */
  get ownName() {
    return this.isGuest ? (loadValue("guest-name") ?? "") : this.context.displayName;
  }

  /** @returns {import("./page-context.js").Person} */
  get ownPerson() {
    return { type: this.isGuest ? "guest" : "user", id: this.context.userId, name: this.ownName };
  }

  get isModerator() {
    return this.isUserModerator || this.#hasType(ParticipantType.GUEST_MODERATOR);
  }

  /** Whether the user moderates. Guest moderators may not add or change everything. */
  get isUserModerator() {
    return this.#hasType(ParticipantType.OWNER) || this.#hasType(ParticipantType.MODERATOR);
  }

  /** @param {number} type */
  #hasType(type) {
    return this.#data?.participantType === type;
  }

  /**
   * Whether the user has written this message.
   * @param {import("./timeline.js").Message} message
   */
  isOwn(message) {
    const type = this.isGuest ? ActorType.GUESTS : ActorType.USERS;
    return message.actorType === type && message.actorId === this.#ownActorId;
  }

  /** Load the room, and join it unless a name or a password is needed first. */
  async open() {
    try {
      const { data } = await this.#retry(() => this.api.get(`room/${this.token}`));
      this.#setData(data);
      const isParticipant = data.sessionId !== NO_SESSION || !isSeenByNonParticipant(data);
      if (isParticipant || (!this.isGuest && !data.hasPassword)) {
        await this.#retry(() => this.join());
      } else this.#setState(RoomState.JOINING);
    } catch (error) {
      this.#onRefused(error);
    }
  }

  /**
   * Join and begin to read. Throws ApiError, for instance when the password is wrong.
   * @param {{password?: string, name?: string}} [given]
   */
  async join({ password, name } = {}) {
    if (password !== undefined) this.#password = password;
    const { sessionId } = this.data;
    const hasSession =
      sessionId !== NO_SESSION && sessionId === loadValue(`session:${this.storageKey}`);
    if (hasSession) this.sessionId = sessionId;
    else await this.rejoin();
    await this.#identifyGuest(name ?? loadValue("guest-name"));
    if (!hasSession) await this.#refresh();
    this.unreadAtOpening = this.data.unreadMessages;
    await this.loadOlder();
    const { server } = await this.signalingSettings();
    this.#signaling = this.#createSignaling(this, server);
    this.#setState(RoomState.OPEN);
    this.outbox.open();
    this.#pollLoop.start();
    this.#refreshLoop.start();
  }

  /** Get a new session, with the password that was given before. */
  async rejoin() {
    const path = `room/${this.token}/participants/active`;
    const { data } = await this.api.post(path, { password: this.#password });
    this.sessionId = data.sessionId;
    storeValue(`session:${this.storageKey}`, data.sessionId);
    if (this.state === RoomState.OPEN) this.emit("sessionChanged");
  }

  /**
   * Find out a guest's actor id, which follows from the session, and announce the name.
   * @param {string | undefined} name
   */
  async #identifyGuest(name) {
    if (!this.isGuest) return;
    this.#ownActorId = await sha1(this.sessionId);
    if (name !== undefined) await this.setGuestName(name);
  }

  /** Load the settings for calls. Their credentials expire: load them for each call. */
  async signalingSettings() {
    return (await this.api.get("signaling/settings")).data;
  }

  /** @param {string} displayName */
  async setGuestName(displayName) {
    await this.api.post(`guest/${this.token}/name`, { displayName });
    storeValue("guest-name", displayName);
  }

  /** Load one page of messages that are older than the known ones. */
  async loadOlder() {
    this.#loadingOlder ??= this.#loadOlderPage().finally(() => {
      this.#loadingOlder = undefined;
    });
    await this.#loadingOlder;
  }

  async #loadOlderPage() {
    const { oldestId } = this.timeline;
    const query = {
      lookIntoFuture: 0,
      limit: oldestId ? OLDER_PAGE_LIMIT : FIRST_PAGE_LIMIT,
      lastKnownMessageId: oldestId,
    };
    const { data } = await this.#retry(() => this.api.get(`chat/${this.token}`, { query }));
    this.timeline.addOlder(data);
  }

  /** @param {AbortSignal} signal */
  #poll(signal) {
    return withPollSlot((seconds) => this.#loadNewer(seconds, signal), POLL_SECONDS);
  }

  /** Load all new messages without waiting. After that, no older message is missing. */
  async readNewer() {
    let hasMore = true;
    while (hasMore) hasMore = await this.#loadNewer(0, this.#lifetime.signal);
  }

  /**
   * @param {number} timeout
   * @param {AbortSignal} signal
   * @returns {Promise<boolean>} whether there were new messages
   */
  async #loadNewer(timeout, signal) {
    const query = {
      lookIntoFuture: 1,
      limit: POLL_LIMIT,
      timeout,
      lastKnownMessageId: this.timeline.offset,
      // Nobody has read the messages of a page that is not visible.
      setReadMarker: document.visibilityState === "visible" ? 1 : 0,
    };
    const { data } = await this.api.poll(`chat/${this.token}`, query, timeout, signal);
    if (data.length === 0) return false;
    this.timeline.addNewer(data);
    // Most system messages tell of a change of the room or its participants.
    const hasSystemMessage = data.some(
      (/** @type {import("./timeline.js").Message} */ message) => message.systemMessage,
    );
    if (hasSystemMessage) this.refreshSoon();
    return true;
  }

  /**
   * @param {string} message
   * @returns {Promise<import("./timeline.js").Message>} the message as the server stored it
   */
  async postMessage(message) {
    const { data } = await this.api.post(`chat/${this.token}`, { message });
    if (this.isGuest) this.#ownActorId = data.actorId;
    return data;
  }

  /** Load the room and its participants. */
  async #refresh(signal = this.#lifetime.signal) {
    const [room, participants] = await Promise.all([
      this.api.get(`room/${this.token}`, { signal }),
      this.api.get(`room/${this.token}/participants`, { signal }),
    ]);
    this.participants = participants.data;
    this.#setData(room.data);
    this.emit("participants");
  }

  /** @param {AbortSignal} signal */
  async #refreshRegularly(signal) {
    await this.#refresh(signal);
    if (this.data.sessionId === NO_SESSION) await this.rejoin();
    return document.visibilityState === "visible" ? REFRESH_SECONDS : 3 * REFRESH_SECONDS;
  }

  /** Load the room and its participants now, in the background. */
  refreshSoon() {
    this.#refreshLoop.restart();
  }

  /**
   * Wait for a request that changes the room, then load the result.
   * @param {Promise<unknown>} request
   */
  async change(request) {
    await request;
    this.refreshSoon();
    this.context.emit("roomsChanged");
  }

  /** Stop everything; with `isLeaving`, end the session as well. */
  close({ isLeaving = false } = {}) {
    this.#stop();
    this.#lifetime.abort();
    // The server would remove such participants from the room with their session.
    const isTemporary = this.isGuest || this.#hasType(ParticipantType.SELF_JOINED);
    if (isLeaving && this.state === RoomState.OPEN && !isTemporary) {
      storeValue(`session:${this.storageKey}`, undefined);
      const path = `room/${this.token}/participants/active`;
      this.api.delete(path, { keepalive: true }).catch(ignoreRefusal);
    }
  }

  #stop() {
    this.#pollLoop.stop();
    this.#refreshLoop.stop();
    this.outbox.close();
    this.#signaling?.close();
  }

  #onVisibilityChange() {
    // A new poll marks the messages as read.
    if (document.visibilityState === "visible" && this.state === RoomState.OPEN) {
      this.#pollLoop.restart();
    }
  }

  /** @param {RoomData} data */
  #setData(data) {
    this.#data = data;
    this.emit("data");
  }

  /** @param {string} state */
  #setState(state) {
    this.state = state;
    this.emit("state");
  }

  /** @param {boolean} isConnected */
  #setConnected(isConnected) {
    if (isConnected === this.isConnected) return;
    this.isConnected = isConnected;
    if (isConnected) this.outbox.endPause();
    this.emit("connected");
  }

  /**
   * Stop because the server does not let us read the room, unless we can join again.
   * @param {unknown} error
   */
  async #onRefused(error) {
    if (!(error instanceof ApiError)) {
      if (this.#lifetime.signal.aborted) return;
      throw error;
    }
    const wasOpen = this.state === RoomState.OPEN;
    if (error.status === Status.NOT_FOUND && wasOpen && (await this.#tryToRejoin())) return;
    this.#stop();
    if (error.status === Status.UNAUTHORIZED) this.#setState(RoomState.SIGNED_OUT);
    else this.#setState(wasOpen ? RoomState.ENDED : RoomState.MISSING);
  }

  /**
   * Join a public room again: the server removes guests, and users who came by the link,
   * when their session ends, for instance while the machine sleeps.
   */
  async #tryToRejoin() {
    if (!this.isGuest && !this.#hasType(ParticipantType.SELF_JOINED)) return false;
    if (this.#data?.type !== RoomType.PUBLIC || this.#isRejoining) return false;
    this.#isRejoining = true;
    try {
      await this.rejoin();
      await this.#identifyGuest(this.ownName);
      this.#pollLoop.start();
      this.#refreshLoop.start();
      return true;
    } catch {
      return false;
    } finally {
      this.#isRejoining = false;
    }
  }

  /**
   * Repeat a request until the server has answered it, however long that takes.
   * @template T
   * @param {() => Promise<T>} request
   * @returns {Promise<T>}
   */
  #retry(request) {
    return new Promise((resolve, reject) => {
      const loop = new Loop(
        async () => {
          const result = await request();
          loop.stop();
          resolve(result);
          return 0;
        },
        { onRefused: reject, onConnected: (isConnected) => this.#setConnected(isConnected) },
      );
      this.#lifetime.signal.addEventListener("abort", () => loop.stop());
      loop.start();
    });
  }
}

/**
 * Whether the room is shown as the API shows it to a non-participant.
 * @param {RoomData} data
 */
function isSeenByNonParticipant({ participantType, sessionId, participants }) {
  return (
    participantType === ParticipantType.GUEST &&
    sessionId === NO_SESSION &&
    Array.isArray(participants)
  );
}

/**
 * Return the SHA-1 of a text; empty where the browser has no crypto (plain HTTP). Then a
 * guest's actor id is known after the first message.
 * @param {string} text
 */
async function sha1(text) {
  if (!globalThis.crypto?.subtle) return "";
  const bytes = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {unknown} error */
function ignoreRefusal(error) {
  if (!(error instanceof ApiError)) throw error;
}
