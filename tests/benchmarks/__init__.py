"""How fast it is. Run by hand; nothing here decides a test.

    python -m tests.benchmarks.wake --waiters 500 --rounds 10

By default on a new SQLite file; name another database, migrated and empty, in
DATABASE_URL, and a Redis in REDIS_URL.
"""
