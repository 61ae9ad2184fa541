"""The cache and the database."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.doctor.verdicts import findings, settings_of_children, verdicts

FILES = "django.core.cache.backends.filebased.FileBasedCache"


class TestCache:
    """Whether another process sees what this one has put there."""

    def test_a_shared_one_is_fine(self, settings, monkeypatch, tmp_path):
        caches = {"default": {"BACKEND": FILES, "LOCATION": str(tmp_path)}}
        settings.CACHES = caches
        settings_of_children(monkeypatch, CACHES=caches)
        assert verdicts("cache") == [("cache", "ok")]

    def test_nothing_is_left_in_it(self, settings, monkeypatch, tmp_path):
        caches = {"default": {"BACKEND": FILES, "LOCATION": str(tmp_path)}}
        settings.CACHES = caches
        settings_of_children(monkeypatch, CACHES=caches)
        findings("cache")
        assert list(tmp_path.iterdir()) == []

    def test_two_of_the_same_kind_are_not_shared(self, settings, monkeypatch, tmp_path):
        for name, set_caches in (
            ("one", lambda caches: setattr(settings, "CACHES", caches)),
            ("two", lambda caches: settings_of_children(monkeypatch, CACHES=caches)),
        ):
            participant = tmp_path / name
            set_caches({"default": {"BACKEND": FILES, "LOCATION": str(participant)}})
        assert verdicts("cache") == [("cache", "failed")]

    @pytest.mark.parametrize("kind", ["locmem.LocMemCache", "dummy.DummyCache"])
    def test_one_that_stays_in_the_process_is_a_warning(
        self, settings, monkeypatch, kind
    ):
        caches = {"default": {"BACKEND": f"django.core.cache.backends.{kind}"}}
        settings.CACHES = caches
        settings_of_children(monkeypatch, CACHES=caches)
        assert verdicts("cache") == [("cache", "warning")]

    def test_it_is_the_one_that_the_site_names(self, settings, monkeypatch, tmp_path):
        caches = {
            "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
            "shared": {"BACKEND": FILES, "LOCATION": str(tmp_path)},
        }
        settings.CACHES, settings.TALK = caches, {"CACHE": "shared"}
        settings_of_children(monkeypatch, CACHES=caches, TALK={"CACHE": "shared"})
        assert verdicts("cache") == [("cache", "ok")]

    def test_without_a_settings_module_it_is_not_tried(self, monkeypatch):
        monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
        assert verdicts("cache") == [("cache", "skipped")]


@pytest.mark.django_db
class TestDatabase:
    """Reached, migrated, and how SQLite keeps its journal."""

    def test_it_answers_and_is_migrated(self):
        assert verdicts("database")[:2] == [("database", "ok")] * 2

    def test_a_migration_that_is_not_applied_is_a_failure(self):
        applied = MigrationRecorder(connection).migration_qs.filter(app="talk")
        name = applied.latest("pk").name
        applied.filter(name=name).delete()
        found = findings("database")[1]
        assert (found.verdict, name in found.message) == ("failed", True)
        assert "migrate" in found.remedy

    @pytest.mark.skipif(connection.vendor != "sqlite", reason="a matter of SQLite")
    def test_a_journal_that_holds_up_readers_is_a_warning(self):
        assert verdicts("database")[2:] == [("database", "warning")]


def test_the_system_checks_are_told(settings) -> None:
    settings.DEBUG, settings.TALK = True, {"NONSENSE": 1}
    (found,) = findings("settings")
    assert (found.verdict, found.message[:10]) == ("failed", "talk.E001:")


def test_silenced_checks_are_not_told(settings) -> None:
    settings.DEBUG, settings.TALK = True, {"NONSENSE": 1}
    settings.SILENCED_SYSTEM_CHECKS = ["talk.E001"]
    assert verdicts("settings") == [("settings", "ok")]
