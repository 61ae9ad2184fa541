"""The endpoints of the API. Modules have the names of the domain's where possible.

Modules:

    app_passwords            creating and revoking app passwords
    avatars                  avatars of users and guests
    calls                    listing, joining and leaving calls
    capabilities             version and capabilities
    chat                     messages, mentions, names of guests
    moderators               promoting and demoting
    participant_preferences  favourites and notification levels
    participants             listing, adding, inviting and removing participants
    people_search            searching for users, groups and addresses
    rooms                    creating, listing, changing and deleting rooms
    sessions                 joining and leaving rooms on a device
    signaling_internal       internal signaling
    signaling_backend        requests of external signaling servers
    signaling_settings       the servers for calls
    unknown_routes           404s for other paths
    user_profile             the profile of the caller
"""
