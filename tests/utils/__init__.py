"""Tests of `talk.utils`."""
