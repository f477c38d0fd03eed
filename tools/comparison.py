"""Measure whose gradients of draws are right: ``python tools/comparison.py``.

In an environment with the libraries it writes the tables of docs/comparison.md; ``--print`` prints
them.

Of each law that is registered here and that a library's table in
``reparam.verification.targets.libraries`` names, the library draws at seeded parameters, typical
ones and far ones, and its ∂y/∂θ at each draw is compared with −F_θ/p there. reparam's is
compared in the same way with FLINT's balls, which share no code with it. What counts is the worst
draw, beside the error that the rounding of y forces. A gradient that isn't of the quantile path
(such as of a sampler by rejection) may be right on average: of these the means are compared, by
``reparam verify``.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import reparam as rp
from reparam.base.reparameterized import Reparameterized
from reparam.domains import Interval
from reparam.errors import ReparamError
from reparam.parameters import Parameter
from reparam.verification.refusals import NoGradient
from reparam.verification.results import Outcome
from reparam.verification.run.running import verify
from reparam.verification.targets.libraries._rows import Row
from reparam.verification.targets.libraries._sampling import LibrarySampler
from reparam.verification.targets.resolving import resolve

sys.path += [str(Path(__file__).parent), str(Path(__file__).parent / "accuracy_sweep")]

PAGE = Path(__file__).parents[1] / "docs" / "comparison.md"
BEGIN, END = "<!-- made by tools/comparison.py -->\n", "<!-- end -->\n"
SEED = 2026
#: The libraries in the order of the columns, and what they are called.
TITLES = {
    "torch": "PyTorch",
    "pyro": "Pyro",
    "numpyro": "NumPyro",
    "tfp": "TFP",
    "distrax": "distrax",
    "jax": "JAX",
}
PACKAGES = {"tfp": "tfp-nightly", "pyro": "pyro-ppl"}
#: Sets of parameters, of each kind, and draws at each.
SETS, DRAWS = 4, 200
#: How far beyond typical ranges the far sets reach, as a factor.
FAR = 100.0
#: A gradient with fewer digits than float64 promises by half is wrong.
ENOUGH = 7.0
#: Draws of reparam that are compared with FLINT, at each set.
OURS = 4
#: Draws of a composition; standard errors that the means of two paths are apart if one is biased.
MANY, FAR_APART = 20_000, 7.0
#: A path that is off by so much at every typical set is another.
OTHER = 1e-2


@dataclass
class Cell:
    """What was measured of one law in one library."""

    name: str = ""
    digits: float | None = None
    note: str = ""
    other_path: bool = False

    @property
    def right(self) -> bool:
        """Whether gradients are right at all sets."""
        return not self.note and (self.other_path or (self.digits or 0.0) >= ENOUGH)

    def __str__(self) -> str:
        if self.note or not self.name:
            return self.note or "·"
        return "means" if self.other_path else f"{self.digits:.0f}"


@dataclass
class Line:
    """A law, and what each library makes of it."""

    law: str
    ours: Cell
    cells: dict[str, Cell] = field(default_factory=dict)
    scipy: bool = False

    @property
    def alone(self) -> bool:
        """Whether ours is the only right one."""
        return self.ours.right and not any(cell.right for cell in self.cells.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("laws", nargs="*", help="names of distributions (default: all)")
    parser.add_argument("--print", action="store_true", help="print, and leave the page as it is")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ["JAX_ENABLE_X64"] = "1"
    lines = [line(name) for name in given.laws or continuous()]
    text = "\n".join(page(lines)) + "\n"
    if given.print or given.laws:
        print(text)
        return
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + "\n" + text + "\n" + END + rest.partition(END)[2])


def continuous() -> list[str]:
    """Return the names of the laws of numbers whose draws are differentiable."""
    classes = {name: rp.get(name) for name in rp.names()}
    return [
        name
        for name, cls in classes.items()
        if issubclass(cls, Reparameterized) and not cls._support.rank
    ]


def line(name: str) -> Line:
    """Measure a law in all libraries."""
    found = Line(name, ours(name), scipy=bool(rp.get(name).about.scipy))
    for library in installed():
        for theirs, row in rows(library).items():
            if row.law == name and not row.discrete and theirs not in _VARIANTS:
                found.cells[library] = cell(library, theirs)
                break
        print(f"{name}: {library} {found.cells.get(library, '·')}", file=sys.stderr, flush=True)
    return found


#: The same law by another name in the same library: the first is looked at.
_VARIANTS = {"LogStddevNormal", "BetaProportion", "LowerTruncatedPowerLaw"}


def installed() -> Iterator[str]:
    """Yield the libraries that import."""
    for library in TITLES:
        try:
            import_module("torch" if library == "torch" else _module(library))
        except Exception as error:  # whatever a library raises
            print(f"{library}: {type(error).__name__}: {error}", file=sys.stderr)
        else:
            yield library


def _module(library: str) -> str:
    names = {"pyro": "pyro.distributions", "tfp": "tensorflow_probability.substrates.jax"}
    return names.get(library, library)


def rows(library: str) -> Mapping[str, Row]:
    """Return a library's samplers and what they draw from. Pyro has PyTorch's, and a few."""
    if library != "pyro":
        module = import_module(f"reparam.verification.targets.libraries.{library}")
        return {**getattr(module, "STANDARD", {}), **module.ROWS}
    pyro = import_module("pyro.distributions")
    known = {**rows("numpyro"), **rows("torch")}
    return {name: row for name, row in known.items() if hasattr(pyro, name)}


def target_of(library: str, name: str) -> Any:
    """Return what ``reparam verify`` looks at."""
    if library != "pyro":
        return resolve(f"{library}:{name}")
    torch_rows = import_module("reparam.verification.targets.libraries.torch")
    cls = getattr(import_module("pyro.distributions"), name)
    row = rows("pyro")[name]
    sampling = torch_rows.Sampling(lambda at: cls(**at, **row.constants), cls, f"Pyro's {name}")
    return LibrarySampler(f"pyro:{name}", sampling, row)


def cell(library: str, name: str) -> Cell:
    """Compare a library's gradients with −F_θ/p, or else its means."""
    found = Cell(f"{library}:{name}")
    try:
        target = target_of(library, name)
        errors = [
            error_at(target, theta, seed)
            for seed, theta in enumerate(sets(name, target.parameters, target.ordered))
        ]
    except NoGradient:
        found.note = "no gradient"
    except ReparamError as error:
        found.note = f"fails: {type(error).__name__}"
    else:
        if min(errors[:SETS]) > OTHER:
            found.other_path = True
            report = verify([target], witnesses=("expectation",), level="quick", seed=SEED)
            if any(check.outcome is Outcome.FAILS for check in report.checks):
                found.note = "biased"
        found.digits = digits(max(errors))
    return found


def sets(
    name: str, parameters: Mapping[str, Parameter], ordered: Iterable[tuple[str, str]]
) -> Iterator[dict[str, float]]:
    """Yield sets of typical parameters, then of far ones."""
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    for factor in (1.0, FAR):
        for _ in range(SETS):
            theta = {key: value(each, rng, factor) for key, each in parameters.items()}
            for low, high in ordered:
                theta[low], theta[high] = sorted((theta[low], theta[high]))
            yield theta


def value(parameter: Parameter, rng: np.random.Generator, factor: float) -> float:
    """Return a parameter's value, log-uniform if it is positive."""
    low, high = parameter.typical
    domain = parameter.domain
    assert isinstance(domain, Interval)
    if domain.low == 0.0 and domain.high == np.inf:
        return float(np.exp(rng.uniform(np.log(low / factor), np.log(high * factor))))
    return float(rng.uniform(low, high))


def error_at(target: Any, theta: Mapping[str, float], seed: int) -> float:
    """Return the worst relative error of ∂y/∂θ, less what the rounding of y forces."""
    drawn = target.draws(theta, DRAWS, seed)
    y = np.asarray(drawn.value, dtype=np.float64)
    law = target.law(theta, seed)
    with np.errstate(all="ignore"):
        right = law.pathwise(y)
        beside = [law.pathwise(np.nextafter(y, end)) for end in (-np.inf, np.inf)]
        worst = 0.0
        for key, gradient in drawn.gradients.items():
            spread = sum(np.abs(right[key] - other[key]) for other in beside)
            error = np.abs(gradient - right[key]) - 4.0 * np.nan_to_num(spread)
            error = np.maximum(error, 0.0) / np.abs(right[key])
            inside = np.isfinite(right[key]) & (right[key] != 0.0) & (np.abs(y) > 1e-300)
            error = np.where(np.isnan(error), np.inf, error)[inside]
            worst = max(worst, float(np.max(error, initial=0.0)))
    return worst


def ours(name: str) -> Cell:
    """Compare our own gradients with FLINT's, at draws."""
    from cases import LAWS
    from judging import judged

    exact: Any = LAWS[name]
    cls: Any = rp.get(name)
    worst = 0.0
    for seed, theta in enumerate(sets(name, cls.parameters, cls._ordered)):
        d = cls(**theta)
        y = d.rsample(OURS, rng=seed).value
        for draw in y:
            for i, slope in enumerate(d.pathwise(draw).values()):
                checked = judged(slope, exact.pathwise(i), [float(draw), *theta.values()])
                if checked["right"] is not None:
                    forced = checked["forced"] or 0.0
                    worst = max(worst, max(0.0, checked["error"] - 4.0 * forced))
    return Cell(name, digits(worst))


def compositions() -> Iterator[tuple[str, dict[str, Cell]]]:
    """Yield laws made of laws, and what each library makes of them."""
    import comparison_compositions as table

    for made in table.COMPOSITIONS:
        cells = {}
        for library, draw in made.theirs.items():
            cells[library] = composed(made, library, draw)
            print(f"{made.what}: {library} {cells[library]}", file=sys.stderr, flush=True)
        yield made.what, cells


def composed(made: Any, library: str, draw: Callable[..., Any]) -> Cell:
    """Compare a library's gradients of a composition with −F_θ/p, or their means."""
    import comparison_compositions as table

    found = Cell(f"{library}: {made.what}")
    try:
        y, given = table.gradients(library, draw, MANY)
    except NotImplementedError:
        found.note = "no gradient"
        return found
    right = made.ours(*table.AT).pathwise(y.astype(np.float64))
    worst = 0.0
    for name, gradient in zip(made.chosen, given, strict=True):
        if gradient is None or not np.any(gradient):
            found.note = "no gradient"
            return found
        exact = right[name][..., -1] if np.ndim(right[name]) > 1 else right[name]
        off = gradient - exact
        error = float(np.max(np.abs(off) / np.abs(exact)))
        if error > OTHER:
            apart = abs(off.mean()) / (off.std() / np.sqrt(off.size))
            found.other_path = True
            if apart > FAR_APART:
                found.note = "biased"
        worst = max(worst, error)
    found.digits = digits(worst)
    return found


def digits(error: float) -> float:
    """Return how many decimal digits are right."""
    return float(np.clip(-np.log10(max(error, 1e-16)), 0.0, 16.0))


def page(lines: list[Line]) -> Iterator[str]:
    """Yield the tables."""
    yield (
        ", ".join(f"{TITLES.get(name, name)} {found}" for name, found in versions())
        + f"; Python {platform.python_version()}."
    )
    yield ""
    yield "| law | reparam | " + " | ".join(TITLES.values()) + " | SciPy |"
    yield "| --- |" + " --- |" * (len(TITLES) + 2)
    for each in lines:
        cells = [str(each.cells.get(library, Cell())) for library in TITLES]
        label = f"**{each.law}**" if each.alone else each.law
        yield (
            f"| {label} | {each.ours} | "
            + " | ".join(cells)
            + (f" | {'draws' if each.scipy else '·'} |")
        )
    yield ""
    alone = [each.law for each in lines if each.alone]
    yield f"{len(alone)} of {len(lines)} laws have right gradients here alone: {', '.join(alone)}."
    yield ""
    yield "Distributions made of distributions, at one set of parameters:"
    yield ""
    yield from table_of_compositions()


def table_of_compositions() -> Iterator[str]:
    """Yield the table of laws made of laws. Ours are held to mpmath by the tests."""
    yield "| composition | reparam | " + " | ".join(TITLES.values()) + " | SciPy |"
    yield "| --- |" + " --- |" * (len(TITLES) + 2)
    for what, cells in compositions():
        alone = not any(cell.right for cell in cells.values())
        row = [str(cells.get(library, Cell())) for library in TITLES]
        yield f"| {f'**{what}**' if alone else what} | yes | " + " | ".join(row) + " | draws |"


def versions() -> Iterator[tuple[str, str]]:
    """Yield the libraries' versions."""
    for name in ("reparam", *TITLES, "scipy"):
        try:
            yield name, version(PACKAGES.get(name, name))
        except PackageNotFoundError:
            continue


if __name__ == "__main__":
    main()
