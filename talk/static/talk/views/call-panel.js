/** The call of a room: the button that starts or joins it, and its view. */

import { Call } from "../call/call.js";
import { LocalMedia } from "../call/media.js";
import { ApiError } from "../core/api.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { callPreview } from "./call-preview.js";
import { CallView } from "./call-view.js";
import { h, setAttribute, setText, styledParent } from "./dom.js";
import { icon } from "./icons.js";

export class CallPanel {
  #room;
  /** @type {Call | undefined} */
  #call;
  /** @type {LocalMedia | undefined} open from the preview to the end of the call */
  #media;
  /** @type {CallView | undefined} */
  #view;
  #label = h("span", {});
  #notice = h("p", { class: "tk-banner", role: "status", hidden: true });
  #unsubscribes;

  /** @param {import("../core/room.js").Room} room */
  constructor(room) {
    this.#room = room;
    this.button = h(
      "button",
      { class: "tk-button tk-call-button", type: "button", onclick: () => this.#prepare() },
      icon("call"),
      this.#label,
    );
    this.element = h("section", {
      class: "tk-call",
      hidden: true,
      "aria-label": gettext("Call"),
    });
    this.#unsubscribes = [
      room.on("data", () => this.#update()),
      room.on("participants", () => this.#update()),
    ];
    this.#update();
  }

  get isInCall() {
    return this.#call?.isActive ?? false;
  }

  close() {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    if (this.isInCall) this.#leave();
  }

  #update() {
    const { hasCall } = this.#room.data;
    const count = this.#room.participants.filter(({ inCall }) => inCall).length;
    this.button.hidden = this.isInCall;
    this.button.classList.toggle("tk-primary", hasCall);
    setText(this.#label, hasCall ? gettext("Join call") : gettext("Start call"));
    const title = ngettext("%(count)s person in the call", "%(count)s people in the call", count);
    setAttribute(this.button, "title", hasCall && interpolate(title, { count }));
  }

  /** Show the preview, then join if the user wants to. */
  async #prepare() {
    if (this.#media) return;
    const media = new LocalMedia();
    this.#media = media;
    if (await callPreview(styledParent(this.button), this.#room, media)) {
      await this.#join(media);
      return;
    }
    media.close();
    this.#media = undefined;
    this.button.focus();
  }

  /** @param {LocalMedia} media */
  async #join(media) {
    const call = new Call(this.#room, media);
    this.#call = call;
    call.on("ended", () => this.#end(gettext("You are no longer in the call.")));
    try {
      if (await call.join()) this.#showCall(call, media);
      else this.#end(gettext("You are in this call in another window already."));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      call.stop();
      this.#end(gettext("The call could not be joined. Try again."));
    }
  }

  get #mainElement() {
    return this.element.closest(".tk-main");
  }

  /**
   * @param {Call} call
   * @param {LocalMedia} media
   */
  #showCall(call, media) {
    this.#view = new CallView(this.#room, call, media, () => this.#leave());
    this.element.replaceChildren(this.#view.element);
    this.element.hidden = false;
    this.#mainElement?.classList.add("tk-in-call");
    this.#update();
    this.#view.focus();
  }

  async #leave() {
    const call = this.#call;
    this.#end();
    await call?.leave();
  }

  /** @param {string} [reason] shown in place of the call */
  #end(reason = "") {
    this.#view?.close();
    this.#media?.close();
    this.#view = this.#media = undefined;
    this.#mainElement?.classList.remove("tk-in-call");
    this.#notice.hidden = reason === "";
    setText(this.#notice, reason);
    this.element.replaceChildren(this.#notice);
    this.element.hidden = reason === "";
    this.#call?.stop();
    this.#update();
    this.button.focus();
  }
}
