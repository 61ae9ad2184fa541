"""The site's own pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from example_project.models import Article

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'"
)
"""A strict policy of the site's own. Embedded rooms need no more than this."""


def show_home(request: HttpRequest) -> HttpResponse:
    """Show all articles, and a link to the user's conversations."""
    articles = Article.objects.order_by("pk")
    response = render(request, "example/home.html", {"articles": articles})
    response.headers["Content-Security-Policy"] = POLICY
    return response


def show_article(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an article with its discussion."""
    article = get_object_or_404(Article, pk=pk)
    response = render(request, "example/article.html", {"article": article})
    response.headers["Content-Security-Policy"] = POLICY
    return response
