"""The figures, as tables to read and as JSON to compare."""

from __future__ import annotations

import json
import math
import platform
import statistics
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

FAULTS = ("failed", "lost", "doubled", "disordered", "errors")
"""Figures that must be 0."""

PACKAGES = (
    "django",
    "channels",
    "uvicorn",
    "uvloop",
    "httptools",
    "channels_redis",
    "psycopg",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """The figures of one subject in one case of a family."""

    family: str
    case: str
    subject: str
    figures: dict[str, float]

    @property
    def faults(self) -> dict[str, float]:
        """The figures that must be 0 and are not."""
        return {name: self.figures[name] for name in FAULTS if self.figures.get(name)}


def merge(rows: Sequence[Row]) -> Row:
    """Return the medians of repeated measurements, and the sums of faults."""
    names = dict.fromkeys(name for row in rows for name in row.figures)
    figures = {}
    for name in names:
        found = [row.figures[name] for row in rows if name in row.figures]
        figures[name] = sum(found) if name in FAULTS else statistics.median(found)
    first = rows[0]
    return Row(
        family=first.family, case=first.case, subject=first.subject, figures=figures
    )


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows of one case."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    lines = [["", *names]]
    lines += [
        [row.subject, *(_text(row.figures.get(name)) for name in names)] for row in rows
    ]
    widths = [
        max(len(line[column]) for line in lines) for column in range(len(names) + 1)
    ]
    print(f"\n{rows[0].family}: {rows[0].case}")
    for line in lines:
        first, *others = (
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *others]), flush=True)


def _text(figure: float | None) -> str:
    if figure is None or math.isnan(figure):
        return "-"
    if isinstance(figure, int) or abs(figure) >= 100:
        return f"{figure:,.0f}"
    return f"{figure:.1f}" if abs(figure) >= 10 else f"{figure:.2f}"


def write_json(path: Path, rows: Iterable[Row], arguments: dict[str, Any]) -> None:
    """Write all figures and a description of the machine."""
    about = {
        "python": sys.version.split()[0],
        "machine": platform.platform(),
        "packages": _versions(),
        "arguments": arguments,
    }
    text = json.dumps({"about": about, "rows": [asdict(row) for row in rows]}, indent=1)
    path.write_text(text + "\n")


def _versions() -> dict[str, str]:
    """Return the versions of the installed packages that influence the figures."""
    found = {}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found
