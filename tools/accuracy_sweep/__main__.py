"""Compare everything that laws compute with FLINT's balls: ``python tools/accuracy_sweep``.

Needs python-flint. Cases are seeded: parameters from 1e-6 to 1e8, points in the body and in both
far tails. Of each number three errors are reported: its relative error, the *forced* error (how
much half an ulp in each input changes the exact value), and the excess,
error / max(1e-13, 20 × forced). The forced error is computed where the error is above 1e-13.

Results go to DIRECTORY, a line a number, and a run that is stopped goes on where it was. The worst
of each law and quantity are printed; an excess above 1 is a failure unless the law's ``accuracy``
declares so great an error or ``explained.csv`` names it, and so is a run in which nothing could be
compared.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import multiprocessing
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cases
import record
from judging import Entry, run_case

from reparam import registry

EXPLAINED = Path(__file__).parent / "explained.csv"


def done(path: Path) -> dict[int, Entry]:
    """Return the cases that an earlier run finished, by number."""
    finished = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            with contextlib.suppress(json.JSONDecodeError):  # of a run that was killed
                entry = json.loads(line)
                finished[entry["number"]] = entry
    return finished


def sweep(
    names: Iterable[str], seed: int, count: int, jobs: int = 1, folder: Path | None = None
) -> list[Entry]:
    """Run what is left of a sweep, and return all its cases."""
    paths = {name: folder and folder / f"{name.replace('|', '+')}-{seed}.jsonl" for name in names}
    entries, todo = [], []
    for name, path in paths.items():
        finished = done(path) if path else {}
        entries += [entry for number, entry in finished.items() if number < count]
        todo += [(number, name, seed) for number in range(count) if number not in finished]
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        results: Any = map(run_case, sorted(todo))
        if jobs > 1:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(jobs))
            results = pool.imap_unordered(run_case, sorted(todo))
        for entry in results:
            entries.append(entry)
            if path := paths[entry["law"]]:
                with path.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(entry) + "\n")
    return entries


def explanations() -> dict[tuple[str, str], tuple[float, str]]:
    """Return the excess that is explained, and why, by law and quantity."""
    with EXPLAINED.open(newline="", encoding="utf-8") as lines:
        return {
            (entry["law"], entry["quantity"]): (float(entry["excess"]), entry["why"])
            for entry in csv.DictReader(lines)
        }


def declared(law: str, quantity: str) -> float:
    """Return the relative error that a law declares for a quantity: 0 if none."""
    if law not in registry.BUILT_IN:
        return 0.0
    function = {"value": "icdf", "dvalue": "pathwise"}.get(quantity, quantity)
    return registry.get(law).about.accuracy.get(function, 0.0)


def report(entries: list[Entry], worst: int) -> list[str]:
    """Print the worst points of each law and quantity; return the failures."""
    known, groups = explanations(), defaultdict(list)
    failures = [f"{e['law']} case {e['number']}: {e['problem']}" for e in entries if e["problem"]]
    for entry in entries:
        for row in entry["rows"]:
            groups[entry["law"], row["quantity"].split("[")[0]].append(row)
    for (law, quantity), rows in sorted(groups.items()):
        found = [row for row in rows if row["right"] is not None]
        found.sort(key=lambda row: (-row["excess"], -row["error"]))
        limit, why = known.get((law, quantity), (1.0, ""))
        over = sum(row["excess"] > 1.0 for row in found)
        allowed = declared(law, quantity)
        bad = sum(row["excess"] > limit and row["error"] > allowed for row in found)
        head = f"{law} {quantity}: {len(found)} compared"
        head += f", {over} above the bound" * bool(over) + f" ({why})" * bool(why)
        head += f" (declared: {allowed:.0e})" * bool(allowed)
        missing = len(rows) - len(found)
        print(head + f", {missing} without a reference" * bool(missing))
        for row in found[:worst]:
            print(
                f"    {row['quantity']} of {row['inputs']}: {row['found']!r}, right"
                f" {row['right']}, error {row['error']:.2g}, forced {row['forced'] or 0:.2g},"
                f" excess {row['excess']:.3g}"
            )
        if bad:
            failures.append(f"{law} {quantity}: {bad} above the bound, not explained")
    return failures


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=60, help="cases of each law (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument(
        "--laws", nargs="+", default=cases.NAMES, choices=cases.NAMES, metavar="LAW",
        help="names of distributions, and pairs such as 'gamma|gamma' for the divergence",
    )  # fmt: skip
    parser.add_argument("--directory", type=Path, help="where results are kept, to go on with")
    parser.add_argument("--worst", type=int, default=1, help="points of each quantity (default 1)")
    parser.add_argument(
        "--record", action="store_true",
        help="write the record of all continuous laws, and their table in docs/accuracy.md",
    )  # fmt: skip
    parser.add_argument(
        "--compare", action="store_true", help="fail, too, where a record is missed"
    )
    options = parser.parse_args(arguments)
    if options.record:
        options.laws, options.seed, options.cases = record.LAWS, record.SEED, record.CASES
    start = time.monotonic()
    entries = sweep(options.laws, options.seed, options.cases, options.jobs, options.directory)
    failures = report(entries, options.worst)
    if options.record:
        record.write(entries)
    if options.compare:
        failures += record.worsened(record.grouped(entries))
    rows = [row for entry in entries for row in entry["rows"]]
    count = sum(row["right"] is not None for row in rows)
    print(f"{count} points compared of {len(rows)}, in {time.monotonic() - start:.0f} s")
    for failure in failures:
        print(failure)
    return 1 if failures or not count else 0


if __name__ == "__main__":
    sys.exit(main())
