/** The dialog that creates a room. */

import { ApiError } from "../core/api.js";
import { InviteeSource, ROOM_NAME_LENGTH_MAX, RoomType, ShareType } from "../core/constants.js";
import { gettext } from "../i18n.js";
import { openDialog } from "./dialogs.js";
import { h, setText } from "./dom.js";
import { InviteeSearch } from "./invitee-search.js";

/** @typedef {{roomType: number, invite?: string, roomName?: string}} NewRoom */

/**
 * Ask for the other user, the group or the name of a room, and create it.
 * @param {Element} parent
 * @param {import("../core/page-context.js").PageContext} context
 * @returns {Promise<string>} the token; empty when no room was created
 */
export function newRoomDialog(parent, context) {
  return new Promise((resolve) => {
    const errorText = h("p", { class: "tk-error", role: "alert" });
    const create = async (/** @type {NewRoom} */ newRoom) => {
      try {
        const { data } = await context.api.post("room", newRoom);
        dialog.close(data.token);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        setText(errorText, gettext("The conversation could not be started. Try again."));
      }
    };
    const search = new InviteeSearch(context, {
      label: gettext("Search for people and groups"),
      placeholder: gettext("Name"),
      shareTypes: [ShareType.USER, ShareType.GROUP],
      onChosen: ({ id, source }) => {
        const isGroup = source === InviteeSource.GROUPS;
        create({ roomType: isGroup ? RoomType.GROUP : RoomType.ONE_TO_ONE, invite: id });
      },
    });
    const dialog = openDialog(parent, gettext("New conversation"), [
      h("h3", {}, gettext("With a person or a group")),
      search.element,
      namedRoomForm(create),
      errorText,
    ]);
    dialog.addEventListener("close", () => resolve(dialog.returnValue));
  });
}

/**
 * Make the form for a room with a name, whose participants are added later.
 * @param {(newRoom: NewRoom) => void} create
 */
function namedRoomForm(create) {
  const name = h("input", {
    class: "tk-field",
    required: true,
    maxlength: ROOM_NAME_LENGTH_MAX,
    dir: "auto",
  });
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
