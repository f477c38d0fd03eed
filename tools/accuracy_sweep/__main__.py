"""Compare everything that laws compute with FLINT's balls: ``python tools/accuracy_sweep``.

Needs python-flint. Cases are seeded: parameters from 1e-6 to 1e8, points in the body and in both
far tails. Of each number three errors are reported: its relative error, the *forced* error (how
much half an ulp in each input changes the exact value), and the excess,
error / max(1e-13, 20 × forced). The forced error is computed where the error is above 1e-13.

Results go to DIRECTORY, a line a number, and a run that is stopped goes on where it was. The worst
of each law and quantity are printed; an excess above 1 that ``explained.csv`` doesn't name is a
failure, and so is a run in which nothing could be compared.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cases
from judging import Row, run_case

EXPLAINED = Path(__file__).parent / "explained.csv"
def done(path: Path) -> tuple[list[Row], set[int]]:
    """Return the rows of an earlier run, and the cases that it finished."""
    rows: list[Row] = []
    finished = set()
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            finished.add(entry["number"])
            rows += entry["rows"]
    return rows, finished


def sweep(names: Iterable[str], seed: int, count: int, jobs: int, folder: Path | None) -> list[Row]:
    """Run what is left of a sweep, and return all its rows."""
    rows: list[Row] = []
    tasks = []
    for name in names:
        finished: set[int] = set()
        if folder:
            old, finished = done(folder / f"{name.replace('|', '+')}.jsonl")
            rows += [row for row in old if row["number"] < count]
        tasks += [(number, name) for number in range(count) if number not in finished]
    todo = [(name, seed, number) for number, name in sorted(tasks)]
    mapped: Any = map(run_case, todo)
    pool = multiprocessing.get_context("spawn").Pool(jobs) if jobs > 1 and todo else None
    if pool:
        mapped = pool.imap_unordered(run_case, todo)
    for name, number, found, problem in mapped:
        if problem:
            print(f"{name} case {number}: {problem}", file=sys.stderr, flush=True)
        rows += found
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{name.replace('|', '+')}.jsonl"
            with path.open("a", encoding="utf-8") as out:
                entry = {"number": number, "rows": found, "problem": problem}
                out.write(json.dumps(entry) + "\n")
    if pool:
        pool.close()
        pool.join()
    return rows


def explanations() -> dict[tuple[str, str], tuple[float, str]]:
    """Return the excess that is explained, and why, by law and quantity."""
    with EXPLAINED.open(newline="", encoding="utf-8") as lines:
        return {
            (entry["law"], entry["quantity"]): (float(entry["excess"]), entry["why"])
            for entry in csv.DictReader(lines)
        }


def report(rows: list[Row], worst: int) -> list[str]:
    """Print the worst rows of each law and quantity; return the failures."""
    known, groups = explanations(), defaultdict(list)
    for row in rows:
        groups[row["law"], row["quantity"].split("[")[0]].append(row)
    failures = []
    for (law, quantity), found in sorted(groups.items()):
        judged_rows = [row for row in found if row["right"] is not None]
        over = [row for row in judged_rows if row["excess"] > 1.0]
        limit, why = known.get((law, quantity), (1.0, ""))
        failures += [f"{law} {quantity}" for row in over if row["excess"] > limit]
        judged_rows.sort(key=lambda row: (-row["excess"], -row["error"]))
        head = f"{law} {quantity}: {len(judged_rows)} compared, {len(over)} above the bound"
        missing = len(found) - len(judged_rows)
        print(head + (f", {missing} without a reference" if missing else "") + (f"; {why}" if why else ""))
        for row in judged_rows[:worst] if not over else [r for r in judged_rows if r in over][:worst]:
            print(
                f"    {row['quantity']} at {row['inputs']}: {row['found']!r}, right {row['right']},"
                f" error {row['error']:.2g}, forced {row['forced'] or 0:.2g}, excess {row['excess']:.3g}"
            )
    return failures


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, default=60, help="cases of each law (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--laws", nargs="+", default=cases.NAMES, choices=cases.NAMES, metavar="LAW")
    parser.add_argument("--directory", type=Path, help="where results are kept, to go on with")
    parser.add_argument("--worst", type=int, default=1, help="rows of each quantity (default 1)")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    rows = sweep(options.laws, options.seed, options.cases, options.jobs, options.directory)
    failures = report(rows, options.worst)
    compared_rows = sum(row["right"] is not None for row in rows)
    print(f"{compared_rows} points compared of {len(rows)}, in {time.monotonic() - start:.0f} s")
    for name, times in Counter(failures).items():
        print(f"above the bound, and not explained: {name} ({times} points)")
    return 1 if failures or not compared_rows else 0


if __name__ == "__main__":
    sys.exit(main())
