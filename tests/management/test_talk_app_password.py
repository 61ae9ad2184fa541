"""`manage.py talk_app_password`."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from talk.management.commands.talk_app_password import Command
from talk.models import AppPassword
from tests.api.wire import basic, who
from tests.factories import AppPasswordFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2025, 1, 1, 12, tzinfo=UTC)


def run(*arguments: object, **options: Any) -> str:
    """Run the command and return its output."""
    out = StringIO()
    words = [str(argument) for argument in arguments]
    call_command("talk_app_password", *words, stdout=out, **options)
    return out.getvalue()


def left() -> set[int]:
    """Return the primary keys of the app passwords that are left."""
    return set(AppPassword.objects.values_list("pk", flat=True))


@pytest.fixture
def hers(alice: Any) -> Any:
    """Return an unused app password of Alice."""
    return AppPasswordFactory(user=alice, label="Bot", created_at=NOW)


@pytest.fixture
def his(bob: Any) -> Any:
    """Return an app password of Bob that was used."""
    return AppPasswordFactory(user=bob, label="", created_at=NOW, last_used_at=NOW)


class TestCreate:
    """`create`."""

    def test_it_prints_a_token_that_logs_in(self, alice: Any) -> None:
        token = run("create", "alice").removesuffix("\n")
        assert who(Client(), Authorization=basic("alice", token)) == "alice"

    def test_it_sets_the_label(self, alice: Any) -> None:
        run("create", "alice", "--label", "Weather bot")
        assert AppPassword.objects.get().label == "Weather bot"

    def test_an_unknown_user_is_an_error(self, db: None) -> None:
        with pytest.raises(CommandError, match="nobody") as raised:
            run("create", "nobody")
        assert raised.value.returncode == 1

    def test_a_label_too_long_is_refused(self, alice: Any) -> None:
        with pytest.raises(CommandError, match="128"):
            run("create", "alice", "--label", "x" * 129)

    def test_exceeding_the_maximum_is_refused(self, settings: Any, hers: Any) -> None:
        settings.TALK = {"APP_PASSWORDS_MAX": 1}
        with pytest.raises(CommandError, match="too many"):
            run("create", "alice")


class TestList:
    """`list`."""

    def test_it_prints_all_app_passwords(self, hers: Any, his: Any) -> None:
        time = "2025-01-01T12:00:00+00:00"
        assert run("list") == (
            f"{hers.pk}\talice\t{time}\t-\tBot\n{his.pk}\tbob\t{time}\t{time}\t\n"
        )

    def test_it_prints_the_app_passwords_of_one_user(self, hers: Any, his: Any) -> None:
        assert [line.split("\t")[0] for line in run("list", "bob").splitlines()] == [
            str(his.pk)
        ]

    def test_it_prints_neither_token_nor_digest(self, alice: Any) -> None:
        token = run("create", "alice").strip()
        printed = run("list")
        assert token not in printed
        assert AppPassword.objects.get().digest not in printed

    def test_an_unknown_user_is_an_error(self, db: None) -> None:
        with pytest.raises(CommandError, match="nobody"):
            run("list", "nobody")

    @pytest.mark.parametrize("count", [1, 10])
    def test_it_costs_one_query(
        self, alice: Any, count: int, django_assert_num_queries: Any
    ) -> None:
        AppPasswordFactory.create_batch(count, user=alice)
        with django_assert_num_queries(1):
            run("list")


class TestRevoke:
    """`revoke`."""

    def test_the_given_app_passwords_are_revoked(self, hers: Any, his: Any) -> None:
        other = AppPasswordFactory()
        printed = run("revoke", hers.pk, his.pk)
        assert printed == "Revoked 2 app passwords.\n"
        assert left() == {other.pk}

    def test_all_app_passwords_of_a_user_are_revoked(
        self, alice: Any, hers: Any, his: Any
    ) -> None:
        AppPasswordFactory(user=alice)
        assert run("revoke", "--all", "alice") == "Revoked 2 app passwords.\n"
        assert left() == {his.pk}

    def test_revoking_again_revokes_none(self, hers: Any) -> None:
        run("revoke", hers.pk)
        assert run("revoke", hers.pk) == "Revoked 0 app passwords.\n"

    def test_a_dry_run_revokes_none(self, hers: Any) -> None:
        printed = run("revoke", hers.pk, hers.pk + 1000, "--dry-run")
        assert printed == "Would revoke 1 app password.\n"
        assert left() == {hers.pk}

    def test_it_can_be_silent(self, hers: Any) -> None:
        assert run("revoke", hers.pk, verbosity=0) == ""

    def test_an_unknown_user_is_an_error(self, hers: Any) -> None:
        with pytest.raises(CommandError, match="nobody"):
            run("revoke", "--all", "nobody")
        assert left() == {hers.pk}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["make"],
        ["create"],
        ["revoke"],
        ["revoke", "one"],
        ["revoke", "1", "--all", "alice"],
    ],
)
def test_a_wrong_usage_exits_with_2(
    db: None, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        Command().run_from_argv(["manage.py", "talk_app_password", *arguments])
    assert raised.value.code == 2
    assert "usage: manage.py talk_app_password" in capsys.readouterr().err


def test_a_failure_exits_with_1(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        Command().run_from_argv(["manage.py", "talk_app_password", "list", "nobody"])
    assert raised.value.code == 1
    assert "nobody" in capsys.readouterr().err
