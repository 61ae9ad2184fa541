"""What is left of a conversation when processes die and servers go away."""

import pytest

pytest.register_assert_rewrite("tests.faults.verify")
