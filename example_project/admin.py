"""Writing articles."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from example_project.discussions import open_discussion
from example_project.models import Article


@admin.register(Article)
class ArticleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # only in stubs
    """Articles; the author of an article moderates its discussion."""

    def save_model(
        self, request: HttpRequest, obj: Article, form: Any, change: bool
    ) -> None:
        """Save the article, and open its discussion."""
        super().save_model(request, obj, form, change)
        open_discussion(obj, owner=request.user)  # type: ignore[arg-type]  # logged in
