"""Make ``docs/verification-power.md``: ``python tools/mutants.py``.

Asks all witnesses about all mutants of ``tests/helpers/mutants.py``, with a fresh seed for each
distribution, in two processes. Nothing is written if a mutant survives, or if only some
distributions are asked about: ``python tools/mutants.py gamma beta``.
"""

from __future__ import annotations

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


def asked(name: str) -> list[tuple[Row, str, list[bool]]]:
    """Return each mutant's row and name, and which witnesses catch it."""
    seed, calls, found = secrets.randbits(32), _calls(name), []
    for mutant in mutants.mutants(registry.get(name)):
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


def _calls(name: str) -> dict[str, set[Call]]:
    """Return for each witness what it calls: it can't see that anything else is wrong."""
    base = registry.get(name)
    made: set[Call] = set()

    def recording(function: str) -> Callable[..., Any]:
        def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
            made.add(_call(function, "each" if self.batch_shape else "shared"))
            return getattr(base, function)(self, *args, **kwargs)

        return wrapped

    watched = type(name, (base,), {function: recording(function) for function in mutants.FUNCTIONS})
    nothing = mutants.Mutant("nothing", "none", "", "", watched)
    found = {}
    for witness in NAMES:
        made.clear()
        if mutants.catches(witness, nothing, 0):
            raise AssertionError(f"{witness} does not pass {name}")
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
    """Return the sentence that names what the page is about."""
    return fill(f"The distributions: {', '.join(names)}.", 100, break_on_hyphens=False)


def main() -> None:
    built_in = ((name, registry.get(name)) for name in registry.BUILT_IN)
    every = [
        name for name, cls in built_in if issubclass(cls, Reparameterized) and not cls._support.rank
    ]
    names = sys.argv[1:] or every
    found: dict[Row, list[list[bool]]] = defaultdict(list)
    survivors = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawn, initializer=_one_thread) as pool:
        for name, answers in zip(names, pool.map(asked, names), strict=True):
            for row, text, answer in answers:
                found[row].append(answer)
                if not any(answer):
                    survivors.append(text)
                    print("survives:", text, flush=True)
            print(f"{name}: {len(answers)} mutants", flush=True)
    subjects = list(dict.fromkeys(subject for subject, _ in found))
    order = sorted(found, key=lambda row: subjects.index(row[0]))
    if survivors:
        sys.exit(f"nothing written: {len(survivors)} survive")
    if names != every:
        return
    text = HEAD.format(level=mutants.LEVELS["default"], laws=measured(names))
    PAGE.write_text(text + table({row: found[row] for row in order}) + FOOT, encoding="utf-8")


if __name__ == "__main__":
    main()
