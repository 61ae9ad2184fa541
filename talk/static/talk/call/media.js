/** Camera, microphone and screen of one's own. */

import { Emitter } from "../core/emitter.js";
import { recall, remember } from "../core/storage.js";

const VIDEO = { width: { ideal: 1280, max: 1280 }, height: { ideal: 720, max: 720 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Louder than this is speech; it ends when it was quiet for some looks. */
const LOUD = 0.02;
const LOOK_MILLISECONDS = 100;
const QUIET_LOOKS = 8;

/** Samples of one look, more than come until the next, so that none is missed. */
const SAMPLES = 8192;

/** Samples that are as loud as their mean: 10 ms, in which a short sound is not lost. */
const BLOCK = 512;

/**
 * Why a device cannot be used: `refused` by the user, `none` there, `busy` elsewhere,
 * `insecure` where the browser gives none to pages without TLS.
 * @typedef {"" | "refused" | "none" | "busy" | "insecure"} Problem
 */

/** Emits `change` (a track, a mute or a problem) and `speaking`. */
export class LocalMedia extends Emitter {
  constructor() {
    super();
    /** @type {MediaStreamTrack | null} */
    this.audio = null;
    /** @type {MediaStreamTrack | null} */
    this.video = null;
    /** @type {MediaStream | null} */
    this.screen = null;
    this.stream = new MediaStream();
    /** @type {{audio: Problem, video: Problem}} */
    this.problems = { audio: "", video: "" };
    this.isMuted = false;
    this.isSpeaking = false;
    this.wanted = recall("devices") ?? { audio: "", video: "" };
  }

  get hasAudio() {
    return this.audio !== null;
  }

  get hasVideo() {
    return this.video !== null;
  }

  /** Ask for both at once, as that is one question; then for each that is missing. */
  async open() {
    if (!navigator.mediaDevices) {
      this.problems = { audio: "insecure", video: "insecure" };
      this.emit("change");
      return;
    }
    try {
      const constraints = { audio: this.constraints("audio"), video: this.constraints("video") };
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      this.adopt("audio", stream.getAudioTracks()[0] ?? null);
      this.adopt("video", stream.getVideoTracks()[0] ?? null);
      this.emit("change");
    } catch {
      await this.use("audio");
      await this.use("video");
    }
  }

  /** Take a device of a kind: the one that was chosen, if it is there. */
  async use(/** @type {"audio" | "video"} */ kind) {
    try {
      const constraints = { [kind]: this.constraints(kind) };
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      this.adopt(kind, stream.getTracks()[0]);
    } catch (error) {
      this.adopt(kind, null);
      this.problems[kind] = problemOf(error);
    }
    this.emit("change");
  }

  constraints(/** @type {"audio" | "video"} */ kind) {
    const device = this.wanted[kind] ? { deviceId: { ideal: this.wanted[kind] } } : {};
    return { ...(kind === "audio" ? AUDIO : VIDEO), ...device };
  }

  adopt(kind, /** @type {MediaStreamTrack | null} */ track) {
    const before = this[kind];
    if (before) {
      before.stop();
      this.stream.removeTrack(before);
    }
    this[kind] = track;
    this.problems[kind] = "";
    if (track) {
      this.stream.addTrack(track);
      // Unplugged, or the permission was taken back.
      track.addEventListener("ended", () => {
        if (this[kind] !== track) return;
        this.adopt(kind, null);
        this.problems[kind] = "none";
        this.emit("change");
      });
    }
    if (kind === "audio") {
      if (track) track.enabled = !this.isMuted;
      this.listen();
    }
  }

  /** Choose another camera or microphone, now and from now on. */
  async choose(/** @type {"audio" | "video"} */ kind, /** @type {string} */ deviceId) {
    this.wanted = { ...this.wanted, [kind]: deviceId };
    remember("devices", this.wanted);
    await this.use(kind);
  }

  /** @returns {Promise<{audio: MediaDeviceInfo[], video: MediaDeviceInfo[]}>} */
  async devices() {
    const found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    const known = found.filter((device) => device.deviceId !== "");
    return {
      audio: known.filter((device) => device.kind === "audioinput"),
      video: known.filter((device) => device.kind === "videoinput"),
    };
  }

  async toggleAudio() {
    if (!this.audio) {
      this.isMuted = false;
      await this.use("audio");
      return;
    }
    this.isMuted = !this.isMuted;
    this.audio.enabled = !this.isMuted;
    this.emit("change");
  }

  /** A camera that is off is not used at all: its light goes out. */
  async toggleVideo() {
    if (!this.video) {
      await this.use("video");
      return;
    }
    this.adopt("video", null);
    this.emit("change");
  }

  async toggleScreen() {
    if (this.screen) {
      for (const track of this.screen.getTracks()) track.stop();
      this.screen = null;
    } else {
      try {
        this.screen = await navigator.mediaDevices.getDisplayMedia({ video: true });
      } catch {
        return; // changed their mind
      }
      const { screen } = this;
      screen.getVideoTracks()[0].addEventListener("ended", () => {
        if (this.screen === screen) this.toggleScreen();
      });
    }
    this.emit("change");
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    for (const track of this.screen?.getTracks() ?? []) track.stop();
    this.audio = this.video = this.screen = null;
    clearInterval(this.timer);
    this.context?.close();
  }

  /** Notice when one speaks. */
  listen() {
    clearInterval(this.timer);
    this.context?.close();
    this.context = undefined;
    this.noteSpeaking(false);
    if (!this.audio) return;
    this.context = new AudioContext();
    const analyser = this.context.createAnalyser();
    analyser.fftSize = SAMPLES;
    this.context.createMediaStreamSource(new MediaStream([this.audio])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let quiet = 0;
    this.timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      quiet = loudness(samples) > LOUD ? 0 : quiet + 1;
      this.noteSpeaking(!this.isMuted && quiet < QUIET_LOOKS);
    }, LOOK_MILLISECONDS);
  }

  noteSpeaking(/** @type {boolean} */ isSpeaking) {
    if (isSpeaking === this.isSpeaking) return;
    this.isSpeaking = isSpeaking;
    this.emit("speaking");
  }
}

/** How loud the loudest part of some samples is, from 0 to 1. */
function loudness(/** @type {Float32Array} */ samples) {
  let loudest = 0;
  for (let start = 0; start < samples.length; start += BLOCK) {
    const block = samples.subarray(start, start + BLOCK);
    loudest = Math.max(
      loudest,
      block.reduce((sum, value) => sum + value * value, 0) / block.length,
    );
  }
  return Math.sqrt(loudest);
}

/** @returns {Problem} */
function problemOf(/** @type {any} */ error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "refused";
  return error.name === "NotReadableError" || error.name === "AbortError" ? "busy" : "none";
}
