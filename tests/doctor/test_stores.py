"""Probes of the cache, the database and the system checks."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from tests.doctor.verdicts import findings, settings_of_children, verdicts

FILES = "django.core.cache.backends.filebased.FileBasedCache"


class TestCache:
    """Another process must see the values that this one stores."""

    def test_a_shared_cache_is_ok(self, settings, monkeypatch, tmp_path):
        caches = {"default": {"BACKEND": FILES, "LOCATION": str(tmp_path)}}
        settings.CACHES = caches
        settings_of_children(monkeypatch, CACHES=caches)
        assert verdicts("cache") == [("cache", "ok")]

    def test_no_keys_are_left_in_the_cache(self, settings, monkeypatch, tmp_path):
        caches = {"default": {"BACKEND": FILES, "LOCATION": str(tmp_path)}}
        settings.CACHES = caches
        settings_of_children(monkeypatch, CACHES=caches)
        findings("cache")
        assert list(tmp_path.iterdir()) == []

    def test_two_separate_caches_are_a_failure(self, settings, monkeypatch, tmp_path):
        for name, set_caches in (
            ("one", lambda caches: setattr(settings, "CACHES", caches)),
            ("two", lambda caches: settings_of_children(monkeypatch, CACHES=caches)),
        ):
            location = tmp_path / name
            set_caches({"default": {"BACKEND": FILES, "LOCATION": str(location)}})
        assert verdicts("cache") == [("cache", "failed")]

    @pytest.mark.parametrize("kind", ["locmem.LocMemCache", "dummy.DummyCache"])
    def test_a_cache_within_the_process_is_a_warning(self, settings, monkeypatch, kind):
        caches = {"default": {"BACKEND": f"django.core.cache.backends.{kind}"}}
        settings.CACHES = caches
        settings_of_children(monkeypatch, CACHES=caches)
        assert verdicts("cache") == [("cache", "warning")]

    def test_the_cache_that_the_setting_names_is_probed(
        self, settings, monkeypatch, tmp_path
    ):
        caches = {
            "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
            "shared": {"BACKEND": FILES, "LOCATION": str(tmp_path)},
        }
        settings.CACHES, settings.TALK = caches, {"CACHE": "shared"}
        settings_of_children(monkeypatch, CACHES=caches, TALK={"CACHE": "shared"})
        assert verdicts("cache") == [("cache", "ok")]

    def test_the_probe_is_skipped_without_a_settings_module(self, monkeypatch):
        monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
        assert verdicts("cache") == [("cache", "skipped")]


@pytest.mark.django_db
class TestDatabase:
    """The database must answer, be migrated, and use a suitable SQLite journal."""

    def test_a_migrated_database_is_ok(self):
        assert verdicts("database")[:2] == [("database", "ok")] * 2

    def test_an_unapplied_migration_is_a_failure(self):
        applied = MigrationRecorder(connection).migration_qs.filter(app="talk")
        name = applied.latest("pk").name
        applied.filter(name=name).delete()
        found = findings("database")[1]
        assert (found.verdict, name in found.message) == ("failed", True)
        assert "migrate" in found.remedy

    @pytest.mark.skipif(
        connection.vendor != "sqlite", reason="only SQLite has this journal"
    )
    def test_a_journal_that_blocks_readers_is_a_warning(self):
        assert verdicts("database")[2:] == [("database", "warning")]


def test_system_checks_are_reported(settings) -> None:
    settings.DEBUG, settings.TALK = True, {"NONSENSE": 1}
    (found,) = findings("settings")
    assert (found.verdict, found.message[:10]) == ("failed", "talk.E001:")


def test_silenced_checks_are_not_reported(settings) -> None:
    settings.DEBUG, settings.TALK = True, {"NONSENSE": 1}
    settings.SILENCED_SYSTEM_CHECKS = ["talk.E001"]
    assert verdicts("settings") == [("settings", "ok")]
