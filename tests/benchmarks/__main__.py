"""Run all or some benchmarks; exit with 1 if messages were lost or doubled."""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from tests.benchmarks.families import FAMILIES
from tests.benchmarks.report import Row, merge, print_table, write_json
from tests.benchmarks.sites import NamedSite, PostgresSite, Site, SQLiteSite
from tests.benchmarks.sizes import SMOKE, SMOKE_SUBJECTS, Sizes
from tests.benchmarks.subjects import SUBJECTS, Benches, Subject, chosen


def main() -> int:
    """Measure, print and write the figures; return the exit code."""
    arguments = parse_arguments()
    raise_limits()
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(1)
    )  # so that started processes end, too
    names = arguments.subjects or (SMOKE_SUBJECTS if arguments.smoke else [])
    subjects = chosen(names, arguments.engines)
    sizes = sizes_of(arguments)
    begin = time.monotonic()
    with ExitStack() as stack:
        sites = {
            engine: stack.enter_context(closing(open_site(engine)))
            for engine in {subject.engine for subject in subjects}
        }
        benches = Benches(sites, sizes, are_kept=arguments.smoke)
        stack.enter_context(closing(benches))
        rows = [
            row
            for family in arguments.only
            for row in measure(family, subjects, benches, sizes, arguments.passes)
        ]
    print(f"\n{time.monotonic() - begin:.0f} s")
    if arguments.json:
        write_json(arguments.json, rows, {"sizes": asdict(sizes)})
    return complain(rows)


def measure(
    family: str,
    subjects: Sequence[Subject],
    benches: Benches,
    sizes: Sizes,
    passes: int,
) -> list[Row]:
    """Measure all cases of a family, each case with all subjects in turn."""
    module: Any = FAMILIES[family]
    rows = []
    for case in module.cases(sizes):
        found: dict[str, list[Row]] = {}
        for _ in range(passes):
            for subject in subjects:
                figures = try_to_measure(module, case, benches, subject)
                if figures is not None:
                    row = Row(
                        family=family,
                        case=module.label(case),
                        subject=subject.name,
                        figures=figures,
                    )
                    found.setdefault(subject.name, []).append(row)
        merged = [merge(several) for several in found.values()]
        print_table(merged)
        rows += merged
    return rows


def try_to_measure(
    module: Any, case: Any, benches: Benches, subject: Subject
) -> dict[str, float] | None:
    """Return the figures of one subject; an error does not prevent the other subjects."""
    try:
        with benches.running(subject) as bench:
            figures: dict[str, float] | None = module.measure(bench, case)
    except RuntimeError as error:
        print(f"{subject.name}: {error}", file=sys.stderr)
        return {"failed": 1}
    return figures


def complain(rows: Sequence[Row]) -> int:
    """Print the faults; return 1 if there are any."""
    faulty = [row for row in rows if row.faults]
    for row in faulty:
        print(f"{row.family}, {row.case}, {row.subject}: {row.faults}", file=sys.stderr)
    return 1 if faulty else 0


def open_site(engine: str) -> Site:
    """Return a new site."""
    if engine == "sqlite":
        return SQLiteSite()
    if engine == "postgres":
        return PostgresSite(os.environ["DATABASE_URL"], os.environ["REDIS_URL"])
    return NamedSite()


def raise_limits() -> None:
    """Raise the limit of open files to the maximum, here and in started processes."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument(
        "--only", type=names_from(list(FAMILIES)), default=list(FAMILIES)
    )
    parser.add_argument("--engines", type=names_from(["sqlite", "postgres"]))
    subjects = [subject.name for subject in SUBJECTS]
    parser.add_argument("--subjects", type=names_from(subjects), default=[])
    parser.add_argument(
        "--smoke", action="store_true", help="small sizes, in less than a minute"
    )
    parser.add_argument(
        "--passes", type=int, default=1, help="repeat everything and show the medians"
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--idle-seconds", type=float)
    parser.add_argument("--wake", type=pairs, metavar="WAITERS/ROOMS,...")
    for name in ("idle", "hearers", "history", "rooms"):
        parser.add_argument(f"--{name}", type=numbers, metavar="NUMBER,...")
    for name in ("repoll", "senders", "storm", "plain-waiters"):
        parser.add_argument(f"--{name}", type=int, metavar="NUMBER")
    arguments = parser.parse_args()
    has_servers = {"DATABASE_URL", "REDIS_URL"} <= set(os.environ)
    if arguments.engines is None:
        arguments.engines = ["sqlite", "postgres"] if has_servers else ["sqlite"]
    elif "postgres" in arguments.engines and not has_servers:
        parser.error("DATABASE_URL and REDIS_URL have to name the servers")
    return arguments


def sizes_of(arguments: argparse.Namespace) -> Sizes:
    """Return the sizes that the command line asks for."""
    given = {field.name: getattr(arguments, field.name) for field in fields(Sizes)}
    base = SMOKE if arguments.smoke else Sizes()
    return replace(base, **{key: value for key, value in given.items() if value})


def names_from(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a parser for a list of these names."""

    def names(text: str) -> list[str]:
        found = text.split(",")
        if not set(found) <= set(known):
            raise argparse.ArgumentTypeError(f"choose from {', '.join(known)}")
        return found

    return names


def numbers(text: str) -> tuple[int, ...]:
    """Parse numbers separated by commas."""
    return tuple(int(part) for part in text.split(","))


def pairs(text: str) -> tuple[tuple[int, ...], ...]:
    """Parse pairs of numbers separated by commas."""
    return tuple(tuple(int(n) for n in part.split("/")) for part in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
