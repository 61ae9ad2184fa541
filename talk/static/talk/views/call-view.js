/** A running call: a tile for everyone in it, and the controls. */

import { InCall } from "../core/constants.js";
import { gettext, interpolate } from "../i18n.js";
import { avatar } from "./avatar.js";
import { deviceButton } from "./call-preview.js";
import { h, reconcile, screenReaderText, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { participantName } from "./participant-list.js";

/** The largest number of tiles that the style sheet has a layout for. */
const TILE_LAYOUTS = 9;

/**
 * @typedef {import("../call/call.js").RemoteSession} RemoteSession
 * @typedef {import("../call/media.js").DeviceKind} DeviceKind
 * @typedef {import("../core/page-context.js").Person} Person
 *
 * @typedef {object} Tile
 * @property {string} key
 * @property {Person} person
 * @property {string} name
 * @property {MediaStream | undefined} stream
 * @property {boolean} hasVideo
 * @property {boolean} [isScreen]
 * @property {boolean} [isMuted]
 * @property {boolean} [isSpeaking]
 * @property {boolean} [isConnecting]
 * @property {boolean} [isOwn]
 * @property {boolean} [isMirrored]
 */

export class CallView {
  #room;
  #call;
  #media;
  #tiles = h("ul", { class: "tk-tiles", "aria-label": gettext("People in the call") });
  #alone = h("p", { class: "tk-alone", role: "status" });
  #mute;
  #camera;
  #screen;
  #unsubscribes;

  /**
   * @param {import("../core/room.js").Room} room
   * @param {import("../call/call.js").Call} call
   * @param {import("../call/media.js").LocalMedia} media
   * @param {() => void} onLeave
   */
  constructor(room, call, media, onLeave) {
    this.#room = room;
    this.#call = call;
    this.#media = media;
    this.#mute = deviceButton("audio", () => media.toggleAudio());
    this.#camera = deviceButton("video", () => media.toggleVideo());
    this.#screen = h(
      "button",
      { class: "tk-call-control", type: "button", onclick: () => media.toggleScreen() },
      icon("screen"),
    );
    // Phones have no `getDisplayMedia`, pages without TLS have no `mediaDevices`.
    this.#screen.hidden = !navigator.mediaDevices?.getDisplayMedia;
    const leave = h(
      "button",
      {
        class: "tk-call-control tk-hang-up",
        type: "button",
        "aria-label": gettext("Leave the call"),
        title: gettext("Leave the call"),
        onclick: onLeave,
      },
      icon("hangUp"),
    );
    const controls = [this.#mute.element, this.#camera.element, this.#screen, leave];
    this.element = h(
      "div",
      { class: "tk-call-view" },
      h("div", { class: "tk-tiles-frame" }, this.#tiles),
      this.#alone,
      h("div", { class: "tk-call-controls" }, ...controls),
    );
    this.#unsubscribes = [
      call.on("change", () => this.#update()),
      room.on("participants", () => this.#update()),
    ];
    this.#update();
  }

  close() {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
  }

  focus() {
    this.#mute.element.focus();
  }

  #update() {
    const media = this.#media;
    const others = [...this.#call.others.values()];
    const people = [...others.map((other) => this.#tileOf(other)), this.#ownTile()];
    const screens = this.#screenTiles(others);
    reconcile(
      this.#tiles,
      [...screens, ...people],
      ({ key }) => key,
      (tile) => createTile(this.#room.context, tile),
    );
    setAttribute(this.#tiles, "data-count", Math.min(people.length, TILE_LAYOUTS));
    setAttribute(this.#tiles, "data-screen", screens.length > 0 || null);
    setText(this.#alone, people.length === 1 ? gettext("Nobody else is here yet.") : "");
    this.#mute.update(media.isAudible);
    this.#camera.update(media.hasVideo);
    const label = media.screen ? gettext("Stop sharing the screen") : gettext("Share the screen");
    setAttribute(this.#screen, "aria-label", label);
    setAttribute(this.#screen, "title", label);
    this.#screen.classList.toggle("tk-on", media.screen !== null);
  }

  /**
   * @param {RemoteSession[]} others
   * @returns {Tile[]}
   */
  #screenTiles(others) {
    const tiles = others.flatMap((other) => {
      const stream = other.screen?.stream;
      if (!stream?.getTracks().length) return [];
      const person = this.#personOf(other);
      const name = interpolate(gettext("Screen of %(name)s"), { name: person.name });
      const key = `screen-${other.id}`;
      return [{ key, isScreen: true, person, name, stream, hasVideo: true }];
    });
    if (!this.#media.screen) return tiles;
    const own = {
      key: "screen",
      isScreen: true,
      person: this.#room.ownPerson,
      name: gettext("Your screen"),
      stream: this.#media.screen,
      hasVideo: true,
      isOwn: true,
    };
    return [...tiles, own];
  }

  /**
   * @param {RemoteSession} other
   * @returns {Tile}
   */
  #tileOf(other) {
    const person = this.#personOf(other);
    const { peer } = other;
    return {
      key: other.id,
      person,
      name: person.name,
      stream: peer?.stream,
      hasVideo: Boolean(peer?.isConnected) && sends(other, "video"),
      isMuted: !sends(other, "audio"),
      isSpeaking: peer?.remote.isSpeaking,
      isConnecting: peer ? !peer.isConnected : this.#willConnect(other),
    };
  }

  /** @returns {Tile} */
  #ownTile() {
    const media = this.#media;
    const { ownName, ownPerson } = this.#room;
    return {
      key: "own",
      person: ownPerson,
      name: ownName ? `${ownName} (${gettext("You")})` : gettext("You"),
      stream: media.stream,
      hasVideo: media.hasVideo,
      isMuted: !media.isAudible,
      isSpeaking: media.isSpeaking,
      isOwn: true,
      isMirrored: true,
    };
  }

  /**
   * Whether a connection is to be expected: one of the two has to send something.
   * @param {RemoteSession} other
   */
  #willConnect(other) {
    return Boolean((other.flags | this.#call.flags) & (InCall.AUDIO | InCall.VIDEO));
  }

  /**
   * @param {RemoteSession} other
   * @returns {Person}
   */
  #personOf({ id, userId, peer }) {
    const { participants, signaling } = this.#room;
    if (userId) {
      const participant = participants.find((participant) => participant.userId === userId);
      return {
        type: "user",
        id: userId,
        name: participant ? participantName(participant) : userId,
      };
    }
    const sessionId = signaling.apiSessionOf(id);
    const participant = participants.find((participant) => participant.sessionId === sessionId);
    const name = participant?.displayName || peer?.nick || gettext("Guest");
    return { type: "guest", id, name };
  }
}

/**
 * Whether another session sends audio or video: as it tells, or else by its flags.
 * @param {RemoteSession} other
 * @param {DeviceKind} kind
 */
function sends({ peer, flags }, kind) {
  const flag = kind === "audio" ? InCall.AUDIO : InCall.VIDEO;
  return peer?.remote[kind] ?? Boolean(flags & flag);
}

/**
 * @param {import("../core/page-context.js").PageContext} context
 * @param {Tile} first
 * @returns {import("./dom.js").Part<Tile>}
 */
function createTile(context, first) {
  const video = h("video", { autoplay: true, playsinline: true });
  video.muted = Boolean(first.isOwn);
  const picture = h("div", { class: "tk-tile-picture" });
  const name = h("bdi", {});
  const muted = h(
    "span",
    { class: "tk-tile-muted" },
    icon("micOff"),
    screenReaderText(gettext("Muted")),
  );
  const speaking = screenReaderText("");
  const element = h(
    "li",
    { class: "tk-tile" },
    picture,
    video,
    h("div", { class: "tk-tile-name" }, muted, name, speaking),
  );
  let picturedName = "";
  const update = (/** @type {Tile} */ tile) => {
    const stream = tile.stream ?? null;
    if (video.srcObject !== stream) video.srcObject = stream;
    setText(name, tile.name);
    if (picturedName !== tile.person.name) picture.replaceChildren(avatar(context, tile.person));
    picturedName = tile.person.name;
    setAttribute(video, "aria-label", tile.name);
    muted.hidden = !tile.isMuted;
    setText(speaking, tile.isSpeaking ? gettext("speaks") : "");
    const classes = {
      "tk-has-video": tile.hasVideo,
      "tk-is-screen": tile.isScreen,
      "tk-speaking": tile.isSpeaking && !tile.isMuted,
      "tk-mirrored": tile.isMirrored,
      "tk-connecting": tile.isConnecting,
    };
    for (const [key, isOn] of Object.entries(classes)) element.classList.toggle(key, Boolean(isOn));
  };
  return { element, update };
}
