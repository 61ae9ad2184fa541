"""The `TALK` setting."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from talk.conf import TalkSettings, talk_settings


def test_without_the_setting_all_keys_have_their_defaults(settings) -> None:
    assert talk_settings() == TalkSettings()


def test_a_site_overrides_single_keys(settings) -> None:
    settings.TALK = {"HUB_SHARDS": 4}
    assert talk_settings() == TalkSettings(HUB_SHARDS=4)


def test_a_change_takes_effect_at_once(settings) -> None:
    settings.TALK = {"HUB_SHARDS": 4}
    assert talk_settings().HUB_SHARDS == 4
    settings.TALK = {"HUB_SHARDS": 5}
    assert talk_settings().HUB_SHARDS == 5


def test_an_error_names_unknown_keys(settings) -> None:
    settings.TALK = {"HUB_SHARD": 4}
    with pytest.raises(ImproperlyConfigured, match="HUB_SHARD"):
        talk_settings()


def test_the_setting_must_be_a_dict(settings) -> None:
    settings.TALK = ["HUB_SHARDS"]
    with pytest.raises(ImproperlyConfigured, match="dict"):
        talk_settings()
