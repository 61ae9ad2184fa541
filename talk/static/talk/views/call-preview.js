/** Before a call: how one looks, and with which devices. */

import { gettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialogs.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/** A button for microphone or camera that shows whether it is on. */
export function deviceButton(kind, /** @type {() => void} */ onclick) {
  const button = h("button", { class: "tk-call-control", type: "button", onclick });
  let shown = "";
  button.update = (/** @type {boolean} */ isOn) => {
    const words = {
      audio: isOn ? gettext("Mute") : gettext("Unmute"),
      video: isOn ? gettext("Turn the camera off") : gettext("Turn the camera on"),
    };
    const drawings = { audio: isOn ? "mic" : "micOff", video: isOn ? "camera" : "cameraOff" };
    if (shown === words[kind]) return;
    shown = words[kind];
    button.replaceChildren(icon(drawings[kind]));
    button.setAttribute("aria-label", shown);
    button.title = shown;
    button.classList.toggle("tk-off", !isOn);
  };
  return button;
}

/** What is wrong with a device, in words. */
export function problemText(kind, /** @type {string} */ problem) {
  const isAudio = kind === "audio";
  const words = {
    refused: isAudio
      ? gettext("The browser may not use your microphone. You can allow it beside the address.")
      : gettext("The browser may not use your camera. You can allow it beside the address."),
    none: isAudio
      ? gettext("No microphone was found. You can still listen.")
      : gettext("No camera was found. You can join without."),
    busy: isAudio
      ? gettext("Another program uses your microphone.")
      : gettext("Another program uses your camera."),
    insecure: isAudio
      ? gettext("Microphones work on secure (https) pages only. You can still listen.")
      : "",
  };
  return words[problem] ?? "";
}

/**
 * Show a preview, until somebody joins or thinks better of it.
 * @param {Element} parent
 * @param {import("../core/room.js").RoomConnection} room
 * @param {import("../call/media.js").LocalMedia} media
 * @returns {Promise<boolean>}
 */
export function callPreview(parent, room, media) {
  return new Promise((resolve) => {
    const video = h("video", { autoplay: true, muted: true, playsinline: true });
    video.muted = true;
    video.srcObject = media.stream;
    const who = {
      type: room.isGuest ? "guest" : "user",
      id: room.session.userId,
      name: room.ownName,
    };
    const picture = h("div", { class: "tk-tile-picture" }, avatar(room.session, who));
    const problems = h("p", { class: "tk-call-problems", role: "status" });
    const mute = deviceButton("audio", () => media.toggleAudio());
    const camera = deviceButton("video", () => media.toggleVideo());
    const tile = h("div", { class: "tk-tile tk-preview" }, picture, video);
    const selects = { audio: deviceSelect(media, "audio"), video: deviceSelect(media, "video") };
    const join = h(
      "button",
      { class: "tk-button tk-primary", type: "button", onclick: () => dialog.close("join") },
      room.room.hasCall ? gettext("Join call") : gettext("Start call"),
    );
    const dialog = openDialog(parent, gettext("Ready?"), [
      tile,
      h("div", { class: "tk-call-controls" }, mute, camera),
      problems,
      selects.audio.element,
      selects.video.element,
      h("footer", {}, join),
    ]);
    const show = () => {
      mute.update(media.hasAudio && !media.isMuted);
      camera.update(media.hasVideo);
      tile.classList.toggle("tk-has-video", media.hasVideo);
      const texts = ["audio", "video"].map((kind) => problemText(kind, media.problems[kind]));
      setText(problems, texts.filter(Boolean).join(" "));
      selects.audio.update();
      selects.video.update();
    };
    const stops = [
      media.on("change", show),
      media.on("speaking", () => tile.classList.toggle("tk-speaking", media.isSpeaking)),
    ];
    dialog.addEventListener("close", () => {
      for (const stop of stops) stop();
      video.srcObject = null;
      resolve(dialog.returnValue === "join");
    });
    show();
    join.focus();
    media.open();
  });
}

/** A choice of cameras or microphones; hidden when there is none to make. */
function deviceSelect(media, /** @type {"audio" | "video"} */ kind) {
  const select = h("select", {
    class: "tk-field",
    onchange: () => media.choose(kind, select.value),
  });
  const words = kind === "audio" ? gettext("Microphone") : gettext("Camera");
  const element = h("label", { class: "tk-device", hidden: true }, h("span", {}, words), select);
  const update = async () => {
    const devices = (await media.devices())[kind];
    const used = media[kind]?.getSettings().deviceId ?? media.wanted[kind];
    select.replaceChildren(
      ...devices.map((device) =>
        h("option", { value: device.deviceId, selected: device.deviceId === used }, device.label),
      ),
    );
    element.hidden = devices.length < 2;
  };
  return { element, update };
}
