"""Helpers that run one probe and return its findings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from talk.doctor.findings import Finding, ProbeOptions
from talk.doctor.probes import run_probe


def findings(probe: str, **request: str) -> list[Finding]:
    """Run a probe as the doctor does."""
    return list(run_probe(probe, ProbeOptions(**request)))


def verdicts(probe: str, **request: str) -> list[tuple[str, str]]:
    """Run a probe and return the name and verdict of each finding."""
    return [(found.probe, str(found.verdict)) for found in findings(probe, **request)]


def settings_of_children(monkeypatch: pytest.MonkeyPatch, **site: Any) -> None:
    """Set the settings of the processes that the test starts."""
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "tests.doctor_settings")
    monkeypatch.setenv("SITE_SETTINGS", json.dumps(site))
