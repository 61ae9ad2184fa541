"""Compiles the message catalogues, which git has only as text, for every wheel."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueBuildHook(BuildHookInterface):
    """Puts a ``.mo`` next to each ``.po``.

    An editable install counts as a wheel. The sdist has the texts: from it, wheels are
    built in turn.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile all catalogues before files are collected.

        Raises:
            PoFileError: a catalogue cannot be read.
        """
        if self.target_name != "wheel":
            return
        for source in sorted(Path(self.root, "talk", "locale").rglob("*.po")):
            with source.open("rb") as file:
                catalogue = read_po(file, abort_invalid=True)
            compiled = BytesIO()
            write_mo(compiled, catalogue)
            target = source.with_suffix(".mo")
            # Tests and other builds may read the file meanwhile: replace it as a whole.
            with NamedTemporaryFile(dir=target.parent, delete=False) as file:
                file.write(compiled.getvalue())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(target)
