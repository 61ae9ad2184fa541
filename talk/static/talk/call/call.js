/** A call in a room: the user's own part in it, and the connections to the others. */

import { ApiError } from "../core/api.js";
import { InCall } from "../core/constants.js";
import { Emitter } from "../core/emitter.js";
import { Peer, PeerType } from "./peer.js";

/** Seconds after which we call another session that should have called us. */
const OWN_OFFER_SECONDS = 10;

/** Seconds after which we announce ourselves again when the call does not list us. */
const REJOIN_SECONDS = 3;

const SENDS_MEDIA = InCall.AUDIO | InCall.VIDEO;

/**
 * The quality of the video that is sent to each of the others, by their number at most.
 * Every session sends its video to each other one: with their number, the total grows and
 * the tiles become smaller.
 */
const QUALITIES = [
  { others: 3, quality: { scaleResolutionDownBy: 1, maxBitrate: 1_500_000 } },
  { others: 5, quality: { scaleResolutionDownBy: 2, maxBitrate: 500_000 } },
];
const LOWEST_QUALITY = { scaleResolutionDownBy: 4, maxBitrate: 150_000 };

/**
 * @typedef {object} RemoteSession another session in the call
 * @property {string} id
 * @property {string} userId empty for guests
 * @property {number} flags of InCall
 * @property {Peer | undefined} peer carries microphone and camera
 * @property {Peer | undefined} screen carries the other's screen
 *
 * @typedef {import("../core/types.js").CallUser} CallUser
 * @typedef {import("../core/types.js").ReceivedSignalingData} ReceivedSignalingData
 */

/**
 * Emits `change`, and `ended` when the call could not go on.
 * @extends {Emitter<{change: undefined, ended: undefined}>}
 */
export class Call extends Emitter {
  #room;
  #media;
  #signaling;
  /** @type {Map<string, Peer>} send our screen, by the session that receives it */
  #screenPeers = new Map();
  /** @type {Map<string, number>} timers for sessions that should call us */
  #offerTimers = new Map();
  /** @type {number | undefined} */
  #rejoinTimer;
  /** @type {RTCConfiguration | undefined} */
  #configuration;
  #lifetime = new AbortController();
  /** @type {(() => void)[]} */
  #unsubscribes = [];
  #releaseLock = () => {};
  /** The status that the others were told last. */
  #sentStatus = { audio: "", video: "" };

  /**
   * @param {import("../core/room.js").Room} room
   * @param {import("./media.js").LocalMedia} media
   */
  constructor(room, media) {
    super();
    this.#room = room;
    this.#media = media;
    this.#signaling = room.signaling;
    /** @type {Map<string, RemoteSession>} */
    this.others = new Map();
    this.isActive = false;
    /** @type {number} our own flags of InCall */
    this.flags = InCall.DISCONNECTED;
  }

  /** @returns {Promise<boolean>} false when another tab is in the call with our session */
  async join() {
    if (!(await this.#acquireLock())) return false;
    this.#configuration = iceConfiguration(await this.#room.signalingSettings());
    this.#subscribe();
    this.isActive = true;
    await this.#signaling.start();
    await this.#announce();
    this.emit("change");
    return true;
  }

  #subscribe() {
    const signaling = this.#signaling;
    this.#unsubscribes = [
      signaling.on("users", (users) => this.#onUsers(users)),
      signaling.on("message", (data) => this.#onSignalingData(data)),
      signaling.on("sessionLost", () => this.#onSessionLost()),
      signaling.on("sessionChanged", () => this.#onSessionChanged()),
      this.#room.on("sessionChanged", () => this.#onSessionChanged()),
      this.#media.on("change", () => this.#onMediaChange()),
      this.#media.on("speaking", () => this.#sendSpeaking()),
    ];
    const { signal } = this.#lifetime;
    const onNetworkChange = () => this.#restartPeers();
    const leave = () => this.#requestLeaving().catch(() => {});
    window.addEventListener("pagehide", leave, { signal });
    window.addEventListener("online", onNetworkChange, { signal });
    const { connection } = /** @type {Navigator & {connection?: EventTarget}} */ (navigator);
    connection?.addEventListener?.("change", onNetworkChange, { signal });
  }

  /** Keep other tabs out of the call: two tabs would take each other's messages. */
  async #acquireLock() {
    if (!navigator.locks) return true;
    return new Promise((resolve) => {
      const name = `talk-call-${this.#room.storageKey}`;
      navigator.locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        return /** @type {Promise<void>} */ (
          new Promise((release) => {
            this.#releaseLock = release;
          })
        );
      });
    });
  }

  async leave() {
    this.stop();
    try {
      await this.#requestLeaving();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    this.#room.refreshSoon();
  }

  /** Tell the server that we leave. The request goes on when the window is closed. */
  #requestLeaving() {
    return this.#room.api.delete(`call/${this.#room.token}`, { keepalive: true });
  }

  /** End all connections without telling the server. */
  stop() {
    this.#releaseLock();
    if (!this.isActive) return;
    this.isActive = false;
    clearTimeout(this.#rejoinTimer);
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#lifetime.abort();
    this.#closePeers();
    this.#signaling.stop();
    this.emit("change");
  }

  #closePeers() {
    for (const other of [...this.others.values()]) this.#remove(other);
    for (const peer of this.#screenPeers.values()) peer.close();
    this.#screenPeers.clear();
  }

  /** Tell the server that we are in the call, and which media we send. */
  async #announce() {
    this.flags =
      InCall.IN_CALL |
      (this.#media.hasAudio ? InCall.AUDIO : 0) |
      (this.#media.hasVideo ? InCall.VIDEO : 0);
    await this.#room.api.post(`call/${this.#room.token}`, { flags: this.flags });
    this.#room.refreshSoon();
  }

  /** The server no longer knows our session: continue with a new one. */
  async #onSessionLost() {
    try {
      await this.#room.rejoin();
      await this.#signaling.start();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.stop();
      this.emit("ended");
    }
  }

  /** To the others, a new session is a new participant of the call. */
  async #onSessionChanged() {
    this.#closePeers();
    await this.#tryToAnnounce();
  }

  async #tryToAnnounce() {
    try {
      await this.#announce();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#announceLater();
    }
  }

  #announceLater() {
    clearTimeout(this.#rejoinTimer);
    this.#rejoinTimer = setTimeout(() => {
      if (this.isActive) this.#tryToAnnounce();
    }, 1000 * REJOIN_SECONDS);
  }

  /**
   * Connect to the sessions in the call, and disconnect from all others.
   * @param {CallUser[]} users
   */
  #onUsers(users) {
    const { ownId } = this.#signaling;
    const own = users.find((user) => user.sessionId === ownId);
    if (!own?.inCall) {
      this.#announceLater();
      return;
    }
    clearTimeout(this.#rejoinTimer);
    const inCall = users.filter((user) => user.inCall && user.sessionId !== ownId);
    const ids = new Set(inCall.map((user) => user.sessionId));
    for (const other of [...this.others.values()]) {
      if (!ids.has(other.id)) this.#remove(other);
    }
    for (const { sessionId, userId, inCall: flags } of inCall) {
      const other = this.#otherOf(sessionId);
      Object.assign(other, { userId, flags });
      if (!other.peer) this.#callOrWait(other);
      this.#sendScreenTo(sessionId);
    }
    this.#adaptQuality();
    this.#loadMissingNames();
    this.emit("change");
  }

  /**
   * Return another session, which an offer may name before the list of users does.
   * @param {string} id
   */
  #otherOf(id) {
    const other = this.others.get(id) ?? newRemoteSession(id);
    this.others.set(id, other);
    return other;
  }

  /** Send less to each of the others, the more there are. */
  #adaptQuality() {
    const limit = QUALITIES.find(({ others }) => this.others.size <= others);
    for (const { peer } of this.others.values()) {
      peer?.limitQuality(limit?.quality ?? LOWEST_QUALITY);
    }
  }

  /** Load the participants when one is in the call before the list names them. */
  #loadMissingNames() {
    const known = new Set(this.#room.participants.map(({ userId }) => userId));
    const isMissing = [...this.others.values()].some(({ userId }) => userId && !known.has(userId));
    if (isMissing) this.#room.refreshSoon();
  }

  /**
   * Call another session, or wait for its call: of two that send media, the one with the
   * higher id calls.
   * @param {RemoteSession} other
   */
  #callOrWait(other) {
    if (!(this.flags & SENDS_MEDIA)) return;
    if (!(other.flags & SENDS_MEDIA) || other.id < this.#signaling.ownId) this.#call(other);
    else if (!this.#offerTimers.has(other.id)) {
      const callNow = () => {
        if (this.isActive && !other.peer) this.#call(other);
      };
      this.#offerTimers.set(other.id, setTimeout(callNow, 1000 * OWN_OFFER_SECONDS));
    }
  }

  /** @param {string} id */
  #clearOfferTimer(id) {
    clearTimeout(this.#offerTimers.get(id));
    this.#offerTimers.delete(id);
  }

  /** @param {RemoteSession} other */
  #call(other) {
    other.peer = this.#createPeer({ id: other.id, type: PeerType.VIDEO });
    other.peer.offer(this.#media.stream);
    this.#sendOwnStatus(other.peer);
    this.#adaptQuality();
  }

  /** @param {{id: string, type: string, sid?: string, broadcaster?: string}} options */
  #createPeer({ id, type, sid = String(Date.now()), broadcaster }) {
    const peer = new Peer({
      id,
      type,
      sid,
      broadcaster,
      configuration: this.#configuration,
      ownName: this.#room.ownName,
      send: (data) => this.#signaling.send(data),
    });
    peer.on("change", () => this.emit("change"));
    peer.on("failed", () => this.#replacePeer(peer));
    return peer;
  }

  #mediaStatus() {
    return {
      audio: this.#media.isAudible ? "audioOn" : "audioOff",
      video: this.#media.hasVideo ? "videoOn" : "videoOff",
    };
  }

  /**
   * Tell a new peer what we send and who we are.
   * @param {Peer} peer
   */
  #sendOwnStatus(peer) {
    const { audio, video } = this.#mediaStatus();
    peer.sendStatus(audio);
    peer.sendStatus(video);
    if (this.#media.isSpeaking) peer.sendStatus("speaking");
    const { isGuest, ownName } = this.#room;
    if (isGuest && ownName) peer.sendStatus("nickChanged", ownName);
  }

  /**
   * Replace a connection that has failed.
   * @param {Peer} peer
   */
  #replacePeer(peer) {
    peer.close();
    const other = this.others.get(peer.id);
    if (this.#screenPeers.get(peer.id) === peer) {
      this.#screenPeers.delete(peer.id);
      if (this.isActive && other) this.#sendScreenTo(peer.id);
    }
    if (other?.screen === peer) other.screen = undefined;
    if (other?.peer === peer) {
      other.peer = undefined;
      this.#clearOfferTimer(other.id);
      if (this.isActive) this.#callOrWait(other);
    }
    this.emit("change");
  }

  /** @param {RemoteSession} other */
  #remove(other) {
    this.#clearOfferTimer(other.id);
    other.peer?.close();
    other.screen?.close();
    this.#screenPeers.get(other.id)?.close();
    this.#screenPeers.delete(other.id);
    this.others.delete(other.id);
  }

  /** @param {ReceivedSignalingData} data */
  #onSignalingData(data) {
    if (data.type === "offer") {
      this.#onOffer(data);
      return;
    }
    const other = this.others.get(data.from);
    for (const peer of [other?.peer, other?.screen, this.#screenPeers.get(data.from)]) {
      if (peer?.type !== data.roomType) continue;
      if (!data.sid || peer?.sid === data.sid) peer?.receive(data);
    }
    if (data.type === "unshareScreen" && other?.screen) this.#replacePeer(other.screen);
  }

  /** @param {ReceivedSignalingData} data */
  #onOffer({ from, roomType, sid = "", broadcaster, payload }) {
    const other = this.#otherOf(from);
    const isScreen = roomType === PeerType.SCREEN;
    const existing = isScreen ? other.screen : other.peer;
    if (existing?.sid === sid) existing.answer(payload, this.#streamFor(isScreen));
    else {
      // Both have called at the same moment: the offer of the higher id counts.
      const isOwnOfferFirst =
        !isScreen && existing?.hasPendingOffer && from < this.#signaling.ownId;
      if (isOwnOfferFirst) return;
      existing?.close();
      const type = isScreen ? PeerType.SCREEN : PeerType.VIDEO;
      const peer = this.#createPeer({ id: from, type, sid, broadcaster });
      if (isScreen) other.screen = peer;
      else {
        other.peer = peer;
        this.#sendOwnStatus(peer);
      }
      this.#adaptQuality();
      peer.answer(payload, this.#streamFor(isScreen));
    }
    this.emit("change");
  }

  /**
   * Return what to send back to another session; nothing to one that sends its screen.
   * @param {boolean} isScreen
   */
  #streamFor(isScreen) {
    return isScreen ? new MediaStream() : this.#media.stream;
  }

  /** Tell the others that a track, the mute or the screen has changed. */
  #onMediaChange() {
    const media = this.#media;
    const status = this.#mediaStatus();
    for (const { peer } of this.others.values()) {
      if (!peer) continue;
      peer.replaceTrack("audio", media.audio);
      peer.replaceTrack("video", media.video);
      if (status.audio !== this.#sentStatus.audio) peer.sendStatus(status.audio);
      if (status.video !== this.#sentStatus.video) peer.sendStatus(status.video);
    }
    this.#sentStatus = status;
    const hasMore =
      (media.hasAudio && !(this.flags & InCall.AUDIO)) ||
      (media.hasVideo && !(this.flags & InCall.VIDEO));
    if (hasMore) this.#tryToAnnounce();
    if (!media.screen) this.#stopSendingScreen();
    for (const id of this.others.keys()) this.#sendScreenTo(id);
    this.emit("change");
  }

  /**
   * Send our screen to another session, if we share it and do not send it yet.
   * @param {string} id
   */
  #sendScreenTo(id) {
    const { screen } = this.#media;
    if (!screen || this.#screenPeers.has(id)) return;
    const broadcaster = this.#signaling.ownId;
    const peer = this.#createPeer({ id, type: PeerType.SCREEN, broadcaster });
    this.#screenPeers.set(id, peer);
    peer.offer(screen);
  }

  #stopSendingScreen() {
    for (const peer of this.#screenPeers.values()) {
      peer.signal("unshareScreen");
      peer.close();
    }
    this.#screenPeers.clear();
  }

  #sendSpeaking() {
    const type = this.#media.isSpeaking ? "speaking" : "stoppedSpeaking";
    for (const { peer } of this.others.values()) peer?.sendStatus(type);
    this.emit("change");
  }

  /** The network has changed: renegotiate before the old connections time out. */
  #restartPeers() {
    for (const { peer, screen } of this.others.values()) {
      peer?.restart();
      screen?.restart();
    }
    for (const peer of this.#screenPeers.values()) peer.restart();
  }
}

/**
 * @param {string} id
 * @returns {RemoteSession}
 */
function newRemoteSession(id) {
  return { id, userId: "", flags: InCall.IN_CALL, peer: undefined, screen: undefined };
}

/**
 * @typedef {object} IceServer as the API names it
 * @property {string} url
 * @property {string[]} [urls]
 * @property {string} [username]
 * @property {string} [credential]
 */

/**
 * @param {{stunservers?: IceServer[], turnservers?: IceServer[]}} settings
 * @returns {RTCConfiguration}
 */
function iceConfiguration({ stunservers = [], turnservers = [] }) {
  const addresses = (/** @type {IceServer} */ { urls, url }) => urls ?? url;
  return {
    iceServers: [
      ...stunservers.map((server) => ({ urls: addresses(server) })),
      ...turnservers.map((server) => ({
        urls: addresses(server),
        username: server.username,
        credential: server.credential,
      })),
    ],
  };
}
