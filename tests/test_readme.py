"""The README tells the truth: its tables are those of the code."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from django.urls import get_resolver

from talk.adapters import DefaultAdapter
from talk.conf import TalkSettings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def table(heading: str) -> list[list[str]]:
    """Return the cells of the rows of the table below a heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


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
    listed = [row[0].strip("`").split("(")[0] for row in table("What a site decides")]
    own = [name for name in vars(DefaultAdapter) if not name.startswith("_")]
    assert listed == own


def test_every_signal_is_listed_with_its_arguments() -> None:
    source = (ROOT / "talk" / "signals.py").read_text(encoding="utf-8")
    found = re.findall(r"# Arguments: room, actor,? ?(.*)\n(\w+) = Signal", source)
    listed = [
        (re.sub("`", "", row[2]), row[0].strip("`"))
        for row in table("What a site is told")
    ]
    assert listed == found


def test_every_command_is_listed() -> None:
    listed = [row[0].strip("`") for row in table("Commands")]
    modules = (ROOT / "talk" / "management" / "commands").glob("talk_*.py")
    assert listed == sorted(module.stem for module in modules)


def test_every_extra_is_listed() -> None:
    listed = [row[0].strip("`") for row in table("Extras")]
    assert listed == list(PROJECT["project"]["optional-dependencies"])


def test_every_endpoint_is_listed() -> None:
    """With the methods that are routed; below the Talk base, or else that of the server."""
    routed = set()
    for pattern in get_resolver("talk.urls").url_patterns:
        actions = getattr(pattern.callback, "actions", None)
        if actions is None:
            continue  # Pages and images, which the README tells of elsewhere.
        path = str(pattern.pattern).replace("/+", "/")
        path = re.sub(r"\(\?P<token>[^)]*\)", "{token}", path)
        path = path.split("\\.php")[1].removeprefix("/apps/spreed/api/v1")
        methods = actions.keys() - {"head"}
        routed |= {(method.upper(), path.removesuffix("\\Z")) for method in methods}
    routed -= {("GET", r"(?:/[\s\S]*)?")}
    listed = {tuple(row[0].strip("`").split(" ")) for row in table("Talk to it")}
    assert listed == routed


@pytest.mark.parametrize("command", ["demo", "test"])
def test_the_two_commands_are_there(command: str) -> None:
    what = {"demo": "python manage.py demo", "test": "python -m pytest"}[command]
    line = f'    python -m pip install -e ".[{command}]" && {what}\n'
    assert line in README


def test_every_dependency_is_justified() -> None:
    source = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = source.split("[project]")[1].split("[project.urls]")[0]
    named = re.findall(r'^    "[a-z][^"]*[>\]][^"]*",.*$', project, re.MULTILINE)
    assert len(named) > 20
    assert [line for line in named if "  # " not in line] == []
