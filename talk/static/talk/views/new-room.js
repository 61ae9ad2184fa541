/** Starting a conversation. */

import { ApiError } from "../core/api.js";
import { RoomType } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { openDialog } from "./dialogs.js";
import { h, setText } from "./dom.js";
import { PeopleSearch } from "./people-search.js";

/** How long the server lets a room's name be. */
export const NAME_MAX = 200;

/**
 * Ask with whom, and create the room.
 * @param {Element} parent
 * @param {import("../core/session.js").Session} session
 * @returns {Promise<string>} its token; empty when nothing was created
 */
export function newRoomDialog(parent, session) {
  return new Promise((resolve) => {
    const error = h("p", { class: "tk-error", role: "alert" });
    const create = async (/** @type {Record<string, unknown>} */ wish) => {
      try {
        const { data } = await session.api.post("room", wish);
        dialog.close(data.token);
      } catch (reason) {
        if (!(reason instanceof ApiError)) throw reason;
        setText(error, gettext("The conversation could not be started. Try again."));
      }
    };
    const dialog = openDialog(parent, gettext("New conversation"), [
      h("h3", {}, gettext("With a person or a group")),
      new PeopleSearch(session, {
        label: gettext("Search for people and groups"),
        placeholder: gettext("Name"),
        kinds: ["0", "1"],
        onChosen: ({ id, source }) =>
          create({
            roomType: source === "groups" ? RoomType.GROUP : RoomType.ONE_TO_ONE,
            invite: id,
          }),
      }).element,
      namedRoomForm(create),
      error,
    ]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue));
  });
}

/** For a room that has a name, to which one invites later. */
function namedRoomForm(/** @type {(wish: Record<string, unknown>) => void} */ create) {
  const name = h("input", { class: "tk-field", required: true, maxlength: NAME_MAX, dir: "auto" });
  const isPublic = h("input", { type: "checkbox", role: "switch" });
  return h(
    "form",
    {
      class: "tk-form",
      onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const roomType = isPublic.checked ? RoomType.PUBLIC : RoomType.GROUP;
        create({ roomType, roomName: name.value.trim() });
      },
    },
    h("h3", {}, gettext("With a name, for several people")),
    h("label", {}, h("span", {}, gettext("Name")), name),
    h(
      "label",
      { class: "tk-switch" },
      isPublic,
      h("span", {}, gettext("Everybody who has the link may join")),
    ),
    h("button", { class: "tk-button tk-primary", type: "submit" }, gettext("Create")),
  );
}
