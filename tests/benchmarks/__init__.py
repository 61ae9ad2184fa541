"""How fast it is. Run by hand; nothing here decides a test.

    python -m tests.benchmarks

README.md says what the figures mean.
"""
