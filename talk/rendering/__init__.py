"""Renders domain objects as the API shows them, for a reader, in the active language.

Nothing here runs a query.

Modules:

    avatars             initials as an image
    mentions            mentions in texts
    messages            messages
    notifications       subject and text of notifications
    participants        participants
    people_search       results of the search for users, groups and addresses
    readers             the readers for whom texts are rendered
    rich_objects        placeholders in texts
    rooms               rooms
    signaling           sessions in a call or in a room
    signaling_backend   responses to external signaling servers
    signaling_settings  the servers for calls
    system_messages     the texts of system messages
"""
