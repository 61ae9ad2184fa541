"""The client of `talk.testing`, with every answer checked against the OpenAPI document."""

from __future__ import annotations

from typing import Any

from talk import testing
from talk.testing import BASE, Answer
from tests.document import assert_documented

__all__ = ["BASE", "Answer", "TalkClient"]


class TalkClient(testing.TalkClient):
    """One browser or app whose answers have to be documented."""

    def heard(self, method: str, url: str, status: int, body: Any) -> None:
        """Compare an answer with the document."""
        assert_documented(path=url, method=method, status=status, body=body)
