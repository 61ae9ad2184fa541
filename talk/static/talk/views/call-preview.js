/** The preview before a call: the user's own picture, and a choice of devices. */

import { DeviceProblem } from "../call/media.js";
import { gettext } from "../i18n.js";
import { avatar } from "./avatar.js";
import { openDialog } from "./dialogs.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";

/**
 * @typedef {import("../call/media.js").DeviceKind} DeviceKind
 * @typedef {import("../call/media.js").LocalMedia} LocalMedia
 */

/**
 * Make a button for microphone or camera that shows whether it is on.
 * @param {DeviceKind} kind
 * @param {() => void} onclick
 */
export function deviceButton(kind, onclick) {
  const element = h("button", { class: "tk-call-control", type: "button", onclick });
  let shown = "";
  const update = (/** @type {boolean} */ isOn) => {
    const { label, drawing } = deviceButtonLook(kind, isOn);
    if (shown === label) return;
    shown = label;
    element.replaceChildren(icon(drawing));
    element.setAttribute("aria-label", label);
    element.title = label;
    element.classList.toggle("tk-off", !isOn);
  };
  return { element, update };
}

/**
 * @param {DeviceKind} kind
 * @param {boolean} isOn
 * @returns {{label: string, drawing: import("./icons.js").IconName}}
 */
function deviceButtonLook(kind, isOn) {
  if (kind === "audio") {
    return isOn
      ? { label: gettext("Mute"), drawing: "mic" }
      : { label: gettext("Unmute"), drawing: "micOff" };
  }
  return isOn
    ? { label: gettext("Turn the camera off"), drawing: "camera" }
    : { label: gettext("Turn the camera on"), drawing: "cameraOff" };
}

/**
 * Return why a device cannot be used, for the user; empty when it can be.
 * @param {DeviceKind} kind
 * @param {string} problem one of DeviceProblem
 */
function problemText(kind, problem) {
  const isAudio = kind === "audio";
  switch (problem) {
    case DeviceProblem.REFUSED:
      return isAudio
        ? gettext("The browser may not use your microphone. You can allow it beside the address.")
        : gettext("The browser may not use your camera. You can allow it beside the address.");
    case DeviceProblem.MISSING:
      return isAudio
        ? gettext("No microphone was found. You can still listen.")
        : gettext("No camera was found. You can join without.");
    case DeviceProblem.BUSY:
      return isAudio
        ? gettext("Another program uses your microphone.")
        : gettext("Another program uses your camera.");
    case DeviceProblem.INSECURE:
      return isAudio
        ? gettext("Microphones work on secure (https) pages only. You can still listen.")
        : "";
    default:
      return "";
  }
}

/**
 * Show a preview until the user joins or closes it.
 * @param {Element} parent
 * @param {import("../core/room.js").Room} room
 * @param {LocalMedia} media
 * @returns {Promise<boolean>} whether to join
 */
export function callPreview(parent, room, media) {
  return new Promise((resolve) => {
    const video = h("video", { autoplay: true, muted: true, playsinline: true });
    video.muted = true;
    video.srcObject = media.stream;
    const picture = h("div", { class: "tk-tile-picture" }, avatar(room.context, room.ownPerson));
    const problems = h("p", { class: "tk-call-problems", role: "status" });
    const mute = deviceButton("audio", () => media.toggleAudio());
    const camera = deviceButton("video", () => media.toggleVideo());
    const tile = h("div", { class: "tk-tile tk-preview" }, picture, video);
    const selects = [deviceSelect(media, "audio"), deviceSelect(media, "video")];
    const join = h(
      "button",
      { class: "tk-button tk-primary", type: "button", onclick: () => dialog.close("join") },
      room.data.hasCall ? gettext("Join call") : gettext("Start call"),
    );
    const dialog = openDialog(parent, gettext("Ready?"), [
      tile,
      h("div", { class: "tk-call-controls" }, mute.element, camera.element),
      problems,
      ...selects.map(({ element }) => element),
      h("footer", {}, join),
    ]);
    const update = () => {
      mute.update(media.isAudible);
      camera.update(media.hasVideo);
      tile.classList.toggle("tk-has-video", media.hasVideo);
      const { audio, video } = media.problems;
      const texts = [problemText("audio", audio), problemText("video", video)];
      setText(problems, texts.filter(Boolean).join(" "));
      for (const select of selects) select.update();
    };
    const unsubscribes = [
      media.on("change", update),
      media.on("speaking", () => tile.classList.toggle("tk-speaking", media.isSpeaking)),
    ];
    dialog.addEventListener("close", () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
      video.srcObject = null;
      resolve(dialog.returnValue === "join");
    });
    update();
    join.focus();
    media.open();
  });
}

/**
 * Make a choice of cameras or microphones; it is hidden when there is only one.
 * @param {LocalMedia} media
 * @param {DeviceKind} kind
 */
function deviceSelect(media, kind) {
  const select = h("select", {
    class: "tk-field",
    onchange: () => media.choose(kind, select.value),
  });
  const label = kind === "audio" ? gettext("Microphone") : gettext("Camera");
  const element = h("label", { class: "tk-device", hidden: true }, h("span", {}, label), select);
  const update = async () => {
    const devices = (await media.devices())[kind];
    const usedId = media.deviceId(kind);
    select.replaceChildren(
      ...devices.map(({ deviceId, label }) =>
        h("option", { value: deviceId, selected: deviceId === usedId }, label),
      ),
    );
    element.hidden = devices.length < 2;
  };
  return { element, update };
}
