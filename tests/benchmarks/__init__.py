"""Benchmarks of the API. Run them by hand; no test depends on their figures.

    python -m tests.benchmarks

README.md explains the figures.
"""
