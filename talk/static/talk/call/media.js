/** The user's camera, microphone and screen. */

import { Emitter } from "../core/emitter.js";
import { loadValue, storeValue } from "../core/storage.js";

const VIDEO = { width: { ideal: 1280, max: 1280 }, height: { ideal: 720, max: 720 } };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Speech is louder than this; it ends after several measurements below. */
const SPEECH_LEVEL = 0.02;
const MEASURE_MILLISECONDS = 100;
const SILENT_MEASUREMENTS = 8;

/** Samples of one measurement: more than arrive until the next, so that none is missed. */
const SAMPLES = 8192;

/** Samples whose mean counts: about 10 ms, so that the mean does not hide a short sound. */
const BLOCK = 512;

/** Why a device cannot be used. */
export const DeviceProblem = Object.freeze({
  NONE: "",
  /** The user or the browser's settings forbid it. */
  REFUSED: "refused",
  MISSING: "missing",
  /** Another program uses it. */
  BUSY: "busy",
  /** Browsers give no devices to pages without TLS. */
  INSECURE: "insecure",
});

/**
 * @typedef {"audio" | "video"} DeviceKind
 */

/**
 * Emits `change` when a track, the mute or a problem changes, and `speaking`.
 * @extends {Emitter<{change: undefined, speaking: undefined}>}
 */
export class LocalMedia extends Emitter {
  /** @type {Record<DeviceKind, string>} the ids of the devices that the user has chosen */
  #chosenDevices = loadValue("devices") ?? { audio: "", video: "" };
  /** @type {AudioContext | undefined} */
  #audioContext;
  /** @type {number | undefined} */
  #measureTimer;

  constructor() {
    super();
    /** @type {MediaStreamTrack | null} */
    this.audio = null;
    /** @type {MediaStreamTrack | null} */
    this.video = null;
    /** @type {MediaStream | null} */
    this.screen = null;
    /** The microphone and the camera. */
    this.stream = new MediaStream();
    /** @type {Record<DeviceKind, string>} values of DeviceProblem */
    this.problems = { audio: DeviceProblem.NONE, video: DeviceProblem.NONE };
    this.isMuted = false;
    this.isSpeaking = false;
  }

  get hasAudio() {
    return this.audio !== null;
  }

  get hasVideo() {
    return this.video !== null;
  }

  /** Whether the others can hear the user. */
  get isAudible() {
    return this.hasAudio && !this.isMuted;
  }

  /**
   * Open both devices with one question to the user; if that fails, each by itself.
   */
  async open() {
    if (!navigator.mediaDevices) {
      this.problems = { audio: DeviceProblem.INSECURE, video: DeviceProblem.INSECURE };
      this.emit("change");
      return;
    }
    try {
      const constraints = { audio: this.#constraints("audio"), video: this.#constraints("video") };
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      this.#setTrack("audio", stream.getAudioTracks()[0] ?? null);
      this.#setTrack("video", stream.getVideoTracks()[0] ?? null);
      this.emit("change");
    } catch {
      await this.#openDevice("audio");
      await this.#openDevice("video");
    }
  }

  /**
   * Open one device: the chosen one, if it is connected.
   * @param {DeviceKind} kind
   */
  async #openDevice(kind) {
    try {
      const constraints = { [kind]: this.#constraints(kind) };
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      this.#setTrack(kind, stream.getTracks()[0] ?? null);
    } catch (error) {
      this.#setTrack(kind, null);
      this.problems[kind] = deviceProblem(error);
    }
    this.emit("change");
  }

  /** @param {DeviceKind} kind */
  #constraints(kind) {
    const deviceId = this.#chosenDevices[kind];
    const device = deviceId ? { deviceId: { ideal: deviceId } } : {};
    return { ...(kind === "audio" ? AUDIO : VIDEO), ...device };
  }

  /**
   * @param {DeviceKind} kind
   * @param {MediaStreamTrack | null} track
   */
  #setTrack(kind, track) {
    const before = this[kind];
    if (before) {
      before.stop();
      this.stream.removeTrack(before);
    }
    this[kind] = track;
    this.problems[kind] = DeviceProblem.NONE;
    if (track) {
      this.stream.addTrack(track);
      // The device was unplugged, or the permission was withdrawn.
      track.addEventListener("ended", () => {
        if (this[kind] !== track) return;
        this.#setTrack(kind, null);
        this.problems[kind] = DeviceProblem.MISSING;
        this.emit("change");
      });
    }
    if (kind === "audio") {
      if (track) track.enabled = !this.isMuted;
      this.#detectSpeech();
    }
  }

  /**
   * Use another camera or microphone, now and in later calls.
   * @param {DeviceKind} kind
   * @param {string} deviceId
   */
  async choose(kind, deviceId) {
    this.#chosenDevices = { ...this.#chosenDevices, [kind]: deviceId };
    storeValue("devices", this.#chosenDevices);
    await this.#openDevice(kind);
  }

  /**
   * Return the id of the device in use, or else of the chosen one.
   * @param {DeviceKind} kind
   */
  deviceId(kind) {
    return this[kind]?.getSettings().deviceId ?? this.#chosenDevices[kind];
  }

  /** @returns {Promise<Record<DeviceKind, MediaDeviceInfo[]>>} */
  async devices() {
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    // Before the user gives permission, the ids are empty.
    const known = devices.filter((device) => device.deviceId !== "");
    return {
      audio: known.filter((device) => device.kind === "audioinput"),
      video: known.filter((device) => device.kind === "videoinput"),
    };
  }

  async toggleAudio() {
    if (!this.audio) {
      this.isMuted = false;
      await this.#openDevice("audio");
      return;
    }
    this.isMuted = !this.isMuted;
    this.audio.enabled = !this.isMuted;
    this.emit("change");
  }

  /** Turn the camera on or off. A camera that is off is closed: its light goes out. */
  async toggleVideo() {
    if (!this.video) {
      await this.#openDevice("video");
      return;
    }
    this.#setTrack("video", null);
    this.emit("change");
  }

  async toggleScreen() {
    if (this.screen) {
      stopTracks(this.screen);
      this.screen = null;
    } else {
      try {
        this.screen = await navigator.mediaDevices.getDisplayMedia({ video: true });
      } catch {
        return; // The user has cancelled the dialog.
      }
      const { screen } = this;
      screen.getVideoTracks()[0]?.addEventListener("ended", () => {
        if (this.screen === screen) this.toggleScreen();
      });
    }
    this.emit("change");
  }

  close() {
    stopTracks(this.stream);
    if (this.screen) stopTracks(this.screen);
    this.audio = this.video = this.screen = null;
    this.#stopDetecting();
  }

  #stopDetecting() {
    clearInterval(this.#measureTimer);
    this.#audioContext?.close();
    this.#audioContext = undefined;
  }

  /** Watch the microphone for speech. */
  #detectSpeech() {
    this.#stopDetecting();
    this.#setSpeaking(false);
    if (!this.audio) return;
    this.#audioContext = new AudioContext();
    const analyser = this.#audioContext.createAnalyser();
    analyser.fftSize = SAMPLES;
    this.#audioContext.createMediaStreamSource(new MediaStream([this.audio])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let silent = 0;
    this.#measureTimer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      silent = loudness(samples) > SPEECH_LEVEL ? 0 : silent + 1;
      this.#setSpeaking(!this.isMuted && silent < SILENT_MEASUREMENTS);
    }, MEASURE_MILLISECONDS);
  }

  /** @param {boolean} isSpeaking */
  #setSpeaking(isSpeaking) {
    if (isSpeaking === this.isSpeaking) return;
    this.isSpeaking = isSpeaking;
    this.emit("speaking");
  }
}

/** @param {MediaStream} stream */
function stopTracks(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/**
 * Return the loudness of the loudest block, from 0 to 1.
 * @param {Float32Array} samples
 */
function loudness(samples) {
  let loudest = 0;
  for (let start = 0; start < samples.length; start += BLOCK) {
    const block = samples.subarray(start, start + BLOCK);
    const sum = block.reduce((total, value) => total + value * value, 0);
    loudest = Math.max(loudest, sum / block.length);
  }
  return Math.sqrt(loudest);
}

/**
 * @param {unknown} error
 * @returns {string} one of DeviceProblem
 */
function deviceProblem(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return DeviceProblem.REFUSED;
  if (name === "NotReadableError" || name === "AbortError") return DeviceProblem.BUSY;
  return DeviceProblem.MISSING;
}
