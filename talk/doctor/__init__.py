"""Probes for `talk_doctor`: each tests whether a service that the settings name works.

Modules:

    cache          whether processes share the cache
    channel_layer  whether hints reach other processes
    child_process  starting child processes
    child_program  the program of child processes
    database       connection, migrations and fitness of the database
    findings       the result of a probe
    mail           whether the mail server accepts mails
    probes         all probes, in their order
    settings       the results of the system checks
    signaling      whether signaling servers accept the secret
    site           whether the running site answers, and serves polls through talk.asgi
    stun           whether STUN servers answer
    stun_client    a client for STUN and TURN, based on aioice
    turn           whether TURN servers relay with the credentials
"""
