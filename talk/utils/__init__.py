"""Helpers that know nothing of Talk: logging, threads, tasks, random text."""
