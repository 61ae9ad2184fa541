/** The data that the server gives the page: the user, and URLs. */

import { Api } from "./api.js";
import { ShareType } from "./constants.js";
import { Emitter } from "./emitter.js";

/**
 * @typedef {object} PageData the `talk-data` of the templates
 * @property {string} api
 * @property {string} ocs
 * @property {{id: string, displayName: string} | null} user null for guests
 * @property {string} roomPage
 * @property {string} roomsPage
 * @property {string} avatars
 * @property {string | null} loginUrl null for users, and when the site has no login page
 * @property {string} stylesheet
 * @property {string} dir
 * @property {string | null} [token] the room to open
 * @property {string | null} [callUser] the user to open a one-to-one room with
 *
 * @typedef {object} Invitee
 * @property {string} id
 * @property {string} label
 * @property {string} source one of InviteeSource
 *
 * @typedef {object} Person a user or guest with a picture
 * @property {"user" | "guest"} type
 * @property {string} id
 * @property {string} name
 */

/**
 * Emits `roomsChanged` when the list of rooms has to be loaded again.
 * @extends {Emitter<{roomsChanged: undefined}>}
 */
export class PageContext extends Emitter {
  /** @param {PageData} data */
  constructor(data) {
    super();
    this.data = data;
    this.api = new Api(data);
    /** Empty for guests. */
    this.userId = data.user?.id ?? "";
    this.displayName = data.user?.displayName ?? "";
  }

  /**
   * Return the link to a room, which users send to others.
   * @param {string} token
   */
  roomUrl(token) {
    return new URL(`${this.data.roomPage}/${token}`, location.origin).href;
  }

  /**
   * Return the picture of a user, found by id, or of a guest, found by name.
   * @param {Person} person
   */
  avatarUrl({ type, id, name }) {
    const { avatars } = this.data;
    if (type === "user") return `${avatars}/${encodeURIComponent(id)}/96`;
    return `${avatars}/guest/${encodeURIComponent(name || "?")}/96`;
  }

  /**
   * Search for users, groups and e-mail addresses to invite.
   * @param {string} search
   * @param {object} [options]
   * @param {string} [options.token] the room whose participants are left out
   * @param {readonly string[]} [options.shareTypes]
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<Invitee[]>}
   */
  async findInvitees(
    search,
    { token = "new", shareTypes = Object.values(ShareType), signal } = {},
  ) {
    const query = {
      search,
      itemType: "call",
      itemId: token,
      "shareTypes[]": shareTypes,
      limit: 8,
    };
    const { data } = await this.api.get("/core/autocomplete/get", { query, signal });
    return data;
  }
}

/** Read the context of the page that this script is part of. */
export function readPageContext() {
  const element = document.getElementById("talk-data");
  if (!element) throw new Error("The page has no element with the id talk-data.");
  return new PageContext(JSON.parse(element.textContent ?? ""));
}
