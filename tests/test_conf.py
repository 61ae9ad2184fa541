"""The TALK setting."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from talk.conf import TalkSettings, talk_settings


def test_without_a_setting_the_defaults_hold(settings) -> None:
    assert talk_settings() == TalkSettings()


def test_a_site_overrides_single_keys(settings) -> None:
    settings.TALK = {"HUB_SHARDS": 4}
    assert talk_settings() == TalkSettings(HUB_SHARDS=4)


def test_a_change_is_seen_at_once(settings) -> None:
    settings.TALK = {"HUB_SHARDS": 4}
    assert talk_settings().HUB_SHARDS == 4
    settings.TALK = {"HUB_SHARDS": 5}
    assert talk_settings().HUB_SHARDS == 5


def test_unknown_keys_are_named(settings) -> None:
    settings.TALK = {"HUB_SHARD": 4}
    with pytest.raises(ImproperlyConfigured, match="HUB_SHARD"):
        talk_settings()


def test_anything_but_a_dict_is_refused(settings) -> None:
    settings.TALK = ["HUB_SHARDS"]
    with pytest.raises(ImproperlyConfigured, match="dict"):
        talk_settings()
