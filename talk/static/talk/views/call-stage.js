/** Who is in the call: pictures, names, who speaks; and what one can do in it. */

import { InCall } from "../core/constants.js";
import { gettext, interpolate } from "../i18n.js";
import { avatar } from "./avatar.js";
import { deviceButton } from "./call-preview.js";
import { h, reconcile, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf } from "./people.js";

export class CallStage {
  /**
   * @param {import("../core/room.js").RoomConnection} room
   * @param {import("../call/call.js").Call} call
   * @param {import("../call/media.js").LocalMedia} media
   * @param {() => void} onLeave
   */
  constructor(room, call, media, onLeave) {
    this.room = room;
    this.call = call;
    this.media = media;
    this.tiles = h("ul", { class: "tk-tiles", "aria-label": gettext("People in the call") });
    this.alone = h("p", { class: "tk-alone", role: "status" });
    this.mute = deviceButton("audio", () => media.toggleAudio());
    this.camera = deviceButton("video", () => media.toggleVideo());
    this.screen = h(
      "button",
      { class: "tk-call-control", type: "button", onclick: () => media.toggleScreen() },
      icon("screen"),
    );
    this.screen.hidden = !navigator.mediaDevices?.getDisplayMedia;
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
    this.element = h(
      "div",
      { class: "tk-stage" },
      h("div", { class: "tk-floor" }, this.tiles),
      this.alone,
      h("div", { class: "tk-call-controls" }, this.mute, this.camera, this.screen, leave),
    );
    this.stops = [call.on("change", () => this.show()), room.on("people", () => this.show())];
    this.show();
  }

  close() {
    for (const stop of this.stops) stop();
  }

  focus() {
    this.mute.focus();
  }

  show() {
    const { media } = this;
    const tiles = this.list();
    reconcile(
      this.tiles,
      tiles,
      (tile) => tile.key,
      (tile) => createTile(this.room.session, tile),
      (element, tile) => element.update(tile),
    );
    const people = tiles.filter((tile) => !tile.isScreen).length;
    setAttribute(this.tiles, "data-count", Math.min(people, 9));
    setAttribute(this.tiles, "data-screen", tiles.some((tile) => tile.isScreen) || null);
    setText(this.alone, people === 1 ? gettext("Nobody else is here yet.") : "");
    this.mute.update(media.hasAudio && !media.isMuted);
    this.camera.update(media.hasVideo);
    const words = media.screen ? gettext("Stop sharing the screen") : gettext("Share the screen");
    setAttribute(this.screen, "aria-label", words);
    setAttribute(this.screen, "title", words);
    this.screen.classList.toggle("tk-on", media.screen !== null);
  }

  /** What is to be seen: screens, the others, oneself. */
  list() {
    const others = [...this.call.others.values()];
    return [...this.screens(others), ...others.map((other) => this.person(other)), this.own()];
  }

  screens(others) {
    const shown = others
      .filter(({ screen }) => screen?.stream.getTracks().length)
      .map((other) => {
        const who = this.personOf(other);
        return {
          key: `screen-${other.id}`,
          isScreen: true,
          who,
          name: interpolate(gettext("Screen of %(name)s"), { name: who.name }),
          stream: other.screen.stream,
          hasVideo: true,
        };
      });
    if (!this.media.screen) return shown;
    const own = {
      key: "screen",
      isScreen: true,
      who: this.ownPerson,
      name: gettext("Your screen"),
      stream: this.media.screen,
      hasVideo: true,
      isOwn: true,
    };
    return [...shown, own];
  }

  person(other) {
    const who = this.personOf(other);
    const { peer } = other;
    return {
      key: other.id,
      who,
      name: who.name,
      stream: peer?.stream,
      hasVideo: Boolean(peer?.isConnected) && this.seems(other, "video"),
      isMuted: !this.seems(other, "audio"),
      isSpeaking: peer?.remote.isSpeaking,
      isConnecting: peer ? !peer.isConnected : this.mayConnect(other),
    };
  }

  own() {
    const { media, room } = this;
    return {
      key: "own",
      who: this.ownPerson,
      name: room.ownName ? `${room.ownName} (${gettext("You")})` : gettext("You"),
      stream: media.stream,
      hasVideo: media.hasVideo,
      isMuted: !media.hasAudio || media.isMuted,
      isSpeaking: media.isSpeaking,
      isOwn: true,
      isMirrored: true,
    };
  }

  get ownPerson() {
    const type = this.room.isGuest ? "guest" : "user";
    return { type, id: this.room.session.userId, name: this.room.ownName };
  }

  /** Whether the other sends something: as they say, or as their flags do. */
  seems(other, /** @type {"audio" | "video"} */ kind) {
    const flag = kind === "audio" ? InCall.AUDIO : InCall.VIDEO;
    return other.peer?.remote[kind] ?? Boolean(other.flags & flag);
  }

  mayConnect(other) {
    return Boolean((other.flags | this.call.flags) & (InCall.AUDIO | InCall.VIDEO));
  }

  personOf({ id, userId, peer }) {
    if (userId) {
      const person = this.room.people.find((one) => one.userId === userId);
      return { type: "user", id: userId, name: person ? nameOf(person) : userId };
    }
    const session = this.room.signaling.apiSessionOf(id);
    const person = this.room.people.find((one) => one.sessionId === session);
    const name = person?.displayName || peer?.nick || gettext("Guest");
    return { type: "guest", id, name };
  }
}

function createTile(session, /** @type {any} */ first) {
  const video = h("video", { autoplay: true, playsinline: true });
  video.muted = Boolean(first.isOwn);
  const picture = h("div", { class: "tk-tile-picture" });
  const name = h("bdi", {});
  const muted = h("span", { class: "tk-tile-muted" }, icon("micOff"), hidden(gettext("Muted")));
  const speaking = hidden("");
  const element = h(
    "li",
    { class: "tk-tile" },
    picture,
    video,
    h("div", { class: "tk-tile-name" }, muted, name, speaking),
  );
  let pictured = "";
  element.update = (/** @type {any} */ tile) => {
    if (video.srcObject !== (tile.stream ?? null)) video.srcObject = tile.stream ?? null;
    setText(name, tile.name);
    if (pictured !== tile.who.name) picture.replaceChildren(avatar(session, tile.who));
    pictured = tile.who.name;
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
  return element;
}

function hidden(/** @type {string} */ text) {
  return h("span", { class: "tk-hidden" }, text);
}
