"""`talk_doctor`: its output and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.management import CommandError

from talk.doctor.findings import Finding, ProbeOptions, failed, ok, skipped, warning
from talk.doctor.probes import PROBES
from talk.management.commands import talk_doctor
from tests.management.commands import exit_code, run, shell

FOUND = [
    ok("database", "It answers."),
    warning("cache", "It is not shared.", "Configure Redis."),
    skipped("turn", "There is none."),
]
BROKEN = failed("mail", "It is down.", "Start it.")


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Replace the findings of the probes; a test may change the list."""
    findings = list(FOUND)
    monkeypatch.setattr(talk_doctor, "run_probes", lambda request: iter(findings))
    return findings


def test_each_finding_is_printed_with_its_remedy_below(found) -> None:
    assert run("talk_doctor").splitlines() == [
        "ok      database: It answers.",
        "warning cache: It is not shared.",
        "        Configure Redis.",
        "skipped turn: There is none.",
    ]


def test_it_exits_with_0_when_no_probe_failed(found) -> None:
    assert exit_code("talk_doctor") == 0


def test_it_exits_with_1_when_a_probe_failed(found) -> None:
    found.append(BROKEN)
    assert exit_code("talk_doctor") == 1


def test_the_error_counts_the_failed_probes(found) -> None:
    found.append(BROKEN)
    with pytest.raises(CommandError, match="1 of 4"):
        run("talk_doctor")


def test_json_contains_every_finding(found) -> None:
    listed = json.loads(run("talk_doctor", "--json"))
    assert listed[1] == {
        "probe": "cache",
        "verdict": "warning",
        "message": "It is not shared.",
        "remedy": "Configure Redis.",
    }
    assert len(listed) == 3


def test_it_is_silent_at_verbosity_0(found) -> None:
    assert run("talk_doctor", verbosity=0) == ""


def test_the_options_are_passed_to_the_probes(monkeypatch) -> None:
    asked: list[ProbeOptions] = []

    def run_probes(options: ProbeOptions) -> Iterator[Finding]:
        asked.append(options)
        return iter([])

    monkeypatch.setattr(talk_doctor, "run_probes", run_probes)
    run("talk_doctor", "--url", "https://example.org/talk", "--mail", "a@example.org")
    expected = ProbeOptions(url="https://example.org/talk", mail_to="a@example.org")
    assert asked == [expected]


@pytest.mark.parametrize("url", ["example.org", "ftp://example.org", "https://", ""])
def test_an_invalid_url_is_wrong_usage(url) -> None:
    assert exit_code("talk_doctor", "--url", url) == 2


@pytest.mark.django_db(transaction=True)
class TestShell:
    """The command on the test site, in a separate process."""

    def test_every_probe_has_a_verdict(self):
        mail = "django.core.mail.backends.dummy.EmailBackend"
        done = shell(
            *("talk_doctor", "--json"),
            DJANGO_SETTINGS_MODULE="tests.doctor_settings",
            SITE_SETTINGS=json.dumps({"EMAIL_BACKEND": mail}),
        )
        assert (done.returncode, done.stderr) == (0, "")
        probes = {finding["probe"] for finding in json.loads(done.stdout)}
        assert probes - {"hints", "long polls"} == set(PROBES)

    def test_a_failed_probe_exits_with_1(self):
        done = shell("talk_doctor", "--url", "http://127.0.0.1:1")
        assert done.returncode == 1
        assert "failed  site:" in done.stdout
