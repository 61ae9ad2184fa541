"""The docstring of each package lists its modules, as a table of contents."""

from __future__ import annotations

import ast
import pkgutil
import re
from pathlib import Path

import pytest

TALK = Path(__file__).resolve().parent.parent / "talk"

PACKAGES = [
    file.parent
    for file in sorted(TALK.rglob("__init__.py"))
    if file.parent.name != "migrations"
]

LINE = re.compile(r"^    (\w+) {2,}\S", re.MULTILINE)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_lists_its_modules(package: Path) -> None:
    source = (package / "__init__.py").read_text(encoding="utf-8")
    listed = LINE.findall(ast.get_docstring(ast.parse(source)) or "")
    modules = [module.name for module in pkgutil.iter_modules([str(package)])]
    assert sorted(listed) == sorted(modules)
