"""The message catalogues: complete, faithful to the placeholders, up to date, in use."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.core.management import call_command
from django.utils import translation
from django.utils.translation import gettext, ngettext

from talk.web.page_texts import page_texts
from tests.client import TalkClient

PACKAGE = Path(__file__).resolve().parent.parent / "talk"
LANGUAGES = ["de", "es", "fr"]
DOMAINS = ["django", "djangojs"]
PLURALS = {"de": "(n != 1)", "es": "(n != 1)", "fr": "(n > 1)"}
PLACEHOLDER = re.compile(r"\{\w+\}|%\(\w+\)\w")
BUILD = "`pip install -e .` builds the catalogues that Django reads"
REFRESH = (
    "`cd talk && python -m django makemessages --all --no-location --no-wrap"
    " --no-obsolete`, and the same with `-d djangojs`, refresh the catalogues; then"
    " translate what is new"
)
KNOWN = "You created the conversation"
ONE, MANY = "%(count)d guest", "%(count)d guests"


def catalogue_of(
    language: str, domain: str = "django", *, package: Path = PACKAGE
) -> Catalog:
    """Read a catalogue as translators wrote it; what cannot be read is an error."""
    path = package / "locale" / language / "LC_MESSAGES" / f"{domain}.po"
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def entries_of(catalogue: Catalog) -> list[Message]:
    """Return all entries but the header."""
    return [message for message in catalogue if message.id]


def keys_of(catalogue: Catalog) -> set[tuple[str | None, str | tuple[str, ...]]]:
    """Return what tells the entries apart: their contexts and their English texts."""
    return {(entry.context, entry.id) for entry in entries_of(catalogue)}


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    """Return the forms of a text, which are several where there is a plural."""
    return [text] if isinstance(text, str) else list(text)


def placeholders(text: str) -> set[str]:
    """Return the `{…}` and `%(…)s` of a text."""
    return set(PLACEHOLDER.findall(text))


@pytest.mark.parametrize("domain", DOMAINS)
def test_there_is_a_catalogue_for_each_language(domain: str) -> None:
    found = (PACKAGE / "locale").glob(f"*/LC_MESSAGES/{domain}.po")
    assert sorted(path.parts[-3] for path in found) == LANGUAGES


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", LANGUAGES)
class TestCatalogue:
    """The catalogues as translators wrote them."""

    def test_the_header_says_the_language_and_its_plurals(self, language, domain):
        catalogue = catalogue_of(language, domain)
        assert str(catalogue.locale) == language
        assert catalogue.num_plurals == 2
        assert catalogue.plural_expr == PLURALS[language]
        assert not catalogue.fuzzy

    def test_everything_is_translated(self, language, domain):
        entries = entries_of(catalogue_of(language, domain))
        assert len(entries) > 100
        assert [e.id for e in entries if not all(map(str.strip, forms(e.string)))] == []

    def test_nothing_is_a_guess(self, language, domain):
        entries = entries_of(catalogue_of(language, domain))
        assert [entry.id for entry in entries if entry.fuzzy] == []

    def test_there_is_a_text_for_each_plural(self, language, domain):
        catalogue = catalogue_of(language, domain)
        plurals = [e for e in entries_of(catalogue) if isinstance(e.id, tuple)]
        assert plurals != []
        counts = {e.id: len([*filter(None, forms(e.string))]) for e in plurals}
        assert counts == dict.fromkeys(counts, catalogue.num_plurals)

    def test_placeholders_are_those_of_the_english_text(self, language, domain):
        differing = [
            (text, entry.id)
            for entry in entries_of(catalogue_of(language, domain))
            for text in forms(entry.string)
            if placeholders(text) != placeholders(forms(entry.id)[-1])
        ]
        assert differing == []

    def test_nothing_is_kept_that_nobody_says_any_more(self, language, domain):
        assert list(catalogue_of(language, domain).obsolete) == []


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.skipif(shutil.which("xgettext") is None, reason="needs gettext")
def test_catalogues_have_the_texts_of_the_code(tmp_path, monkeypatch, domain) -> None:
    """Refresh the catalogues of a copy, and see whether they had to be."""
    package = tmp_path / "talk"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(package)
    call_command(
        "makemessages", domain=domain, locale=LANGUAGES, no_obsolete=True, verbosity=0
    )
    for language in LANGUAGES:
        kept = keys_of(catalogue_of(language, domain))
        said = keys_of(catalogue_of(language, domain, package=package))
        assert (said - kept, kept - said) == (set(), set()), REFRESH


@pytest.mark.parametrize("language", LANGUAGES)
class TestTranslation:
    """The catalogues as Django reads them."""

    def test_texts_are_in_the_active_language(self, language):
        with translation.override(language):
            assert gettext(KNOWN) == catalogue_of(language).get(KNOWN).string, BUILD
            assert gettext(KNOWN) != KNOWN

    @pytest.mark.parametrize("count", [1, 2])
    def test_counts_are_in_the_active_language(self, language, count):
        """The plural forms are those of Django's own catalogue for the language."""
        singular, plural = catalogue_of(language).get(ONE).string
        with translation.override(language):
            text = ngettext(ONE, MANY, count)
        assert text == (singular if count == 1 else plural), BUILD
        assert text not in {ONE, MANY}

    def test_the_page_is_told_all_texts(self, language):
        written = {
            forms(entry.id)[0]: forms(entry.string)
            for entry in entries_of(catalogue_of(language, "djangojs"))
        }
        texts = page_texts(language)["texts"]
        assert {key: forms(text) for key, text in texts.items()} == written, BUILD


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "You created the conversation"),
        ("de", "Du hast die Unterhaltung erstellt"),
        ("de-at", "Du hast die Unterhaltung erstellt"),
        ("es", "Has creado la conversación"),
        ("fr", "Vous avez créé la conversation"),
        ("tlh", "You created the conversation"),
    ],
)
def test_readers_get_their_own_language(
    as_alice: TalkClient, language: str, text: str
) -> None:
    token = as_alice.create_room(type=3)
    as_alice.headers["Accept-Language"] = language
    assert [m["message"] for m in as_alice.history(token).data] == [text]
