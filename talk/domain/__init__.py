"""The rules of rooms, messages and calls.

Nothing here knows requests, responses, status codes or the event loop.

Modules:

    access                   identities, callers and actors, and their access to rooms
    account_avatars          avatars of users, as a viewer may see them
    account_lifecycle        reactions to accounts that change, log out or are deleted
    app_passwords            creating, recognising and revoking app passwords
    calls                    joining and leaving calls; when a call ends
    cleanup                  removing dead sessions, and what depends on them
    cleanup_preview          counting the rows that a clean-up would remove
    display_names            names of the users and guests in messages
    events                   events, and everything that follows from them after commit
    guest_cleanup            deleting guests that nothing refers to
    guests                   identity and names of guests
    ice_servers              STUN and TURN servers with credentials
    mentions                 parsing mentions, finding and suggesting users
    message_expiry           deleting old messages
    message_history          exporting and deleting messages
    messages                 posting and reading messages; the limit of their length
    notifications            the recipients of notifications of a comment
    participant_invitations  inviting by mail
    participant_preferences  favourites and notification levels
    participant_removal      removing participants without a system message
    participant_types        promoting and demoting moderators
    participants             finding, adding and removing participants
    people_search            searching for users, groups and addresses
    presence                 pings and read markers of requests for messages
    presence_version         counting changes of sessions, in-call flags and names
    progress                 the newest positions of rooms, which polls compare
    read_markers             read markers, also of users who left
    room_administration      changes by staff and commands
    room_changes             renaming, passwords, opening to guests, deleting
    room_commands            rooms for `talk_rooms`
    room_creation            creating rooms
    room_deletion            deleting rooms
    room_details             details of rooms for clients, read with few queries
    room_objects             rooms of a site's own objects
    room_overviews           rooms as staff see them
    room_types               making rooms public or private
    sessions                 joining and leaving rooms on a device
    signaling_backend        requests and reports of external signaling servers
    signaling_external       updates for external signaling servers
    signaling_internal       messages between the sessions of a room
    signaling_tickets        tickets that identify clients to signaling servers
    system_messages          the system messages and their parameters
    text                     validation of texts
    timeline                 adding messages to a room: lock, position, event
"""
