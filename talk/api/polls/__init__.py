"""Admitted requests: long polls, and messages that are sent one after the other."""
