"""Tests of the API over HTTP."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.api.helpers", "tests.api.wire")
