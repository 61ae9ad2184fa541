"""Consumers: each serves one kind of HTTP request on the event loop."""
