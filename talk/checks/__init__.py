"""System checks: mistakes in a site's settings, said at start-up.

Ids are never used again for something else. The README lists them.
"""

from __future__ import annotations

from talk.checks import site, values

__all__ = ["site", "values"]
