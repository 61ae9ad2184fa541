/** The connection to one other session: for voice and camera, or for a screen. */

import { Emitter } from "../core/emitter.js";

/** Seconds without connection after which a new way is looked for, and how often. */
const PATIENCE_SECONDS = 5;
const RESTARTS_MAX = 5;

/** Seconds after which who was called gives up waiting for the caller's new way. */
const CALLED_PATIENCE_SECONDS = 30;

/** Seconds after which an offer without answer is made again: either may have been lost. */
const ANSWER_SECONDS = 6;

/**
 * Emits `change` (what is seen and heard of the other) and `failed`.
 */
export class Peer extends Emitter {
  /**
   * @param {object} options
   * @param {string} options.id the other session
   * @param {"video" | "screen"} options.roomType
   * @param {string} options.sid tells parallel connections to the same session apart
   * @param {string | undefined} options.broadcaster whose screen it is
   * @param {RTCConfiguration} options.configuration
   * @param {(message: any) => void} options.send
   * @param {string} options.ownName
   */
  constructor({ id, roomType, sid, broadcaster, configuration, send, ownName }) {
    super();
    this.id = id;
    this.roomType = roomType;
    this.sid = sid;
    this.broadcaster = broadcaster;
    this.send = send;
    this.ownName = ownName;
    this.isOfferer = false;
    this.restarts = 0;
    this.stream = new MediaStream();
    this.nick = "";
    /** What the other has told: undefined before. */
    this.remote = { audio: undefined, video: undefined, isSpeaking: false };
    /** @type {RTCIceCandidateInit[]} */
    this.early = [];
    /** @type {string[]} messages for when the channel is open */
    this.unsent = [];
    this.work = Promise.resolve();
    this.connection = new RTCPeerConnection(configuration);
    this.connection.addEventListener("icecandidate", ({ candidate }) => this.tell(candidate));
    this.connection.addEventListener("track", ({ track }) => this.receive(track));
    this.connection.addEventListener("iceconnectionstatechange", () => this.watch());
    this.connection.addEventListener("datachannel", ({ channel }) => this.listen(channel));
  }

  get isConnected() {
    return ["connected", "completed"].includes(this.connection.iceConnectionState);
  }

  /**
   * Call the other: with both kinds of media prepared, so that a camera may come later.
   * @param {MediaStream} stream
   */
  offer(stream) {
    this.isOfferer = true;
    const direction = this.roomType === "screen" ? "sendonly" : "sendrecv";
    for (const kind of this.roomType === "screen" ? ["video"] : ["audio", "video"]) {
      const track = stream.getTracks().find((one) => one.kind === kind);
      this.connection.addTransceiver(track ?? kind, { direction, streams: [stream] });
    }
    if (this.roomType === "video") {
      // Without a channel in the offer there is none, and others expect this one.
      this.connection.createDataChannel("simplewebrtc");
      this.openStatus();
    }
    return this.inTurn(() => this.makeOffer());
  }

  async makeOffer() {
    const offer = await this.connection.createOffer();
    await this.connection.setLocalDescription(offer);
    this.sendOffer();
  }

  /** Send the offer until it is answered: it may be lost with the other's connection. */
  sendOffer() {
    clearTimeout(this.answerTimer);
    if (this.isClosed || this.connection.signalingState !== "have-local-offer") return;
    const { sdp } = this.connection.localDescription;
    this.signal("offer", { type: "offer", sdp, nick: this.ownName });
    this.answerTimer = setTimeout(() => this.sendOffer(), 1000 * ANSWER_SECONDS);
  }

  /**
   * Take the other's call, or their offer of a new way.
   * @param {MediaStream} stream
   */
  answer(payload, stream) {
    return this.inTurn(async () => {
      this.nick = payload.nick ?? this.nick;
      await this.connection.setRemoteDescription({ type: "offer", sdp: payload.sdp });
      if (this.roomType === "video" && !this.status) {
        for (const transceiver of this.connection.getTransceivers()) {
          const { kind } = transceiver.receiver.track;
          const track = stream.getTracks().find((one) => one.kind === kind);
          transceiver.direction = "sendrecv";
          transceiver.sender.setStreams?.(stream);
          if (track) await transceiver.sender.replaceTrack(track);
        }
        this.openStatus();
      }
      const answer = await this.connection.createAnswer();
      await this.connection.setLocalDescription(answer);
      // The candidates that are known by now are in it, should those sent before be lost.
      const { sdp } = this.connection.localDescription;
      this.signal("answer", { type: "answer", sdp, nick: this.ownName });
      await this.addEarly();
    });
  }

  /** Something that belongs to this connection has arrived. */
  take(/** @type {{type: string, payload: any}} */ { type, payload }) {
    if (type === "answer") return this.inTurn(() => this.accept(payload));
    if (type === "candidate") return this.inTurn(() => this.addCandidate(payload.candidate));
    if (type === "mute" || type === "unmute") {
      this.remote[payload.name] = type === "unmute";
      this.emit("change");
    }
    return undefined;
  }

  async accept(payload) {
    if (this.connection.signalingState !== "have-local-offer") return;
    clearTimeout(this.answerTimer);
    this.nick = payload.nick ?? this.nick;
    await this.connection.setRemoteDescription({ type: "answer", sdp: payload.sdp });
    await this.addEarly();
    this.emit("change");
  }

  async addCandidate(/** @type {RTCIceCandidateInit} */ candidate) {
    if (!this.connection.remoteDescription) this.early.push(candidate);
    else await this.connection.addIceCandidate(candidate);
  }

  async addEarly() {
    for (const candidate of this.early.splice(0)) {
      await this.connection.addIceCandidate(candidate);
    }
  }

  /** Send another track from now on, or none. */
  replace(/** @type {"audio" | "video"} */ kind, /** @type {MediaStreamTrack | null} */ track) {
    const transceiver = this.connection
      .getTransceivers()
      .find((one) => one.receiver.track.kind === kind);
    return transceiver?.sender.replaceTrack(track);
  }

  /**
   * Send pictures as large and as good as that.
   * @param {{scaleResolutionDownBy: number, maxBitrate: number}} quality
   */
  limit(quality) {
    if (this.quality === quality) return;
    this.quality = quality;
    this.inTurn(() => this.applyQuality());
  }

  async applyQuality() {
    const transceivers = this.connection.getTransceivers();
    const sender = transceivers.find((one) => one.receiver.track.kind === "video")?.sender;
    const parameters = sender?.getParameters();
    // Before it is agreed what is sent, there may be nothing yet that could be limited.
    if (!parameters?.encodings?.length || !this.quality) return;
    for (const encoding of parameters.encodings) Object.assign(encoding, this.quality);
    try {
      await sender.setParameters(parameters);
    } catch {
      // A browser that cannot do this sends what it did before.
    }
  }

  /** Say something about oneself: `audioOn`, `speaking`, … */
  say(/** @type {string} */ type, /** @type {any} */ payload = undefined) {
    const text = JSON.stringify({ type, payload });
    if (this.status?.readyState === "open") this.status.send(text);
    else this.unsent.push(text);
  }

  close() {
    clearTimeout(this.answerTimer);
    clearTimeout(this.restartTimer);
    this.isClosed = true;
    this.connection.close();
    for (const track of this.stream.getTracks()) this.stream.removeTrack(track);
  }

  /** One step after the other: descriptions must not overtake each other. */
  inTurn(/** @type {() => Promise<void>} */ step) {
    this.work = this.work.then(async () => {
      if (this.isClosed) return;
      try {
        await step();
      } catch (error) {
        // What the other sent does not fit, or we closed meanwhile.
        if (!this.isClosed) this.emit("failed", error);
      }
    });
    return this.work;
  }

  signal(/** @type {string} */ type, /** @type {any} */ payload = undefined) {
    const { id: to, sid, roomType, broadcaster } = this;
    this.send({ to, sid, roomType, type, payload, broadcaster });
  }

  tell(/** @type {RTCIceCandidate | null} */ candidate) {
    if (!candidate) this.signal("endOfCandidates");
    else {
      const { candidate: line, sdpMid, sdpMLineIndex } = candidate;
      this.signal("candidate", { candidate: { candidate: line, sdpMid, sdpMLineIndex } });
    }
  }

  receive(/** @type {MediaStreamTrack} */ track) {
    this.stream.addTrack(track);
    for (const event of ["mute", "unmute", "ended"]) {
      track.addEventListener(event, () => this.emit("change"));
    }
    this.emit("change");
  }

  openStatus() {
    this.status = this.connection.createDataChannel("status");
    this.status.addEventListener("open", () => {
      for (const text of this.unsent.splice(0)) this.status.send(text);
    });
  }

  listen(/** @type {RTCDataChannel} */ channel) {
    if (channel.label !== "status") return;
    channel.addEventListener("message", ({ data }) => this.hear(JSON.parse(data)));
  }

  hear(/** @type {{type: string, payload: any}} */ { type, payload }) {
    const meanings = {
      audioOn: { audio: true },
      audioOff: { audio: false, isSpeaking: false },
      videoOn: { video: true },
      videoOff: { video: false },
      speaking: { isSpeaking: true },
      stoppedSpeaking: { isSpeaking: false },
    };
    Object.assign(this.remote, meanings[type] ?? {});
    if (type === "nickChanged") this.nick = payload?.name ?? payload;
    this.emit("change");
  }

  watch() {
    const state = this.connection.iceConnectionState;
    clearTimeout(this.restartTimer);
    if (this.isConnected) {
      this.restarts = 0;
      this.inTurn(() => this.applyQuality());
    }
    if (state === "failed") this.restart();
    if (state === "disconnected") {
      this.restartTimer = setTimeout(() => this.restart(), 1000 * PATIENCE_SECONDS);
    }
    this.emit("change");
  }

  /** Look for a new way; who has called does so, the other waits for that. */
  restart() {
    if (this.isClosed) return;
    if (!this.isOfferer) {
      this.waitForCaller();
      return;
    }
    if (this.restarts === RESTARTS_MAX) {
      this.signal("connectivityError");
      this.emit("failed");
      return;
    }
    this.restarts += 1;
    this.connection.restartIce();
    this.inTurn(() => this.makeOffer());
  }

  /** The caller may have gone without our being told. */
  waitForCaller() {
    clearTimeout(this.restartTimer);
    const giveUp = () => this.isConnected || this.emit("failed");
    this.restartTimer = setTimeout(giveUp, 1000 * CALLED_PATIENCE_SECONDS);
  }
}
