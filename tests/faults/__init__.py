"""Tests of rooms while processes are killed and servers are down."""

import pytest

pytest.register_assert_rewrite("tests.faults.verify")
