"""Verify samplers of other libraries, and write what was found: ``python tools/findings.py``.

Whatever of PyTorch, JAX, NumPyro, distrax and TensorFlow Probability imports here takes part. With
names (``torch:Beta jax:wald``) only these are verified, and the page is printed. ``--json FILE``
keeps the report, and ``--from FILE`` makes the page of one.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from reparam.errors import ReparamError
from reparam.verification.results import Check, Comparison, Outcome, Report, worst
from reparam.verification.run.planning import TargetSpec
from reparam.verification.run.running import verify
from reparam.verification.targets.resolving import LIBRARIES, resolve

PAGE = Path(__file__).parents[1] / "docs" / "findings.md"
BEGIN, END = "<!-- made by tools/findings.py -->\n", "<!-- end -->\n"
#: Seed of the run, so that it can be run again.
SEED = 2026
#: Those that have something to look at in a sampler of another library.
WITNESSES = ("derivative", "distribution", "expectation", "edges", "continuity")
#: What the libraries are called.
TITLES = {
    "torch": "PyTorch",
    "jax": "JAX",
    "numpyro": "NumPyro",
    "distrax": "distrax",
    "tfp": "TensorFlow Probability on JAX",
}
#: Looked at beside typical parameters.
POINTS: Mapping[str, Mapping[str, float]] = {
    "torch:Beta": {"concentration1": 0.1, "concentration0": 1e4},
    "jax:wald": {"mean": 1.0},
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--json", type=Path)
    arguments.add_argument("--from", type=Path, dest="source")
    arguments.add_argument("--level", default="default")
    given = arguments.parse_args()
    specs = list(targets(given.names))
    if given.source:
        report = Report.from_json(json.loads(given.source.read_text()))
    else:
        report = verify(
            specs,
            witnesses=WITNESSES,
            level=given.level,
            seed=SEED,
            time_limit=600.0,
            on_check=lambda check: print(f"{check.outcome} {check}", file=sys.stderr, flush=True),
        )
    if given.json:
        given.json.write_text(json.dumps(report.to_json()))
    text = "\n".join(page(specs, report)) + "\n"
    if given.names:
        print(text)
        return
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.partition(END)[2])


def targets(names: Iterable[str]) -> Iterator[TargetSpec]:
    """Yield the samplers to verify: those named, or all that are known and import."""
    for name in names or known():
        yield TargetSpec(name)
        if name in POINTS:
            yield TargetSpec(name, parameters=POINTS[name])


def known() -> Iterator[str]:
    for library in LIBRARIES:
        module = import_module(f"reparam.verification.targets.libraries.{library}")
        rows = {**getattr(module, "STANDARD", {}), **module.ROWS}
        try:
            resolve(f"{library}:{next(iter(rows))}")
        except ReparamError as error:
            print(error, file=sys.stderr)
            continue
        yield from (f"{library}:{name}" for name in sorted(rows))


# The page --------------------------------------------------------------------------------------


def page(specs: list[TargetSpec], report: Report) -> Iterator[str]:
    """Yield the lines of the page."""
    size = len(WITNESSES)
    checks = [report.checks[at : at + size] for at in range(0, len(report.checks), size)]
    found = list(zip(specs, checks, strict=True))
    yield f"{', '.join(versions())}; Python {platform.python_version()}, {platform.machine()}."
    yield (
        f"Level {report.level}, seed {report.seed}; a sampler that is right fails in this run with"
        f" a probability of at most {report.false_alarm:g}."
    )
    for library, title in TITLES.items():
        rows = [(s, c) for s, c in found if str(s.target).startswith(f"{library}:")]
        if rows:
            yield from ("", f"## {title}", "", "| sampler | draws | gradients | what was found |")
            yield "| --- | --- | --- | --- |"
            yield from (line(spec, each) for spec, each in rows)


def line(spec: TargetSpec, checks: Iterable[Check]) -> str:
    """Return a sampler's row."""
    by = {check.witness: check for check in checks}
    at = ", ".join(f"{name} = {value:g}" for name, value in spec.parameters.items())
    sampler = f"`{str(spec.target).partition(':')[2]}`" + (f" at {at}" if at else "")
    wrong = [by[name] for name in WITNESSES if by[name].outcome is Outcome.FAILS]
    # edges are of draws, and of gradients
    edges = by["edges"].comparisons
    of_gradients = [each.outcome for each in edges if "∂" in each.what]
    of_draws = [each.outcome for each in edges if "∂" not in each.what]
    of_draws += [Outcome.FAILS] * by["edges"].crashed
    draws = word(worst([by["distribution"].outcome, *of_draws]))
    of_gradients += [by[name].outcome for name in ("derivative", "expectation", "continuity")]
    findings = [sentence(check) for check in wrong] or [accuracy(by["derivative"])]
    judged = str(worst(of_gradients))
    if (first := by["derivative"].worst) and first.what == "∂y/∂θ":
        judged, findings = "none", [first.note]
    cells = (sampler, draws, judged, "; ".join(dict.fromkeys(findings)))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def word(outcome: Outcome) -> str:
    return "not compared" if outcome is Outcome.SKIPPED else str(outcome)


def accuracy(check: Check) -> str:
    """Return how accurate gradients that hold are, or why that cannot be determined."""
    compared = [each for each in check.comparisons if math.isfinite(each.got)]
    if not compared:
        return check.reason
    digits = min(each.digits for each in compared)
    return f"∂y/∂θ to {min(digits, 15.9):.0f} digits at the worst of {check.points} points"


def sentence(check: Check) -> str:
    """Return the worst of a check, in a sentence."""
    failing = [each for each in check.comparisons if each.outcome is Outcome.FAILS]
    if not failing:
        return check.reason
    if check.witness == "expectation":
        # bias of an expectation is more than that of one interval, which is more certain
        failing.sort(key=lambda each: not each.what.startswith("∂E[y]"))
    return short(failing[0])


def short(found: Comparison) -> str:
    where = ", ".join(f"{name} = {value:.4g}" for name, value in found.point.items())
    text = f"{found.what} at {where}" if where else found.what
    if found.note and (math.isnan(found.got) or found.unit == "standard errors"):
        return f"{text}: {found.note}"
    text += f": {found.got:.6g} for {found.expected:.6g}"
    return f"{text}, {found.digits:.1f} digits" if found.unit == "relative" else text


def versions() -> Iterator[str]:
    yield from (f"{package} {version(package)}" for package in ("reparam", "numpy", "scipy"))
    for package in LIBRARIES.values():
        if package in sys.modules:
            yield f"{package} {sys.modules[package].__version__}"


if __name__ == "__main__":
    main()
