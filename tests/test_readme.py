"""The README is true: its tables match the code, and its links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields

import pytest
from django.urls import get_resolver

from talk.adapters import DefaultAdapter
from talk.conf import TalkSettings
from talk.realtime.metrics import Metrics
from tests.readme import PROSE, README, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def table(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the only table below a heading of any order."""
    found = re.search(rf"\n(##+) {re.escape(heading)}\n(.*)", README, re.DOTALL)
    assert found is not None, heading
    section = re.split(rf"\n#{{2,{len(found[1])}}} ", found[2])[0]
    assert len(re.findall(r"^\|---", section, re.MULTILINE)) == 1
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def anchors() -> set[str]:
    """Return the anchors that GitHub gives to the headings."""
    headings = re.findall(r"^##+ (.*)$", PROSE, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings
    }


def test_every_setting_is_listed_with_its_default() -> None:
    listed = {row[0].strip("`"): row[1].strip("`") for row in table("Settings")}
    defaults = TalkSettings()
    expected = {}
    for field in fields(TalkSettings):
        value = getattr(defaults, field.name)
        expected[field.name] = repr(value).replace("'", '"')
    assert listed == expected


def test_every_check_is_listed() -> None:
    modules = (ROOT / "talk" / "checks").glob("*.py")
    source = "".join(module.read_text(encoding="utf-8") for module in modules)
    used = set(re.findall(r'id="(talk\.[EW]\d{3})"', source))
    assert [row[0].strip("`") for row in table("System checks")] == sorted(used)


def test_every_method_of_the_adapter_is_listed() -> None:
    listed = [row[0].strip("`").split("(")[0] for row in table("Adapter methods")]
    own = [name for name in vars(DefaultAdapter) if not name.startswith("_")]
    assert listed == own


def test_every_signal_is_listed_with_its_arguments() -> None:
    source = (ROOT / "talk" / "signals.py").read_text(encoding="utf-8")
    found = re.findall(r"# Arguments: room, actor,? ?(.*)\n(\w+) = Signal", source)
    listed = [(re.sub("`", "", row[2]), row[0].strip("`")) for row in table("Signals")]
    assert listed == found


def test_every_command_is_listed() -> None:
    listed = [row[0].strip("`") for row in table("Commands")]
    modules = (ROOT / "talk" / "management" / "commands").glob("talk_*.py")
    assert listed == sorted(module.stem for module in modules)


def test_every_extra_is_listed() -> None:
    listed = [row[0].strip("`") for row in table("Extras")]
    assert listed == list(PROJECT["project"]["optional-dependencies"])


def test_every_outcome_of_a_poll_is_listed() -> None:
    assert [row[0].strip("`") for row in table("Counters")] == list(Metrics().polls)


def test_every_endpoint_is_listed() -> None:
    """With its methods, relative to the base path of Talk or to that of the server."""
    routed = set()
    for pattern in get_resolver("talk.urls").url_patterns:
        actions = getattr(pattern.callback, "actions", None)
        if actions is None:
            continue  # The README describes pages and avatars elsewhere.
        path = str(pattern.pattern).replace("/+", "/")
        path = re.sub(r"\(\?P<token>[^)]*\)", "{token}", path)
        path = path.split("\\.php")[1].removeprefix("/apps/spreed/api/v1")
        methods = actions.keys() - {"head"}
        routed |= {(method.upper(), path.removesuffix("\\Z")) for method in methods}
    routed -= {("GET", r"(?:/[\s\S]*)?")}
    listed = {tuple(row[0].strip("`").split(" ")) for row in table("Endpoints")}
    assert listed == routed


@pytest.mark.parametrize("command", ["demo", "test"])
def test_the_two_commands_are_there(command: str) -> None:
    program = {"demo": "python manage.py demo", "test": "python -m pytest"}[command]
    line = f'    python -m pip install -e ".[{command}]" && {program}\n'
    assert line in README


def test_every_link_inside_the_project_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", PROSE)
    inside = [target for target in targets if "://" not in target]
    assert len(inside) > 20
    for target in inside:
        path, _, anchor = target.partition("#")
        assert anchor in anchors() if anchor else (ROOT / path).exists(), target


def test_every_section_is_in_the_table_of_contents() -> None:
    sections = re.findall(r"^## (.*)$", PROSE, re.MULTILINE)
    contents = " ".join(PROSE.split("\n## ")[0].split())
    assert [name for name in sections if f"[{name}](#" not in contents] == []


def test_no_internal_module_is_named() -> None:
    assert "talk.domain" not in README


def test_every_dependency_is_justified() -> None:
    source = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = source.split("[project]")[1].split("[project.urls]")[0]
    named = re.findall(r'^    "[a-z][^"]*[>\]][^"]*",.*$', project, re.MULTILINE)
    assert len(named) > 20
    assert [line for line in named if "  # " not in line] == []
