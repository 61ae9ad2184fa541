"""System checks, which report mistakes in a site's settings at start-up.

Ids are never reused. The README lists them.

Modules:

    site    checks of other settings that Talk depends on
    values  checks of the `TALK` setting
"""

from __future__ import annotations

from talk.checks import site, values

__all__ = ["site", "values"]
