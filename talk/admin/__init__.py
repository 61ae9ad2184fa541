"""Talk in the Django admin, one module a model."""

from __future__ import annotations

from talk.admin.app_password import AppPasswordAdmin

__all__ = ["AppPasswordAdmin"]
