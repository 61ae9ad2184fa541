"""Rooms, chat, guests by link and calls for any Django site, over the Talk HTTP API v1.

Sites use these modules:

    adapters            the class with which a site answers questions about its users
    asgi                the ASGI application; serves polls without a thread each
    notification_texts  subject and text of notifications
    notifications       notifications of a comment, as adapters and receivers get them
    rooms               rooms of a site's own objects
    signals             signals that tell a site what has happened
    templatetags        template tags that embed rooms
    testing             rooms and an API client for a site's tests
    urls                the URLs that a site includes

These are internal:

    admin              the Django admin
    api                the HTTP API: parses requests, calls the domain, renders envelopes
    apps               the app's configuration; connects receivers of Django's signals
    checks             system checks
    conf               the keys of the `TALK` setting, with defaults
    constants          enums and limits of the Talk API
    doctor             the probes of `talk_doctor`
    domain             the rules of rooms, messages and calls
    exceptions         errors that domain functions raise
    hints              hints: "room R changed", published once after commit
    management         the commands
    migrations         database migrations
    models             fields, constraints and queries
    notification_mail  mails to users who are not connected
    outgoing           mails and requests to signaling servers, sent by background threads
    realtime           long polls: the hub, its waiters, and what wakes them
    rendering          domain objects as the API shows them, without queries
    utils              helpers that know nothing of Talk
    web                the pages for browsers

The docstrings of packages list their modules.

Imports point down: modules import only from lower layers, and the domain knows no HTTP and
no event loop. The contracts in pyproject.toml list the layers; import-linter enforces them.
"""

from __future__ import annotations

__version__ = "0.1.0"
