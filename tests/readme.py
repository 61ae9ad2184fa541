"""The README and its code blocks, for the tests that try them out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?<=\n\n)    .*\n(?:    .*\n)*")
FILE = re.compile(r"^# (\w+\.py)\b.*\n", re.MULTILINE)

PROSE = FENCED.sub(lambda match: re.sub(r"[^\n]", "", match[0]), README)
"""The README with its fenced blocks emptied; the numbers of lines stay."""


@dataclass(frozen=True)
class Block:
    """A code block. The language of an indented block is empty."""

    language: str
    text: str
    line: int

    def __str__(self) -> str:
        return f"line-{self.line}"

    @property
    def files(self) -> dict[str, str]:
        """The parts of the block by the file that a comment assigns them to."""
        _, *parts = FILE.split(self.text)
        return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(language: str | None = None, *, heading: str | None = None) -> list[Block]:
    """Return all blocks; only those of a language, or below a heading of second order."""
    found = [
        Block(match[1], match[2], _line_of(match)) for match in FENCED.finditer(README)
    ]
    # Fenced blocks may contain indented lines, so they are left out here.
    found += [
        Block("", match[0], _line_of(match)) for match in INDENTED.finditer(PROSE)
    ]
    if language is not None:
        found = [block for block in found if block.language == language]
    if heading is not None:
        found = [block for block in found if _heading_of(block) == heading]
    return found


def _line_of(match: re.Match[str]) -> int:
    return match.string.count("\n", 0, match.start()) + 1


def _heading_of(block: Block) -> str:
    above = README.split("\n")[: block.line - 1]
    return next(line[3:] for line in reversed(above) if line.startswith("## "))
