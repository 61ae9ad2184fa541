/** Values of the Talk API, and the states of the page's own objects. */

/** The session id of a participant who has no session. */
export const NO_SESSION = "0";

export const MESSAGE_LENGTH_MAX = 1000;
export const ROOM_NAME_LENGTH_MAX = 200;
export const GUEST_NAME_LENGTH_MAX = 64;

export const RoomType = Object.freeze({ ONE_TO_ONE: 1, GROUP: 2, PUBLIC: 3 });

export const ParticipantType = Object.freeze({
  OWNER: 1,
  MODERATOR: 2,
  USER: 3,
  GUEST: 4,
  SELF_JOINED: 5,
  GUEST_MODERATOR: 6,
});

export const NotificationLevel = Object.freeze({ ALWAYS: 1, MENTION: 2, NEVER: 3 });

/** Flags of `inCall`. */
export const InCall = Object.freeze({ DISCONNECTED: 0, IN_CALL: 1, AUDIO: 2, VIDEO: 4 });

/** `actorType` of a message. */
export const ActorType = Object.freeze({ USERS: "users", GUESTS: "guests" });

/** `source` of an invitee that the search finds. */
export const InviteeSource = Object.freeze({ USERS: "users", GROUPS: "groups", EMAILS: "emails" });

/** `shareTypes[]`: which invitees to search for. */
export const ShareType = Object.freeze({ USER: "0", GROUP: "1", EMAIL: "4" });

/** HTTP status codes that the page tells apart. */
export const Status = Object.freeze({
  NOT_MODIFIED: 304,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  REQUEST_TIMEOUT: 408,
  TOO_LARGE: 413,
  TOO_MANY_REQUESTS: 429,
  SERVER_ERROR: 500,
  BAD_GATEWAY: 502,
});

/** States of a `Room`. */
export const RoomState = Object.freeze({
  /** The page asks the server what the room is. */
  LOADING: "loading",
  /** A non-participant has to give a name or a password first. */
  JOINING: "joining",
  /** The caller is in the room. */
  OPEN: "open",
  /** There is no such room, or the caller may not see it. */
  MISSING: "missing",
  /** The caller was in the room: it was deleted or closed, or the caller was removed. */
  ENDED: "ended",
  /** The user's login has ended. */
  SIGNED_OUT: "signedOut",
});

/** States of a message in the outbox. */
export const SendState = Object.freeze({
  SENDING: "sending",
  /** No answer came: the message is sent again later. */
  WAITING: "waiting",
  /** The server refused: the message is sent again only on request. */
  REFUSED: "refused",
});

/** Changes in a room of which the browser notifies the user. */
export const NotificationKind = Object.freeze({
  MENTION: "mention",
  MESSAGE: "message",
  CALL: "call",
});
