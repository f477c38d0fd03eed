"""Make ``docs/verification-power.md``: ``python tools/mutants.py --directory DIRECTORY``.

Asks all witnesses about all mutants of ``tests/helpers/mutants.py``, with a fresh seed for each
distribution: of numbers, of vectors, and compositions. What is found is kept in DIRECTORY, a file
per distribution, and a run that is stopped goes on where it was. Nothing is written if a mutant
survives, or if only some distributions are asked about: ``python tools/mutants.py gamma beta``.
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
#: How a route is described.
ROUTES = {
    "transform": "of given noise",
    "shared": "of draws with shared parameters",
    "each": "of draws with a parameter set each",
    "pathwise": "by formula",
}

HEAD = """# What `reparam verify` catches

A verifier that passes everything passes what is right, too. So each distribution that is
named below is broken in every way below, one mistake at a time, and each witness is asked
about each mutant, as in a default run of `reparam verify`: {level.points} points and
{level.draws:,} draws (half as many with gradients) at each of {level.sets} parameter sets, and for
each distribution a fresh seed.

A row is a mistake: the number of mutants that have it, of one distribution and (for derivatives and
scores) one parameter each; how many of them each witness catches; and how many are caught by any. A
mutant with the right distribution's results (another draw's ∂y/∂loc, which is 1, too) is left out.
Wrong draws come with the derivatives that belong to them, so that nothing but their distribution
gives them away.

{laws}

All are caught. `tools/mutants.py` makes this page, the mutants are in `tests/helpers/mutants.py`,
and the tests ask about a twentieth of them again; `tests/verification/test_verify_vectors.py` and
`tests/verification/test_verify_discrete.py` have mutants of distributions of vectors and of
discrete ones, and `tests/helpers/strangers.py` has samplers as somebody else might write them,
right and wrong.

"""

FOOT = """
## What is right passes

[false-alarms.log](false-alarms.log) has a line for each of 200 default runs of `reparam verify` on
the registry, each with a fresh seed: nothing failed, and nothing was inconclusive. A single run
raises a false alarm by chance with a probability of at most 1e-9.
`tools/false_alarms.py` makes the log.
"""

Row = tuple[str, str]
Answers = list[tuple[Row, str, list[bool]]]


def asked(name: str) -> Answers:
    """Return each mutant's row and name, and which witnesses catch it."""
    base = mutants.composition(name) if name in mutants.COMPOSITIONS else registry.get(name)
    seed, calls, found = secrets.randbits(32), _calls(base), []
    every = mutants.vector_mutants if base._support.rank else mutants.mutants
    for mutant in every(base):
        what = "values" if mutant.subject == "draws" else mutant.subject
        subject = " ".join(filter(None, (what, ROUTES.get(mutant.route, ""))))
        changed = {_call(function, mutant.route) for function in vars(mutant.cls)}
        answers = [
            bool(changed & made) and mutants.catches(witness, mutant, seed)
            for witness, made in calls.items()
        ]
        found.append(((subject, mutant.kind), f"{mutant}, seed {seed}", answers))
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


def measured(names: list[str]) -> str:
    """Return the sentences that name what the page is about."""
    laws = [name for name in names if name not in mutants.COMPOSITIONS]
    text = fill(f"The distributions: {', '.join(laws)}.", 100, break_on_hyphens=False)
    compositions = [f"- `{name}`" for name in names if name in mutants.COMPOSITIONS]
    return "\n".join(
        [text, "", "The compositions, with their ranks and weights kept:", "", *compositions]
    )


def kept(folder: Path | None, name: str) -> Path | None:
    """Return where what is found of a distribution is kept."""
    return folder and folder / f"{''.join(c if c.isalnum() else '-' for c in name)}.json"


def every() -> list[str]:
    """Return the names of all that the page is about."""
    built_in = ((name, registry.get(name)) for name in registry.BUILT_IN)
    laws = [name for name, cls in built_in if issubclass(cls, Reparameterized)]
    return [*laws, *mutants.COMPOSITIONS]


def ask(names: list[str], jobs: int, folder: Path | None) -> dict[str, Answers]:
    """Return what is found of all, from files as far as they are there."""
    found: dict[str, Answers] = {}
    for name in names:
        if (path := kept(folder, name)) and path.exists():
            rows = json.loads(path.read_text(encoding="utf-8"))
            found[name] = [((row[0], row[1]), text, answers) for row, text, answers in rows]
    rest = [name for name in names if name not in found]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn, initializer=_one_thread) as pool:
        for name, answers in zip(rest, pool.map(asked, rest), strict=True):
            found[name] = answers
            if path := kept(folder, name):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(answers), encoding="utf-8")
            print(f"{name}: {len(answers)} mutants", flush=True)
    return {name: found[name] for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="distributions and compositions (default all)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--directory", type=Path, help="where results are kept, to go on with")
    options = parser.parse_args()
    found: dict[Row, list[list[bool]]] = defaultdict(list)
    survivors = []
    for answers in ask(options.names or every(), options.jobs, options.directory).values():
        for row, text, answer in answers:
            found[row].append(answer)
            if not any(answer):
                survivors.append(text)
                print("survives:", text, flush=True)
    subjects = list(dict.fromkeys(subject for subject, _ in found))
    order = sorted(found, key=lambda row: subjects.index(row[0]))
    if survivors:
        sys.exit(f"nothing written: {len(survivors)} survive")
    if options.names:
        return
    text = HEAD.format(level=mutants.LEVELS["default"], laws=measured(every()))
    PAGE.write_text(text + table({row: found[row] for row in order}) + FOOT, encoding="utf-8")


if __name__ == "__main__":
    main()
