"""Mails and requests to other servers, sent in background threads with retries.

Modules:

    mail                invitations and notifications by mail
    mail_server         the site's mail backend
    queue               the queue of deliveries and its threads
    signaling_requests  the bodies of requests to signaling servers
    signaling_server    signed requests to signaling servers
"""
