"""Admitted requests: long polls, and messages that are sent one after the other.

Modules:

    base       the base of all polls
    chat       polls for new messages
    sending    sending a message
    signaling  polls for signaling messages and changes of presence
"""
