"""System checks, which report mistakes in a site's settings at start-up.

The id of a removed check is never reused. The README lists all ids.

Modules:

    site_settings  checks of other settings that Talk depends on
    talk_settings  checks of the `TALK` setting
"""

from __future__ import annotations

from talk.checks import site_settings, talk_settings

__all__ = ["site_settings", "talk_settings"]
