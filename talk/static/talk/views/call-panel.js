/** The call of a room: the button that leads into it, and what one sees in it. */

import { Call } from "../call/call.js";
import { LocalMedia } from "../call/media.js";
import { ApiError } from "../core/api.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { callPreview } from "./call-preview.js";
import { CallStage } from "./call-stage.js";
import { h, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";

export class CallPanel {
  /** @param {import("../core/room.js").RoomConnection} room */
  constructor(room) {
    this.room = room;
    /** @type {Call | undefined} */
    this.call = undefined;
    this.label = h("span", {});
    this.button = h(
      "button",
      { class: "tk-button tk-call-button", type: "button", onclick: () => this.prepare() },
      icon("call"),
      this.label,
    );
    this.notice = h("p", { class: "tk-banner", role: "status", hidden: true });
    this.element = h("section", {
      class: "tk-call",
      hidden: true,
      "aria-label": gettext("Call"),
    });
    this.stops = [room.on("room", () => this.show()), room.on("people", () => this.show())];
    this.show();
  }

  get isInCall() {
    return this.call?.isOn ?? false;
  }

  close() {
    for (const stop of this.stops) stop();
    if (this.isInCall) this.leave();
  }

  show() {
    const { hasCall } = this.room.room;
    const count = this.room.people.filter((person) => person.inCall).length;
    this.button.hidden = this.isInCall;
    this.button.classList.toggle("tk-primary", hasCall);
    setText(this.label, hasCall ? gettext("Join call") : gettext("Start call"));
    const title = hasCall
      ? interpolate(
          ngettext("%(count)s person in the call", "%(count)s people in the call", count),
          {
            count,
          },
        )
      : "";
    setAttribute(this.button, "title", title || null);
  }

  /** Look at oneself first. */
  async prepare() {
    if (this.media) return;
    this.media = new LocalMedia();
    const isWanted = await callPreview(this.button.closest(".talk"), this.room, this.media);
    if (!isWanted) {
      this.media.close();
      this.media = undefined;
      this.button.focus();
      return;
    }
    await this.join();
  }

  async join() {
    this.call = new Call(this.room, this.media);
    this.call.on("ended", () => this.end(gettext("You are no longer in the call.")));
    try {
      if (await this.call.join()) this.enter();
      else this.end(gettext("You are in this call in another window already."));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.call.stop();
      this.end(gettext("The call could not be joined. Try again."));
    }
  }

  enter() {
    this.stage = new CallStage(this.room, this.call, this.media, () => this.leave());
    this.element.replaceChildren(this.stage.element);
    this.element.hidden = false;
    this.element.closest(".tk-main")?.classList.add("tk-in-call");
    this.show();
    this.stage.focus();
  }

  async leave() {
    const { call } = this;
    this.end();
    await call.leave();
  }

  end(/** @type {string} */ reason = "") {
    this.stage?.close();
    this.media?.close();
    this.stage = this.media = undefined;
    this.element.closest(".tk-main")?.classList.remove("tk-in-call");
    this.notice.hidden = reason === "";
    setText(this.notice, reason);
    this.element.replaceChildren(this.notice);
    this.element.hidden = reason === "";
    if (this.call?.isOn) this.call.stop();
    this.show();
    this.button.focus();
  }
}
