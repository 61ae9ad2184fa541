"""The engine of long polls: one hub for each process, and the waiters in it."""
