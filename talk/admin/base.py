"""The base of the admin classes: fast lists, and actions that confirm and report."""

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
"""Maximum number of rows that a list counts and paginates; filters narrow down longer
lists. Counting all rows, or skipping many, would read tables of millions of rows."""

CONFIRMED = "confirmed"
BACK = "back"
"""Fields of an action's request: whether it is confirmed, and the key of the row on whose
page the action was started."""


class BoundedPaginator(BasePaginator):
    """Count and paginate only the first `ROWS_MAX` rows."""

    @cached_property
    def _bounded_count(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows.order_by()[: ROWS_MAX + 1].count()

    @property
    def count(self) -> int:
        """Number of rows that can be paginated."""
        return min(self._bounded_count, ROWS_MAX)

    @property
    def is_truncated(self) -> bool:
        """Whether more rows exist than can be paginated."""
        return self._bounded_count > ROWS_MAX


class AnnotatedChangeList(ChangeList):
    """A change list that looks up what its rows show, for all rows of a page at once."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page and annotate them."""
        super().get_results(request)
        rows = list(self.result_list)
        model_admin = cast("TalkAdmin", self.model_admin)
        model_admin.annotate_rows(request, rows)
        self.result_list = rows
        self.older_url = ""
        if rows and ORDER_VAR not in self.params:
            older = model_admin.older_rows_parameters(request, rows[-1])
            if older and getattr(self.paginator, "is_truncated", False):
                self.older_url = self.get_query_string(older)


class PageActionForm(helpers.ActionForm):
    """Limit actions to the rows selected on the page."""

    def clean_select_across(self) -> bool:
        """Ignore a request for the rows of all pages."""
        return False


@dataclass(frozen=True, kw_only=True)
class RowAction:
    """An action on each selected row.

    `run` returns how many things it has changed. `done_message` reports their sum as
    `%(count)d`. If there is a `question`, staff have to confirm it first.
    """

    run: Callable[[Any], int]
    done_message: Promise
    question: Promise | None = None


class TalkAdmin(BaseAdmin):
    """Base of the admin classes: the API creates rows, and the domain changes them."""

    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    action_form = PageActionForm
    skipped_message: Promise
    """Reports how many rows an action did not change, as `%(count)d`."""

    class Media:
        css = {"all": ("talk/admin/admin.css",)}  # noqa: RUF012 - Django's convention

    def annotate_rows(self, request: HttpRequest, rows: list[Any]) -> None:
        """Look up what the rows of a page show besides their fields."""

    def older_rows_parameters(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return the parameters of the list that continues after a row, if there is one."""
        return {}

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Return False: only the API creates rows."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the change list that calls `annotate_rows`."""
        return AnnotatedChangeList

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete one row as `delete_queryset` deletes many."""
        rows = self.model._default_manager.filter(pk=obj.pk)  # noqa: SLF001 - documented by Django
        self.delete_queryset(request, rows)

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Return what the confirmation page shows, without the related rows.

        Those may be millions. The permission to delete an object includes its contents.
        """
        rows = list(objs)
        self.annotate_rows(request, rows)
        counts = self.count_deleted(rows)
        return [self.describe_deleted(row) for row in rows], counts, set(), []

    def count_deleted(self, rows: list[Any]) -> dict[str, int]:
        """Return how many rows of each kind are deleted with these."""
        return {str(self.opts.verbose_name_plural): len(rows)}

    def describe_deleted(self, row: Any) -> str:
        """Return the label of a row on the confirmation page."""
        return str(row)

    def perform(
        self, request: HttpRequest, rows: QuerySet[Any], *, name: str, action: RowAction
    ) -> HttpResponse | None:
        """Run an action on the selected rows, after confirmation if it has a question.

        Each row has its own transaction. A row that the domain refuses to change, or that
        no longer exists, is counted as skipped.
        """
        if action.question is not None and CONFIRMED not in request.POST:
            return self._ask(request, rows, name=name, question=action.question)
        count = skipped = 0
        for row in rows.order_by("pk"):
            try:
                changed = action.run(row)
            except TalkError:
                changed = 0
            if changed:
                count += changed
                self.log_change(request, row, self.action_title(request, name))
            else:
                skipped += 1
        self._report(request, action, count=count, skipped=skipped)
        back = request.POST.get(BACK, "")
        if back.isdecimal():
            page = f"admin:talk_{self.opts.model_name}_change"
            return HttpResponseRedirect(reverse(page, args=[back]))
        return None

    def action_title(self, request: HttpRequest, action: str) -> str:
        """Return the title of an action."""
        return dict(self.get_action_choices(request)).get(action, action)

    def _report(
        self, request: HttpRequest, action: RowAction, *, count: int, skipped: int
    ) -> None:
        if count:
            text = str(action.done_message % {"count": count})
            self.message_user(request, text, messages.SUCCESS)
        if skipped:
            text = str(self.skipped_message % {"count": skipped})
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
        self.annotate_rows(request, rows)
        context = {
            **self.admin_site.each_context(request),
            "title": self.action_title(request, name),
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
    """Return the logged-in member of staff as an `Actor`."""
    return Actor(user=cast("Any", request.user))


def sorted_keys(rows: Iterable[Any]) -> list[int]:
    """Return the keys of rows in ascending order, which is the lock order of rooms."""
    return sorted(row.pk for row in rows)
