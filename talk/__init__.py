"""Rooms, chat, guests by link and calls for any Django site, over the Talk HTTP API v1."""

from __future__ import annotations

__version__ = "0.1.0"
