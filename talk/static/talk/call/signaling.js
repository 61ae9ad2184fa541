/** Choosing how the sessions of a room reach each other. */

import { ExternalSignaling } from "./signaling-external.js";
import { InternalSignaling } from "./signaling-internal.js";

/**
 * @param {import("../core/room.js").Room} room
 * @param {string} server the signaling server's URL, empty when the site has none
 * @returns {import("../core/types.js").Signaling}
 */
export function createSignaling(room, server) {
  return server ? new ExternalSignaling(room, server) : new InternalSignaling(room);
}
