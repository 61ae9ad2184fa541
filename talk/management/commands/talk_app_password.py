"""``manage.py talk_app_password``: create, list and revoke app passwords."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from talk.adapters import get_adapter
from talk.domain.app_passwords import create_app_password, revoke_app_passwords
from talk.domain.participants import find_account
from talk.exceptions import TalkError
from talk.models import AppPassword, AppPasswordQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Command(BaseCommand):
    """`talk_app_password create|list|revoke`."""

    help = (
        "Creates, lists and revokes app passwords, which bots send with each request."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the three actions."""
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser(
            "create", help="create one and print it, only this once"
        )
        create.add_argument("user", help="id of the user who gets it")
        create.add_argument("--label", default="", help="which app it is for")
        show = actions.add_parser(
            "list", help="list app passwords, without the secrets"
        )
        show.add_argument(
            "user", nargs="?", help="only app passwords of the user with this id"
        )
        revoke = actions.add_parser("revoke", help="revoke app passwords")
        which = revoke.add_mutually_exclusive_group(required=True)
        # Without this default, argparse counts an empty list as given.
        which.add_argument("ids", nargs="*", type=int, default=[], metavar="id")
        which.add_argument(
            "--all", metavar="USER", help="all app passwords of the user with this id"
        )
        revoke.add_argument(
            "--dry-run", action="store_true", help="print how many would be revoked"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the action.

        Raises:
            CommandError: the user does not exist, or may not have another app password.
        """
        action = {"create": self._create, "list": self._list, "revoke": self._revoke}
        action[options["action"]](options)

    def _create(self, options: dict[str, Any]) -> None:
        user = _require_user(options["user"])
        try:
            created = create_app_password(
                user=user, label=options["label"], now=timezone.now()
            )
        except TalkError as error:
            raise CommandError(error.message or error.code) from error
        self.stdout.write(created.token)

    def _list(self, options: dict[str, Any]) -> None:
        app_passwords = AppPassword.objects.with_users().order_by("pk")
        if options["user"] is not None:
            app_passwords = app_passwords.of(_require_user(options["user"]))
        for app_password in app_passwords.iterator():
            used_at = app_password.last_used_at
            columns = (
                str(app_password.pk),
                get_adapter().user_id(app_password.user),
                app_password.created_at.isoformat(timespec="seconds"),
                used_at.isoformat(timespec="seconds") if used_at else "-",
                app_password.label,
            )
            self.stdout.write("\t".join(columns))

    def _revoke(self, options: dict[str, Any]) -> None:
        ids = list(_selected(options).values_list("pk", flat=True))
        if options["dry_run"]:
            count = len(ids)
            text = ngettext(
                "Would revoke %(count)d app password.",
                "Would revoke %(count)d app passwords.",
                count,
            )
        else:
            count = revoke_app_passwords(ids=ids)
            text = ngettext(
                "Revoked %(count)d app password.",
                "Revoked %(count)d app passwords.",
                count,
            )
        if options["verbosity"] > 0:
            self.stdout.write(text % {"count": count})


def _selected(options: dict[str, Any]) -> AppPasswordQuerySet:
    if options["all"] is not None:
        return AppPassword.objects.of(_require_user(options["all"]))
    return AppPassword.objects.filter(pk__in=options["ids"])


def _require_user(user_id: str) -> User:
    user = find_account(user_id)
    if user is None:
        raise CommandError(_("There is no user “%(user)s”.") % {"user": user_id})
    return user
