"""The page's texts in the reader's language."""

from __future__ import annotations

import gettext
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from talk.web.page_texts import PLURALS, page_texts
from tests.factories import RoomFactory
from tests.web.helpers import data_of


def write_catalogue(root: Path, language: str, *guests: str, send: str = "") -> Catalog:
    """Write a catalogue of the page's texts, and return it."""
    catalogue = Catalog(locale=language)
    catalogue.add("Send", send)
    catalogue.add(("%(count)s guest", "%(count)s guests"), guests)
    catalogue.add("Open", "Öffnen", context="menu")
    folder = root / language / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "djangojs.mo").open("wb") as file:
        write_mo(file, catalogue)
    return catalogue


@pytest.fixture
def catalogues(tmp_path: Path, settings) -> None:
    """Texts of a site's own, in a language with two forms and in one with three."""
    write_catalogue(tmp_path, "de", "Gast", "Gäste", send="Senden")
    write_catalogue(tmp_path, "pl", "a", "b", "c", send="Wyślij")
    settings.LOCALE_PATHS = [tmp_path]


def test_texts_are_named_by_what_they_translate(catalogues) -> None:
    texts = page_texts("de")["texts"]
    assert texts["Send"] == "Senden"
    assert texts["menu\x04Open"] == "Öffnen"


def test_numbers_choose_among_forms(catalogues) -> None:
    german, polish = page_texts("de"), page_texts("pl")
    assert german["texts"]["%(count)s guest"] == ["Gast", "Gäste"]
    assert german["plurals"][:4] == [1, 0, 1, 1]
    assert polish["texts"]["%(count)s guest"] == ["a", "b", "c"]
    assert [polish["plurals"][n] for n in (1, 2, 5, 12, 22)] == [0, 1, 2, 2, 1]


@pytest.mark.parametrize("language", ["pl", "ar", "de", "ru"])
@pytest.mark.parametrize("number", [200, 301, 1002, 5011, 99_999])
def test_large_numbers_go_on_as_the_last_hundred_does(
    tmp_path, settings, language, number
) -> None:
    catalogue = write_catalogue(tmp_path, language)
    settings.LOCALE_PATHS = [tmp_path]
    form_of = gettext.c2py(catalogue.plural_expr)
    plurals = page_texts(language)["plurals"]
    assert len(plurals) == PLURALS
    assert plurals[100 + number % 100] == form_of(number)


def test_english_needs_no_texts() -> None:
    told = page_texts("en")
    assert told["texts"] == {}
    assert told["plurals"][:3] == [1, 0, 1]


@pytest.mark.django_db
def test_the_page_has_those_of_its_reader(catalogues, client) -> None:
    path = f"/call/{RoomFactory().token}"
    response = client.get(path, headers={"Accept-Language": "de"})
    assert data_of(response, "talk-texts")["texts"]["Send"] == "Senden"
