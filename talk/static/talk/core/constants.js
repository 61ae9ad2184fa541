/** The numbers of the Talk API. */

export const NO_SESSION = "0";

export const MESSAGE_MAX = 1000;

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

export const InCall = Object.freeze({ DISCONNECTED: 0, IN_CALL: 1, AUDIO: 2, VIDEO: 4 });
