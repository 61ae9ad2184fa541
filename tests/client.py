"""The client of `talk.testing`; each answer is compared with the OpenAPI document."""

from __future__ import annotations

from typing import Any

from talk import testing
from talk.testing import BASE, Answer
from tests.document import assert_documented

__all__ = ["BASE", "Answer", "TalkClient"]


class TalkClient(testing.TalkClient):
    """A browser or app whose answers must be as documented."""

    def on_answer(self, method: str, url: str, status: int, body: Any) -> None:
        """Compare an answer with the document."""
        assert_documented(path=url, method=method, status=status, body=body)
