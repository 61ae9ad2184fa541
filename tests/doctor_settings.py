"""The settings of a process that a test starts, which differ as the test asks for."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403

globals().update(json.loads(os.environ["SITE_SETTINGS"]))
