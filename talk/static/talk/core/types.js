/** Types of the Talk API and of signaling. Only the type checker reads this module. */

/**
 * @typedef {object} RoomData a room as the API returns it
 * @property {string} token
 * @property {number} type one of RoomType
 * @property {string} name
 * @property {string} displayName
 * @property {number} participantType one of ParticipantType
 * @property {boolean} participantInCall
 * @property {object | []} participants a list where the caller is no participant
 * @property {string} sessionId
 * @property {boolean} hasPassword
 * @property {boolean} hasCall
 * @property {boolean} isFavorite
 * @property {number} notificationLevel one of NotificationLevel
 * @property {number} unreadMessages
 * @property {boolean} unreadMention
 * @property {number} lastActivity
 * @property {import("./timeline.js").Message | []} lastMessage
 *
 * @typedef {object} ParticipantData a participant as the API returns it
 * @property {string} userId empty for guests
 * @property {string} displayName
 * @property {number} participantType one of ParticipantType
 * @property {string} sessionId
 * @property {number} inCall flags of InCall
 *
 * @typedef {object} CallUser a session in signaling
 * @property {string} sessionId
 * @property {string} userId empty for guests
 * @property {number} inCall flags of InCall
 *
 * @typedef {object} SignalingData what one session sends to another
 * @property {string} to
 * @property {string} type
 * @property {string} [sid] tells parallel connections to the same session apart
 * @property {string} [roomType] what the connection is for
 * @property {string} [broadcaster] the session whose screen it is
 * @property {any} [payload] `any`: clients may send everything
 *
 * @typedef {Omit<SignalingData, "to"> & {from: string}} ReceivedSignalingData
 *
 * @typedef {object} SignalingEvents
 * @property {CallUser[]} users the sessions that are connected
 * @property {ReceivedSignalingData} message
 * @property {undefined} sessionLost the server no longer knows our session
 * @property {undefined} sessionChanged the connection is new and in no call
 *
 * @typedef {import("./emitter.js").Emitter<SignalingEvents> & {
 *   readonly ownId: string,
 *   apiSessionOf: (id: string) => string,
 *   start: () => Promise<void>,
 *   stop: () => void,
 *   close: () => void,
 *   send: (data: SignalingData) => void,
 * }} Signaling how the sessions of a room reach each other
 */

export {};
