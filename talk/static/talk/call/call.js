/** A call in a room: oneself, the others, and the connections between. */

import { ApiError } from "../core/api.js";
import { InCall } from "../core/constants.js";
import { Emitter } from "../core/emitter.js";
import { Peer } from "./peer.js";

/** Seconds after which one calls somebody who should have called, but did not. */
const OWN_OFFER_SECONDS = 10;

/** Seconds after which one joins again whom the others do not see in the call. */
const REJOIN_SECONDS = 3;

/**
 * What is sent to each of so many others, at most. Everybody's pictures go to each of them,
 * so that what one sends grows with their number, and tiles become smaller.
 */
const QUALITIES = [
  { others: 3, quality: { scaleResolutionDownBy: 1, maxBitrate: 1_500_000 } },
  { others: 5, quality: { scaleResolutionDownBy: 2, maxBitrate: 500_000 } },
  { others: Infinity, quality: { scaleResolutionDownBy: 4, maxBitrate: 150_000 } },
];

/**
 * @typedef {object} Other somebody else in the call
 * @property {string} id
 * @property {string} userId
 * @property {number} flags
 * @property {Peer | undefined} peer
 * @property {Peer | undefined} screen what they show
 */

/** Emits `change`, and `ended` with a reason when the call could not go on. */
export class Call extends Emitter {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {import("./media.js").LocalMedia} media
   */
  constructor(room, media) {
    super();
    this.room = room;
    this.media = media;
    this.signaling = room.signaling;
    /** @type {Map<string, Other>} */
    this.others = new Map();
    /** @type {Map<string, Peer>} to whom one's own screen is sent */
    this.audience = new Map();
    /** @type {Map<string, number>} timers of those who should call */
    this.expected = new Map();
    this.isOn = false;
    this.flags = InCall.DISCONNECTED;
  }

  /** @returns {Promise<boolean>} whether one is in the call; another tab may be already */
  async join() {
    if (!(await this.lock())) return false;
    const { room, signaling, media } = this;
    this.configuration = iceConfiguration(await room.signalingSettings());
    this.stops = [
      signaling.on("users", (users) => this.meet(users)),
      signaling.on("message", (message) => this.receive(message)),
      signaling.on("lost", () => this.comeBack()),
      signaling.on("session", () => this.onNewSession()),
      room.on("session", () => this.onNewSession()),
      media.on("change", () => this.onMedia()),
      media.on("speaking", () => this.tellSpeaking()),
    ];
    this.onPageHide = () => this.sayGoodbye();
    this.onNetwork = () => this.lookForNewWays();
    window.addEventListener("pagehide", this.onPageHide);
    window.addEventListener("online", this.onNetwork);
    navigator.connection?.addEventListener?.("change", this.onNetwork);
    this.isOn = true;
    await signaling.start();
    await this.announce();
    this.emit("change");
    return true;
  }

  /** One session is in a call once: a second tab would take the first one's messages. */
  async lock() {
    if (!navigator.locks) return true;
    const isFree = await new Promise((resolve) => {
      const name = `talk-call-${this.room.memoryKey}`;
      navigator.locks.request(name, { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock && new Promise((release) => (this.release = release));
      });
    });
    return isFree;
  }

  async leave() {
    this.stop();
    try {
      // Whoever leaves may close the window at once.
      await this.room.api.delete(`call/${this.room.token}`, { keepalive: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    this.room.refreshSoon();
  }

  /** Take everything down. */
  stop() {
    if (!this.isOn) return;
    this.isOn = false;
    clearTimeout(this.rejoinTimer);
    for (const stop of this.stops) stop();
    window.removeEventListener("pagehide", this.onPageHide);
    window.removeEventListener("online", this.onNetwork);
    navigator.connection?.removeEventListener?.("change", this.onNetwork);
    this.closePeers();
    this.signaling.stop();
    this.release?.();
    this.emit("change");
  }

  closePeers() {
    for (const other of [...this.others.values()]) this.drop(other);
    for (const peer of this.audience.values()) peer.close();
    this.audience.clear();
  }

  sayGoodbye() {
    this.room.api.delete(`call/${this.room.token}`, { keepalive: true }).catch(() => {});
  }

  /** Tell the room that one is in the call, and with what. */
  async announce() {
    const flags =
      InCall.IN_CALL |
      (this.media.hasAudio ? InCall.AUDIO : 0) |
      (this.media.hasVideo ? InCall.VIDEO : 0);
    this.flags = flags;
    await this.room.api.post(`call/${this.room.token}`, { flags });
    this.room.refreshSoon();
  }

  /** The site has forgotten our session: get a new one, and go on with that. */
  async comeBack() {
    try {
      await this.room.join(this.room.password);
      await this.signaling.start();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.stop();
      this.emit("ended");
    }
  }

  /** To the others, a new session is somebody new. */
  async onNewSession() {
    this.closePeers();
    await this.tryAnnounce();
  }

  async tryAnnounce() {
    try {
      await this.announce();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.rejoinLater();
    }
  }

  rejoinLater() {
    clearTimeout(this.rejoinTimer);
    this.rejoinTimer = setTimeout(() => this.isOn && this.tryAnnounce(), 1000 * REJOIN_SECONDS);
  }

  /** Connect with whom the list names, and part from whom it does not. */
  meet(/** @type {any[]} */ users) {
    const ownId = this.signaling.ownId;
    const own = users.find((user) => user.sessionId === ownId);
    if (!own?.inCall) {
      this.rejoinLater();
      return;
    }
    clearTimeout(this.rejoinTimer);
    const present = new Map(
      users
        .filter((user) => user.inCall && user.sessionId !== ownId)
        .map((user) => [user.sessionId, user]),
    );
    for (const other of [...this.others.values()]) {
      if (!present.has(other.id)) this.drop(other);
    }
    for (const [id, { userId, inCall }] of present) {
      const other = this.others.get(id) ?? { id, peer: undefined, screen: undefined };
      this.others.set(id, Object.assign(other, { userId, flags: inCall }));
      if (!other.peer) this.expect(other);
      if (this.media.screen && !this.audience.has(id)) this.show(id);
    }
    this.adaptQuality();
    this.lookForNames();
    this.emit("change");
  }

  /** The more there are, the less is sent to each. */
  adaptQuality() {
    const { quality } = QUALITIES.find(({ others }) => this.others.size <= others);
    for (const { peer } of this.others.values()) peer?.limit(quality);
  }

  /** Somebody may be in the call before the list of people names them. */
  lookForNames() {
    const named = new Set(this.room.people.map((person) => person.userId));
    const isMissing = [...this.others.values()].some(({ userId }) => userId && !named.has(userId));
    if (isMissing) this.room.refreshSoon();
  }

  /** Call the other, or wait for their call. */
  expect(/** @type {Other} */ other) {
    const sendsOwn = Boolean(this.flags & (InCall.AUDIO | InCall.VIDEO));
    const sendsOther = Boolean(other.flags & (InCall.AUDIO | InCall.VIDEO));
    if (!sendsOwn) return;
    if (!sendsOther || other.id < this.signaling.ownId) this.call(other);
    else if (!this.expected.has(other.id)) {
      const late = () => this.isOn && !other.peer && this.call(other);
      this.expected.set(other.id, setTimeout(late, 1000 * OWN_OFFER_SECONDS));
    }
  }

  call(/** @type {Other} */ other) {
    other.peer = this.connect(other, "video", String(Date.now()));
    other.peer.offer(this.media.stream);
    this.introduce(other.peer);
    this.adaptQuality();
  }

  /** @returns {Peer} */
  connect(other, roomType, sid, broadcaster = undefined) {
    const peer = new Peer({
      id: other.id,
      roomType,
      sid,
      broadcaster,
      configuration: this.configuration,
      ownName: this.room.ownName,
      send: (message) => this.signaling.send(message),
    });
    peer.on("change", () => this.emit("change"));
    peer.on("failed", () => this.forget(peer));
    return peer;
  }

  /** Tell a new peer how one is. */
  introduce(/** @type {Peer} */ peer) {
    const { media } = this;
    peer.say(media.hasAudio && !media.isMuted ? "audioOn" : "audioOff");
    peer.say(media.hasVideo ? "videoOn" : "videoOff");
    if (media.isSpeaking) peer.say("speaking");
    if (this.room.isGuest && this.room.ownName) peer.say("nickChanged", this.room.ownName);
  }

  /** A connection is beyond repair: begin anew. */
  forget(/** @type {Peer} */ peer) {
    peer.close();
    const other = this.others.get(peer.id);
    if (this.audience.get(peer.id) === peer) {
      this.audience.delete(peer.id);
      if (this.isOn && other && this.media.screen) this.show(peer.id);
    }
    if (other?.screen === peer) other.screen = undefined;
    if (other?.peer === peer) {
      other.peer = undefined;
      clearTimeout(this.expected.get(other.id));
      this.expected.delete(other.id);
      if (this.isOn) this.expect(other);
    }
    this.emit("change");
  }

  drop(/** @type {Other} */ other) {
    clearTimeout(this.expected.get(other.id));
    this.expected.delete(other.id);
    other.peer?.close();
    other.screen?.close();
    this.audience.get(other.id)?.close();
    this.audience.delete(other.id);
    this.others.delete(other.id);
  }

  receive(/** @type {any} */ message) {
    if (message.type === "offer") {
      this.takeOffer(message);
      return;
    }
    const other = this.others.get(message.from);
    for (const peer of [other?.peer, other?.screen, this.audience.get(message.from)]) {
      const isMeant =
        peer?.roomType === message.roomType && (!message.sid || peer.sid === message.sid);
      if (isMeant) peer.take(message);
    }
    if (message.type === "unshareScreen" && other?.screen) this.forget(other.screen);
  }

  takeOffer({ from, roomType, sid, broadcaster, payload }) {
    const other = this.others.get(from) ?? this.greet(from);
    const slot = roomType === "screen" ? "screen" : "peer";
    const known = other[slot];
    if (known?.sid !== sid) {
      const isOursFirst =
        slot === "peer" &&
        known?.connection.signalingState === "have-local-offer" &&
        from < this.signaling.ownId;
      if (isOursFirst) return;
      known?.close();
      other[slot] = this.connect(other, roomType, sid, broadcaster);
      if (slot === "peer") this.introduce(other[slot]);
      this.adaptQuality();
    }
    const stream = roomType === "screen" ? new MediaStream() : this.media.stream;
    other[slot].answer(payload, stream);
    this.emit("change");
  }

  /** An offer may be here before the list that names who has sent it. */
  greet(/** @type {string} */ id) {
    const other = { id, userId: "", flags: InCall.IN_CALL, peer: undefined, screen: undefined };
    this.others.set(id, other);
    return other;
  }

  /** Tracks, mutes or the screen have changed. */
  onMedia() {
    const { media } = this;
    const audio = media.hasAudio && !media.isMuted ? "audioOn" : "audioOff";
    const video = media.hasVideo ? "videoOn" : "videoOff";
    for (const { peer } of this.others.values()) {
      if (!peer) continue;
      peer.replace("audio", media.audio);
      peer.replace("video", media.video);
      if (audio !== this.said?.audio) peer.say(audio);
      if (video !== this.said?.video) peer.say(video);
    }
    this.said = { audio, video };
    const hasNew =
      (media.hasAudio && !(this.flags & InCall.AUDIO)) ||
      (media.hasVideo && !(this.flags & InCall.VIDEO));
    if (hasNew) this.tryAnnounce();
    if (media.screen) {
      for (const id of this.others.keys()) if (!this.audience.has(id)) this.show(id);
    } else this.hideScreen();
    this.emit("change");
  }

  /** Send one's screen to somebody. */
  show(/** @type {string} */ id) {
    const peer = this.connect({ id }, "screen", String(Date.now()), this.signaling.ownId);
    this.audience.set(id, peer);
    peer.offer(this.media.screen);
  }

  hideScreen() {
    for (const peer of this.audience.values()) {
      peer.signal("unshareScreen");
      peer.close();
    }
    this.audience.clear();
  }

  tellSpeaking() {
    const type = this.media.isSpeaking ? "speaking" : "stoppedSpeaking";
    for (const { peer } of this.others.values()) peer?.say(type);
    this.emit("change");
  }

  /** The network is another one: do not wait until the old ways have failed. */
  lookForNewWays() {
    for (const { peer, screen } of this.others.values()) {
      peer?.restart();
      screen?.restart();
    }
    for (const peer of this.audience.values()) peer.restart();
  }
}

/** @returns {RTCConfiguration} */
function iceConfiguration({ stunservers = [], turnservers = [] }) {
  const addresses = (server) => server.urls ?? server.url;
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
