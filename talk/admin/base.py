"""What all pages have in common: lists that stay fast, actions that ask and report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise, cached_property

from talk.domain.access import Actor
from talk.exceptions import TalkError

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Any]
    BasePaginator = Paginator[Any]
else:
    BaseAdmin = admin.ModelAdmin
    BasePaginator = Paginator

ROWS_MAX = 5000
"""Rows that a list counts and turns pages of; who has more narrows it down. Counting
on, and skipping so many, would read whole tables of millions."""

CONFIRMED = "confirmed"
BACK = "back"
"""Fields of a request for an action: that it was confirmed, and whose page it left."""


class BoundedPaginator(BasePaginator):
    """Turns the pages of the first `ROWS_MAX` rows, and counts no others."""

    @cached_property
    def _found(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: ROWS_MAX + 1].count()

    @property
    def count(self) -> int:
        """How many rows there are to turn the pages of."""
        return min(self._found, ROWS_MAX)

    @property
    def is_cut(self) -> bool:
        """Whether there are more."""
        return self._found > ROWS_MAX


class DescribedChangeList(ChangeList):
    """A list whose rows learn what they show after they were read, all of a page at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page, and have them described."""
        super().get_results(request)
        rows = list(self.result_list)
        model_admin = cast("TalkAdmin", self.model_admin)
        model_admin.describe(request, rows)
        self.result_list = rows
        self.older_url = ""
        if rows and ORDER_VAR not in self.params:
            older = model_admin.older_than(request, rows[-1])
            if older and getattr(self.paginator, "is_cut", False):
                self.older_url = self.get_query_string(older)


class PageActionForm(helpers.ActionForm):
    """Actions work on the rows that were chosen on a page, never on unseen ones."""

    def clean_select_across(self) -> bool:
        """Ignore what asks for all rows of all pages."""
        return False


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What an action does to each row that was chosen.

    `work` returns how many things it has changed; `done` tells of their sum, with
    `%(count)d` in it. `question` is asked before, unless there is none.
    """

    work: Callable[[Any], int]
    done: Promise
    question: Promise | None = None


class TalkAdmin(BaseAdmin):
    """The base of all: rows are made by people who talk, and changed by the domain."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    action_form = PageActionForm
    left_alone: Promise
    """Tells of rows to which there was nothing to do, with `%(count)d` in it."""

    class Media:
        css = {"all": ("talk/admin/admin.css",)}  # noqa: RUF012 - Django's own way

    def describe(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up what the rows of a page show besides their own fields."""

    def older_than(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return the parameters of a list that goes on behind a row, if there is one."""
        return {}

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Return that nobody may: what people do makes the rows."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the class of lists that call `describe`."""
        return DescribedChangeList

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete one row as `delete_queryset` deletes many."""
        rows = self.model._default_manager.filter(pk=obj.pk)  # noqa: SLF001 - Django's own word
        self.delete_queryset(request, rows)

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Return what a confirmation page says; never the rows that go as well.

        Those may be millions. Whoever may delete something may delete what is in it.
        """
        rows = list(objs)
        self.describe(request, rows)
        counts = self.count_deleted(rows)
        return [self.describe_deleted(row) for row in rows], counts, set(), []

    def count_deleted(self, rows: list[Any]) -> dict[str, int]:
        """Return how many rows of which kind will go with these."""
        return {str(self.opts.verbose_name_plural): len(rows)}

    def describe_deleted(self, row: Any) -> str:
        """Return what to call a row that is about to be deleted."""
        return str(row)

    def perform(
        self, request: HttpRequest, rows: QuerySet[Any], *, name: str, deed: Deed
    ) -> HttpResponse | None:
        """Do something to the chosen rows, after a question where there is one.

        Each row is a transaction of its own. What is not to be done to a row, or not
        any more, leaves it as it is.
        """
        if deed.question is not None and CONFIRMED not in request.POST:
            return self._ask(request, rows, name=name, question=deed.question)
        count = left = 0
        for row in rows.order_by("pk"):
            try:
                changed = deed.work(row)
            except TalkError:
                changed = 0
            if changed:
                count += changed
                self.log_change(request, row, self.title_of(request, name))
            else:
                left += 1
        self._report(request, deed, count=count, left=left)
        back = request.POST.get(BACK, "")
        if back.isdecimal():
            page = f"admin:talk_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(page, args=[back]))
        return None

    def title_of(self, request: HttpRequest, action: str) -> str:
        """Return what an action is called."""
        return dict(self.get_action_choices(request)).get(action, action)

    def _report(
        self, request: HttpRequest, deed: Deed, *, count: int, left: int
    ) -> None:
        if count:
            text = str(deed.done % {"count": count})
            self.message_user(request, text, messages.SUCCESS)
        if left:
            text = str(self.left_alone % {"count": left})
            self.message_user(request, text, messages.INFO)

    def _ask(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        *,
        name: str,
        question: Promise,
    ) -> HttpResponse:
        rows = list(queryset.order_by("pk"))
        self.describe(request, rows)
        context = {
            **self.admin_site.each_context(request),
            "title": self.title_of(request, name),
            "question": question,
            "rows": [(row.pk, self.describe_deleted(row)) for row in rows],
            "action": name,
            "opts": self.opts,
            "media": self.media,
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "back": request.POST.get(BACK, ""),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/talk/confirm.html", context)


def actor_of(request: HttpRequest) -> Actor:
    """Return the member of staff who asks, as who does something in a room."""
    return Actor(user=cast("Any", request.user))


def keys(rows: Iterable[Any]) -> list[int]:
    """Return the keys of rows, in ascending order, in which rooms are locked."""
    return sorted(row.pk for row in rows)
