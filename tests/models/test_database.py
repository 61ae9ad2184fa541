"""What is done after commit."""

from __future__ import annotations

import logging
from functools import partial

import pytest
from django.db import transaction

from talk.models import after_commit

pytestmark = pytest.mark.django_db(transaction=True)


def test_work_is_done_when_the_transaction_has_committed() -> None:
    done: list[str] = []
    with transaction.atomic():
        after_commit(partial(done.append, "work"))
        assert done == []
    assert done == ["work"]


def test_an_error_is_logged_and_later_work_is_done_all_the_same(caplog) -> None:
    done: list[str] = []
    with caplog.at_level(logging.ERROR), transaction.atomic():
        after_commit(partial(int, "no number"))
        after_commit(partial(done.append, "work"))
    assert done == ["work"]
    assert "ValueError" in caplog.text
