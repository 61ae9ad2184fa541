"""Consumers: each serves one kind of HTTP request on the event loop.

Modules:

    base      the base of all consumers
    messages  sent messages
    polls     polls
    requests  all other requests
"""
