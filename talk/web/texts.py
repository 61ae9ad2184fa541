"""The page's texts in the reader's language: the catalogue `djangojs`, as data."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.core.signals import setting_changed
from django.utils.translation.trans_real import DjangoTranslation
from django.views.i18n import JSONCatalog

PLURALS = 200
"""Numbers whose plural form is told. Those above go on as the last hundred does."""


@lru_cache(maxsize=32)
def page_texts(language: str) -> dict[str, Any]:
    """Return the translations of the page's script, and which plural form a number has.

    `plurals` stands for the expression that catalogues have, because a script may
    evaluate none under a strict policy. Texts of a site's own `LOCALE_PATHS` count.
    """
    catalogue = JSONCatalog()
    translation = DjangoTranslation(
        language, domain="djangojs", localedirs=catalogue.get_paths(["talk"])
    )
    catalogue.translation = translation
    return {
        "texts": catalogue.get_catalog(),
        "plurals": [translation.plural(number) for number in range(PLURALS)],
    }


def _forget(*, setting: str, **_: object) -> None:
    if setting in {"LANGUAGE_CODE", "LOCALE_PATHS"}:
        page_texts.cache_clear()


setting_changed.connect(_forget, dispatch_uid="talk.web.texts")
