"""How fast it is. Run by hand; nothing here decides a test.

    python -m tests.benchmarks.wake --waiters 500 --rounds 10
    python -m tests.benchmarks.signaling
    python -m tests.benchmarks.rooms
    python -m tests.benchmarks.history

On a new SQLite file, or in a database of their own on the server that DATABASE_URL
names; with a Redis in REDIS_URL. README.md has a table of what they measured.
"""
