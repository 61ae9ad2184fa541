/** Who looks at the page, and where things are. */

import { Api } from "./api.js";
import { Emitter } from "./emitter.js";

/**
 * The page's data: see `talk-data` in the templates. Emits `rooms` when the list of rooms
 * should be looked at again.
 */
export class Session extends Emitter {
  constructor(data) {
    super();
    this.data = data;
    this.api = new Api(data);
    /** Empty for guests. */
    this.userId = data.user?.id ?? "";
    this.displayName = data.user?.displayName ?? "";
  }

  /** The link to a room, as one sends it to somebody. */
  roomUrl(/** @type {string} */ token) {
    return new URL(`${this.data.roomPage}/${token}`, location.origin).href;
  }

  /** The picture of somebody: users by id, guests by name. */
  avatarUrl(/** @type {{type: string, id: string, name: string}} */ who) {
    const { avatars } = this.data;
    if (who.type === "user") return `${avatars}/${encodeURIComponent(who.id)}/96`;
    return `${avatars}/guest/${encodeURIComponent(who.name || "?")}/96`;
  }

  /**
   * Find people, groups and addresses that one may invite.
   * @param {string} search
   * @param {{token?: string, kinds?: string[], signal?: AbortSignal}} [options]
   * @returns {Promise<{id: string, label: string, source: string}[]>}
   */
  async find(search, { token = "new", kinds = ["0", "1", "4"], signal } = {}) {
    const query = {
      search,
      itemType: "call",
      itemId: token,
      "shareTypes[]": kinds,
      limit: 8,
    };
    const answer = await this.api.get("/core/autocomplete/get", { query, signal });
    return answer.data;
  }
}

/** @returns {Session} of the page that this script is part of */
export function readSession() {
  return new Session(JSON.parse(document.getElementById("talk-data").textContent));
}
