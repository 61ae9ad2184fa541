"""Probes for `talk_doctor`: each tests whether a service that the settings name works.

Modules:

    cache        whether processes share the cache
    child        the work of child processes
    children     starting child processes
    database     connection, migrations and fitness of the database
    examination  runs all probes
    findings     the result of a probe
    layer        whether hints reach other processes
    mail         whether the mail server accepts mails
    settings     the results of the system checks
    signaling    whether signaling servers accept the secret
    site         whether the running site answers, and serves polls through talk.asgi
    stun         whether STUN servers answer
    stun_client  a client for STUN and TURN, based on aioice
    turn         whether TURN servers relay with the credentials
"""
