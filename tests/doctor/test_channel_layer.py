"""Probes of the channel layer, with and without Redis."""

from __future__ import annotations

import os
from typing import Any

import pytest

from talk import hints
from talk.doctor import channel_layer as probe
from tests.doctor.verdicts import findings, settings_of_children, verdicts
from tests.programs import free_port

LAYER, HINTS = "channel layer", "hints"


def redis_layer(**config: Any) -> dict[str, Any]:
    """Return the channel layers of the test site, with some options replaced."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    address = os.environ.get("REDIS_URL", "")
    config = {
        "hosts": [{"address": address, "socket_timeout": None}],
        "prefix": f"talk-test-{worker}",
        **config,
    }
    backend = "channels_redis.core.RedisChannelLayer"
    return {"default": {"BACKEND": backend, "CONFIG": config}}


class TestWithoutRedis:
    """The findings without Redis."""

    def test_an_in_memory_layer_is_a_warning(self, settings):
        settings.CHANNEL_LAYERS = {
            "default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}
        }
        assert verdicts(LAYER) == [(LAYER, "warning"), (HINTS, "skipped")]

    def test_a_missing_layer_is_a_warning(self, settings):
        settings.CHANNEL_LAYERS = {}
        assert verdicts(LAYER) == [(LAYER, "warning"), (HINTS, "skipped")]

    def test_a_wrong_port_is_a_failure(self, settings):
        pytest.importorskip("channels_redis")
        address = f"redis://127.0.0.1:{free_port()}"
        settings.CHANNEL_LAYERS = redis_layer(hosts=[address])
        (finding,) = findings(LAYER)
        assert finding.verdict == "failed"
        assert "Connect" in finding.message
        assert "CHANNEL_LAYERS" in finding.remedy


@pytest.mark.redis
class TestWithRedis:
    """The findings with Redis."""

    def test_messages_and_hints_reach_another_process(self):
        assert verdicts(LAYER) == [(LAYER, "ok"), (HINTS, "ok")]

    def test_no_keys_are_left_in_redis(self, settings, monkeypatch):
        import redis

        prefix = f"talk-test-left-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
        layers = redis_layer(prefix=prefix)
        settings.CHANNEL_LAYERS = layers
        settings_of_children(monkeypatch, CHANNEL_LAYERS=layers)
        assert verdicts(LAYER) == [(LAYER, "ok"), (HINTS, "ok")]
        with redis.Redis.from_url(os.environ["REDIS_URL"]) as connection:
            left = connection.keys(f"{prefix}*")
        # The layer keeps its own copy of a message that a child was receiving as it ended.
        assert [key for key in left if not key.endswith(b"$inflight")] == []

    def test_another_prefix_is_a_failure(self, settings, monkeypatch):
        monkeypatch.setattr(probe, "ARRIVE_SECONDS", 1.0)
        settings.CHANNEL_LAYERS = redis_layer(prefix="talk-test-elsewhere")
        assert verdicts(LAYER) == [(LAYER, "failed")]

    def test_hints_for_another_group_are_a_failure(self, monkeypatch):
        monkeypatch.setattr(probe, "ARRIVE_SECONDS", 1.0)
        monkeypatch.setattr(hints, "group_name", lambda _: "talk.hints.elsewhere")
        assert verdicts(LAYER) == [(LAYER, "ok"), (HINTS, "failed")]

    @pytest.mark.parametrize(
        ("config", "word"),
        [({"capacity": 10}, "capacity"), ({"group_expiry": 60}, "group_expiry")],
    )
    def test_a_value_that_is_too_small_is_a_warning(self, settings, config, word):
        settings.CHANNEL_LAYERS = redis_layer(**config)
        first, *rest = findings(LAYER)
        assert (first.verdict, word in first.remedy) == ("warning", True)
        assert [finding.verdict for finding in rest] == ["ok", "ok"]

    def test_the_probe_is_skipped_without_a_settings_module(self, monkeypatch):
        monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
        assert verdicts(LAYER) == [(LAYER, "skipped")]

    def test_a_child_that_cannot_start_is_a_failure(self, monkeypatch):
        settings_of_children(monkeypatch, INSTALLED_APPS=["no.such.app"])
        assert verdicts(LAYER) == [(LAYER, "failed")]
