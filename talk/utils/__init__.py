"""Helpers that know nothing of Talk: logging, threads, tasks, random text.

Modules:

    background_threads  threads that work beside requests
    random_text         texts that cannot be guessed
    rate_limited_log    logs a lasting problem at most once a minute
    single_flight       work that several callers want, done once
"""
