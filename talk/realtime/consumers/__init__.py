"""The Channels consumers that long polls are served by."""
