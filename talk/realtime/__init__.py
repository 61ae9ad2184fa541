"""Waiting and waking: one hub a process, and what waits in it."""
