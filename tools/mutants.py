"""Make ``docs/verification-power.md``: ``python tools/mutants.py --directory DIRECTORY``.

Asks about all mutants of ``tests/helpers/mutants.py``, with a fresh seed for each distribution.
Of the distributions of the page's first table, or those that are named, each mutant is asked about
by all witnesses; with ``--first`` those of all distributions, of numbers, of vectors, and
compositions, until one witness catches it, for the last table. What is found is kept in DIRECTORY,
a file per distribution, and a run that is stopped goes on where it was. Nothing is written if a
mutant survives, or if only some distributions are asked about.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import secrets
import sys
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from textwrap import fill
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "helpers"))

import mutants  # noqa: E402 - from the tests' folder

from reparam import registry  # noqa: E402
from reparam.base.reparameterized import Reparameterized  # noqa: E402
from reparam.verification.witnesses import NAMES  # noqa: E402

PAGE = ROOT / "docs" / "verification-power.md"
#: The distributions of the table of all witnesses.
LAWS = (
    *("beta", "beta-prime", "chi", "chi-square", "exponential", "f", "gamma", "gaussian"),
    *("inverse-gamma", "laplace", "logistic", "relaxed-bernoulli", "student-t", "uniform"),
)
#: How a route is described.
ROUTES = {
    "transform": "of given noise",
    "shared": "of draws with shared parameters",
    "each": "of draws with a parameter set each",
    "pathwise": "by formula",
}

#: Where a table of the page begins, of a mode of this tool, and where it ends.
BEGIN, END = "<!-- made by tools/mutants.py{} -->\n", "<!-- end -->\n"

Row = tuple[str, str]
Answers = list[tuple[Row, str, list[bool]]]


def asked(name: str) -> Answers:
    """Return each mutant's row and name, and which witnesses catch it."""
    base, every = mutants.all_of(name)
    seed, calls, found = secrets.randbits(32), _calls(base), []
    for mutant in every:
        what = "values" if mutant.subject == "draws" else mutant.subject
        subject = " ".join(filter(None, (what, ROUTES.get(mutant.route, ""))))
        changed = {_call(function, mutant.route) for function in vars(mutant.cls)}
        answers = [
            bool(changed & made) and mutants.catches(witness, mutant, seed)
            for witness, made in calls.items()
        ]
        found.append(((subject, mutant.kind), f"{mutant}, seed {seed}", answers))
    return found


def first(name: str) -> Answers:
    """Return each mutant's row and name, and which witness is the first to catch it."""
    seed, found = secrets.randbits(32), []
    for mutant in mutants.all_of(name)[1]:
        witness = mutants.first_to_catch(mutant, seed)
        answers = [witness == each for each in NAMES]
        found.append(((mutant.subject, mutant.kind), f"{mutant}, seed {seed}", answers))
    return found


Call = tuple[str, str]


def _call(function: str, route: str) -> Call:
    return function, route if function in ("rsample", "sample") else ""


def _calls(base: type[Reparameterized]) -> dict[str, set[Call]]:
    """Return for each witness what it calls: it can't see that anything else is wrong."""
    made: set[Call] = set()

    def recording(function: str) -> Callable[..., Any]:
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
            made.add(_call(function, "each" if self.batch_shape else "shared"))
            return getattr(base, function)(self, *args, **kwargs)

        return wrapped

    functions = {function: recording(function) for function in mutants.FUNCTIONS}
    watched = type(base.__name__, (base,), functions)
    nothing = mutants.Mutant("nothing", "none", "", "", watched)
    found = {}
    for witness in NAMES:
        made.clear()
        if mutants.catches(witness, nothing, 0):
            raise AssertionError(f"{witness} does not pass {base.name}")
        found[witness] = set(made)
    return found


def _one_thread() -> None:
    os.environ["REPARAM_NUM_THREADS"] = "1"


def table(found: dict[Row, list[list[bool]]]) -> str:
    """Return the table, with a line of totals."""

    def line(first: str, second: str, answers: list[list[bool]]) -> str:
        counts = [sum(column) for column in zip(*answers, strict=True)]
        cells = [first, second, len(answers), *counts, sum(map(any, answers))]
        return "| " + " | ".join(map(str, cells)) + " |"

    head = ["what", "mistake", "mutants", *NAMES, "any"]
    rows = ["| " + " | ".join(head) + " |", "|---|---|" + "--:|" * (len(head) - 2)]
    before = ""
    for (subject, kind), answers in found.items():
        rows.append(line("" if subject == before else subject, kind, answers))
        before = subject
    rows.append(line("**all**", "", [answer for answers in found.values() for answer in answers]))
    return "\n".join(rows) + "\n"


def measured(found: dict[str, Answers]) -> str:
    """Return the first table: a line for each mistake, and which witnesses catch it."""
    rows: dict[Row, list[list[bool]]] = defaultdict(list)
    for answers in found.values():
        for row, _, answer in answers:
            rows[row].append(answer)
    subjects = list(dict.fromkeys(subject for subject, _ in rows))
    order = sorted(rows, key=lambda row: subjects.index(row[0]))
    laws = fill(f"The distributions: {', '.join(found)}.", 100, break_on_hyphens=False)
    return f"{laws}\n\n{table({row: rows[row] for row in order})}"


def of_all(found: dict[str, Answers]) -> str:
    """Return the last table: a line for each distribution, and who first caught how many."""
    rows = [f"| distribution | mutants | caught | {' | '.join(NAMES)} |"]
    rows.append("|---|--:|--:|" + "--:|" * len(NAMES))
    every = {"**all**": [answer for answers in found.values() for answer in answers]}
    for name, answers in (found | every).items():
        counts = [sum(column) for column in zip(*(each for *_, each in answers), strict=True)]
        shown = f"`{name}`" if name in mutants.COMPOSITIONS else name
        rows.append(
            f"| {shown} | {len(answers)} | {sum(counts)} | {' | '.join(map(str, counts))} |"
        )
    return "\n".join(rows) + "\n"


def kept(folder: Path | None, name: str) -> Path | None:
    """Return where what is found of a distribution is kept."""
    return folder and folder / f"{''.join(c if c.isalnum() else '-' for c in name)}.json"


def every() -> list[str]:
    """Return the names of all that the page is about."""
    built_in = ((name, registry.get(name)) for name in registry.BUILT_IN)
    laws = [name for name, cls in built_in if issubclass(cls, Reparameterized)]
    return [*laws, *mutants.COMPOSITIONS]


def ask(
    how: Callable[[str], Answers], names: list[str], jobs: int, folder: Path | None
) -> dict[str, Answers]:
    """Return what is found of all, from files as far as they are there."""
    found: dict[str, Answers] = {}
    for name in names:
        if (path := kept(folder, name)) and path.exists():
            rows = json.loads(path.read_text(encoding="utf-8"))
            found[name] = [((row[0], row[1]), text, answers) for row, text, answers in rows]
    rest = [name for name in names if name not in found]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, initializer=_one_thread) as pool:
        for name, answers in zip(rest, pool.map(how, rest), strict=True):
            found[name] = answers
            if path := kept(folder, name):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(answers), encoding="utf-8")
            print(f"{name}: {len(answers)} mutants", flush=True)
    return {name: found[name] for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", help="distributions and compositions (default all of the table)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--directory", type=Path, help="where results are kept, to go on with")
    parser.add_argument(
        "--first", action="store_true", help="until one witness catches it, of all distributions"
    )
    options = parser.parse_args()
    how, names, made, mode = (
        (first, every(), of_all, " --first") if options.first else (asked, LAWS, measured, "")
    )
    found = ask(how, options.names or [*names], options.jobs, options.directory)
    survivors = [
        text for answers in found.values() for _, text, answer in answers if not any(answer)
    ]
    for text in survivors:
        print("survives:", text, flush=True)
    if survivors:
        sys.exit(f"nothing written: {len(survivors)} survive")
    if options.names:
        return
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN.format(mode))
    after = rest.split(END, 1)[1]
    text = f"{before}{BEGIN.format(mode)}\n{made(found)}\n{END}{after}"
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
