/** A WebRTC connection to one other session. */

import { Emitter } from "../core/emitter.js";

/** The media that a connection carries; `roomType` in signaling. */
export const PeerType = Object.freeze({ VIDEO: "video", SCREEN: "screen" });

/** Seconds without connection before the caller renegotiates, and how often it tries. */
const RESTART_SECONDS = 5;
const RESTARTS_MAX = 5;

/** Seconds that the called side waits for the caller to renegotiate. */
const CALLER_RESTART_SECONDS = 30;

/** Seconds before an unanswered offer is sent again: the offer or its answer may be lost. */
const ANSWER_SECONDS = 6;

/**
 * @typedef {{scaleResolutionDownBy: number, maxBitrate: number}} Quality
 * @typedef {import("../core/types.js").ReceivedSignalingData} ReceivedSignalingData
 */

/** How messages of the status channel change `remote`. */
const STATUS_CHANGES = new Map([
  ["audioOn", { audio: true }],
  ["audioOff", { audio: false, isSpeaking: false }],
  ["videoOn", { video: true }],
  ["videoOff", { video: false }],
  ["speaking", { isSpeaking: true }],
  ["stoppedSpeaking", { isSpeaking: false }],
]);

/**
 * Emits `change` when the other's media or status change, and `failed` when a new
 * connection has to replace this one.
 * @extends {Emitter<{change: undefined, failed: undefined}>}
 */
export class Peer extends Emitter {
  #connection;
  #broadcaster;
  #send;
  #ownName;
  #isOfferer = false;
  #isClosed = false;
  #restarts = 0;
  /** @type {RTCIceCandidateInit[]} candidates that arrived before the description */
  #earlyCandidates = [];
  /** @type {string[]} messages for the status channel, until it is open */
  #unsentStatus = [];
  /** Fulfilled when all steps of the negotiation so far have ended. */
  #lastStep = Promise.resolve();
  /** @type {RTCDataChannel | undefined} */
  #statusChannel;
  /** @type {Quality | undefined} */
  #quality;
  /** @type {number | undefined} */
  #answerTimer;
  /** @type {number | undefined} */
  #restartTimer;

  /**
   * @param {object} options
   * @param {string} options.id the other session
   * @param {string} options.type one of PeerType
   * @param {string} options.sid tells parallel connections to the same session apart
   * @param {string | undefined} options.broadcaster the session whose screen it is
   * @param {RTCConfiguration | undefined} options.configuration
   * @param {(data: import("../core/types.js").SignalingData) => void} options.send
   * @param {string} options.ownName
   */
  constructor({ id, type, sid, broadcaster, configuration, send, ownName }) {
    super();
    this.id = id;
    this.type = type;
    this.sid = sid;
    this.#broadcaster = broadcaster;
    this.#send = send;
    this.#ownName = ownName;
    /** The media that the other sends. */
    this.stream = new MediaStream();
    /** The other's name. */
    this.nick = "";
    /**
     * The status of the other's media; undefined until the other tells it.
     * @type {{audio: boolean | undefined, video: boolean | undefined, isSpeaking: boolean}}
     */
    this.remote = { audio: undefined, video: undefined, isSpeaking: false };
    const connection = new RTCPeerConnection(configuration);
    connection.addEventListener("icecandidate", (event) => this.#onCandidate(event.candidate));
    connection.addEventListener("track", ({ track }) => this.#onTrack(track));
    connection.addEventListener("iceconnectionstatechange", () => this.#onConnectionState());
    connection.addEventListener("datachannel", ({ channel }) => this.#onChannel(channel));
    this.#connection = connection;
  }

  get isConnected() {
    return ["connected", "completed"].includes(this.#connection.iceConnectionState);
  }

  get hasPendingOffer() {
    return this.#connection.signalingState === "have-local-offer";
  }

  /**
   * Call the other. Audio and video are both negotiated: a camera may be turned on later.
   * @param {MediaStream} stream
   */
  offer(stream) {
    this.#isOfferer = true;
    const isScreen = this.type === PeerType.SCREEN;
    const direction = isScreen ? "sendonly" : "sendrecv";
    for (const kind of isScreen ? ["video"] : ["audio", "video"]) {
      const track = stream.getTracks().find((track) => track.kind === kind);
      this.#connection.addTransceiver(track ?? kind, { direction, streams: [stream] });
    }
    if (!isScreen) {
      // Other clients expect this channel; without any in the offer, there can be none.
      this.#connection.createDataChannel("simplewebrtc");
      this.#openStatusChannel();
    }
    this.#enqueue(() => this.#makeOffer());
  }

  async #makeOffer() {
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    this.#sendOffer();
  }

  /** Send the offer until it is answered: the network may have lost it. */
  #sendOffer() {
    clearTimeout(this.#answerTimer);
    if (this.#isClosed || !this.hasPendingOffer) return;
    this.#sendDescription("offer");
    this.#answerTimer = setTimeout(() => this.#sendOffer(), 1000 * ANSWER_SECONDS);
  }

  /** @param {"offer" | "answer"} type */
  #sendDescription(type) {
    const sdp = this.#connection.localDescription?.sdp;
    this.signal(type, { type, sdp, nick: this.#ownName });
  }

  /**
   * Answer an offer: the first one, or one that renegotiates.
   * @param {{sdp: string, nick?: string}} offer
   * @param {MediaStream} stream what to send in return
   */
  answer({ sdp, nick }, stream) {
    this.#enqueue(async () => {
      this.nick = nick ?? this.nick;
      await this.#connection.setRemoteDescription({ type: "offer", sdp });
      if (this.type === PeerType.VIDEO && !this.#statusChannel) {
        await this.#sendTracks(stream);
        this.#openStatusChannel();
      }
      await this.#connection.setLocalDescription(await this.#connection.createAnswer());
      // The description holds the candidates found so far, in case single ones get lost.
      this.#sendDescription("answer");
      await this.#addEarlyCandidates();
    });
  }

  /** @param {MediaStream} stream */
  async #sendTracks(stream) {
    for (const transceiver of this.#connection.getTransceivers()) {
      const { kind } = transceiver.receiver.track;
      const track = stream.getTracks().find((track) => track.kind === kind);
      transceiver.direction = "sendrecv";
      transceiver.sender.setStreams?.(stream);
      if (track) await transceiver.sender.replaceTrack(track);
    }
  }

  /**
   * Process signaling data for this connection, other than offers.
   * @param {ReceivedSignalingData} data
   */
  receive({ type, payload }) {
    if (type === "answer") this.#enqueue(() => this.#acceptAnswer(payload));
    if (type === "candidate") this.#enqueue(() => this.#addCandidate(payload.candidate));
    if (type === "mute" || type === "unmute") {
      const isOn = type === "unmute";
      if (payload.name === "audio") this.remote.audio = isOn;
      if (payload.name === "video") this.remote.video = isOn;
      this.emit("change");
    }
  }

  /** @param {{sdp: string, nick?: string}} answer */
  async #acceptAnswer({ sdp, nick }) {
    if (!this.hasPendingOffer) return;
    clearTimeout(this.#answerTimer);
    this.nick = nick ?? this.nick;
    await this.#connection.setRemoteDescription({ type: "answer", sdp });
    await this.#addEarlyCandidates();
    this.emit("change");
  }

  /** @param {RTCIceCandidateInit} candidate */
  async #addCandidate(candidate) {
    if (!this.#connection.remoteDescription) this.#earlyCandidates.push(candidate);
    else await this.#connection.addIceCandidate(candidate);
  }

  async #addEarlyCandidates() {
    for (const candidate of this.#earlyCandidates.splice(0)) {
      await this.#connection.addIceCandidate(candidate);
    }
  }

  /** @param {import("./media.js").DeviceKind} kind */
  #transceiverFor(kind) {
    const transceivers = this.#connection.getTransceivers();
    return transceivers.find(({ receiver }) => receiver.track.kind === kind);
  }

  /**
   * Send another track from now on, or none.
   * @param {import("./media.js").DeviceKind} kind
   * @param {MediaStreamTrack | null} track
   */
  replaceTrack(kind, track) {
    this.#transceiverFor(kind)?.sender.replaceTrack(track);
  }

  /**
   * Limit the size and bitrate of the video that is sent.
   * @param {Quality} quality
   */
  limitQuality(quality) {
    if (this.#quality === quality) return;
    this.#quality = quality;
    this.#enqueue(() => this.#applyQuality());
  }

  async #applyQuality() {
    const sender = this.#transceiverFor("video")?.sender;
    const parameters = sender?.getParameters();
    // Before the negotiation has ended there may be no encoding to limit.
    if (!sender || !parameters?.encodings?.length || !this.#quality) return;
    for (const encoding of parameters.encodings) Object.assign(encoding, this.#quality);
    try {
      await sender.setParameters(parameters);
    } catch {
      // A browser without support sends the same quality as before.
    }
  }

  /**
   * Tell the other something about us: `audioOn`, `speaking`, …
   * @param {string} type
   * @param {unknown} [payload]
   */
  sendStatus(type, payload) {
    const text = JSON.stringify({ type, payload });
    if (this.#statusChannel?.readyState === "open") this.#statusChannel.send(text);
    else this.#unsentStatus.push(text);
  }

  close() {
    clearTimeout(this.#answerTimer);
    clearTimeout(this.#restartTimer);
    this.#isClosed = true;
    this.#connection.close();
    for (const track of this.stream.getTracks()) this.stream.removeTrack(track);
  }

  /**
   * Run a step of the negotiation after the steps before it: descriptions must not
   * overtake each other.
   * @param {() => Promise<void>} step
   */
  #enqueue(step) {
    this.#lastStep = this.#lastStep.then(async () => {
      if (this.#isClosed) return;
      try {
        await step();
      } catch {
        // The other's description does not fit ours, or `close` was called meanwhile.
        if (!this.#isClosed) this.emit("failed");
      }
    });
  }

  /**
   * Send signaling data about this connection.
   * @param {string} type
   * @param {unknown} [payload]
   */
  signal(type, payload) {
    this.#send({
      to: this.id,
      sid: this.sid,
      roomType: this.type,
      type,
      payload,
      broadcaster: this.#broadcaster,
    });
  }

  /** @param {RTCIceCandidate | null} found null after the last one */
  #onCandidate(found) {
    if (!found) this.signal("endOfCandidates");
    else {
      const { candidate, sdpMid, sdpMLineIndex } = found;
      this.signal("candidate", { candidate: { candidate, sdpMid, sdpMLineIndex } });
    }
  }

  /** @param {MediaStreamTrack} track */
  #onTrack(track) {
    this.stream.addTrack(track);
    for (const event of ["mute", "unmute", "ended"]) {
      track.addEventListener(event, () => this.emit("change"));
    }
    this.emit("change");
  }

  #openStatusChannel() {
    const channel = this.#connection.createDataChannel("status");
    channel.addEventListener("open", () => {
      for (const text of this.#unsentStatus.splice(0)) channel.send(text);
    });
    this.#statusChannel = channel;
  }

  /** @param {RTCDataChannel} channel */
  #onChannel(channel) {
    if (channel.label !== "status") return;
    channel.addEventListener("message", ({ data }) => this.#onStatus(JSON.parse(data)));
  }

  /** @param {{type: string, payload: any}} message `any`: clients may send everything */
  #onStatus({ type, payload }) {
    Object.assign(this.remote, STATUS_CHANGES.get(type));
    if (type === "nickChanged") this.nick = payload?.name ?? payload;
    this.emit("change");
  }

  #onConnectionState() {
    const state = this.#connection.iceConnectionState;
    clearTimeout(this.#restartTimer);
    if (this.isConnected) {
      this.#restarts = 0;
      this.#enqueue(() => this.#applyQuality());
    }
    if (state === "failed") this.restart();
    if (state === "disconnected") {
      this.#restartTimer = setTimeout(() => this.restart(), 1000 * RESTART_SECONDS);
    }
    this.emit("change");
  }

  /** Renegotiate to find another network path. The caller does so, the called side waits. */
  restart() {
    if (this.#isClosed) return;
    if (!this.#isOfferer) {
      this.#waitForCaller();
      return;
    }
    if (this.#restarts === RESTARTS_MAX) {
      this.signal("connectivityError");
      this.emit("failed");
      return;
    }
    this.#restarts += 1;
    this.#connection.restartIce();
    this.#enqueue(() => this.#makeOffer());
  }

  /** Fail after some time: the caller may have left without telling us. */
  #waitForCaller() {
    clearTimeout(this.#restartTimer);
    const failUnlessConnected = () => {
      if (!this.isConnected) this.emit("failed");
    };
    this.#restartTimer = setTimeout(failUnlessConnected, 1000 * CALLER_RESTART_SECONDS);
  }
}
