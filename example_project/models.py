"""Articles, each of which has a discussion."""

from __future__ import annotations

from django.db import models
from django.urls import reverse


class Article(models.Model):
    """Something to talk about."""

    title = models.CharField(max_length=200)
    text = models.TextField()
    is_for_members = models.BooleanField(
        "for members",
        default=False,
        help_text="Only those who were invited take part in the discussion.",
    )

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the address of the article's page."""
        return reverse("article", kwargs={"pk": self.pk})
