"""Make the tables of ``tests/helpers/reference``: ``python tools/shape_reference WHAT``.

Needs python-flint, gmpy2, mpmath, NumPy and SciPy (start values only), and for ``seams`` and
``worst`` the package itself.

Derivatives along the quantile path are computed by two routes which share neither code nor
arithmetic: quadrature in MPFR (``quadrature.py``) and differentiated series in FLINT's balls
(``series.py``). A row is written only if they agree to 30 digits.

tables
    Of each kind of point in the sweep the first fifth, at least a hundred, and the points of
    ``worst.csv``: a few minutes.
seams
    Points on both sides of each seam between regimes of the kernels, as they are now.
sweep DIRECTORY
    All 21,600 points of the sweep, to a directory: twenty minutes.
worst DIRECTORY
    From that, the points at which the library's errors are largest, to ``worst.csv``, beside those
    of earlier versions that stand there.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mpmath
import quadrature
import quantiles
import series
import sweep
from conversions import NoReferenceError, digits, mpf_from, nearest_double

TESTS = Path(__file__).parents[2] / "tests" / "helpers"
TABLES = TESTS / "reference"
WORST = Path(__file__).parent / "worst.csv"
PARAMETERS = {"gamma": ["alpha"], "beta": ["alpha", "beta"], "student_t": ["df"]}
#: Digits that the routes must agree to; digits of quantiles, and of the other values.
AGREEMENT, LONG, SHORT = 30.0, 25, 20
#: A y or 1 − y below this is given by its logarithm.
UNDERFLOW = 1e-290
#: Of each kind the first 1/SHARE, at least LEAST; of each function the WORST_ROWS worst.
SHARE, LEAST, WORST_ROWS = 5, 100, 10

Row = dict[str, str]


def evaluate(name: str, theta: tuple[float, ...], side: str, value: float) -> dict[str, Any]:
    """Return D, F, cdf and sf at a point, on which both routes agree."""
    a: quadrature.Result = getattr(quadrature, name)(*theta, side, value)
    balls: series.Balls = getattr(series, name)(*theta, side, value)
    b = {key: [mpf_from(v) for v in series.as_list(balls[key])] for key in balls}
    sign = -1 if name == "student_t" and value < 0 else 1
    pairs = [(a.probability, b[a.tail][0])]
    pairs += zip(a.slopes, b["D"], strict=True)
    pairs += [(-sign * a.density * p, q) for p, q in zip(a.slopes, b["F"], strict=True)]
    agreement = min(digits(p, q) for p, q in pairs)
    if agreement < AGREEMENT:
        raise NoReferenceError(f"{name}{theta} at {side} = {value!r}: {agreement:.1f} digits")
    if name == "student_t":
        tails = [b["sf"][0] + 2 * b["centre"][0], b["sf"][0]][::sign]
    else:
        tails = [b["cdf"][0], b["sf"][0]]
    return {"D": b["D"], "F": b["F"], "cdf": tails[0], "sf": tails[1]}


def columns(name: str) -> list[str]:
    """Return a table's header."""
    theta = PARAMETERS[name]
    slopes = [f"{letter}_{parameter}" for letter in "DF" for parameter in theta]
    return ["number", "kind", *theta, "u", "side", "point", "quantile", *slopes, "cdf", "sf"]


def text(value: Any, count: int) -> str:
    return mpmath.nstr(value, count, strip_zeros=True, min_fixed=-3, max_fixed=20)


def smaller_side(quantile: dict[str, Any]) -> str:
    """Return the form in which a quantile is given: the smaller of y and 1 − y, or its log."""
    for side in ("y", "yc"):
        if side in quantile and f"ln{side}" in quantile and quantile[side] < UNDERFLOW:
            return f"ln{side}"
    return "yc" if "yc" in quantile and quantile["y"] > 0.5 else "y"


def row(name: str, number: int, point: sweep.Point) -> Row:
    """Return a row of a table."""
    side, value, u, exact = "y", point.y, "", ""
    if point.u is not None:
        quantile = getattr(quantiles, name)(*point.theta, point.u)
        side = smaller_side(quantile)
        value, u, exact = nearest_double(quantile[side]), repr(point.u), text(quantile[side], LONG)
    assert value is not None
    found = evaluate(name, point.theta, side, value)
    entries = [str(number), point.kind, *map(repr, point.theta), u, side, repr(value), exact]
    entries += [text(v, SHORT) for v in (*found["D"], *found["F"], found["cdf"], found["sf"])]
    return dict(zip(columns(name), entries, strict=True))


def write(path: Path, name: str, points: Iterable[tuple[int, sweep.Point]]) -> None:
    """Write a table of numbered points, when all of them are known."""
    rows = []
    for number, point in points:
        rows.append(row(name, number, point))
        if len(rows) % 500 == 0:
            print(f"{path.name}: {len(rows)} rows", flush=True)
    with path.open("w", newline="", encoding="utf-8") as out:
        table = csv.DictWriter(out, columns(name), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def known_worst(name: str) -> set[int]:
    """Return the numbers in ``worst.csv``."""
    with WORST.open(newline="", encoding="utf-8") as lines:
        return {int(entry["number"]) for entry in csv.DictReader(lines) if entry["table"] == name}


def chosen(name: str) -> list[tuple[int, sweep.Point]]:
    """Return the points of the sweep that stand in the table."""
    worst, points = known_worst(name), sweep.points(name)
    size, seen, kept = Counter(point.kind for point in points), Counter[str](), []
    for number, point in enumerate(points):
        if seen[point.kind] < max(LEAST, size[point.kind] // SHARE) or number in worst:
            kept.append((number, point))
        seen[point.kind] += 1
    return kept


def seam_points(name: str) -> list[tuple[int, sweep.Point]]:
    """Return the points on both sides of each seam."""
    from reference import seams

    values = [zip(*side, strict=True) for side in seams.pairs(name)]
    flat = [tuple(map(float, point)) for pair in zip(*values, strict=True) for point in pair]
    return [(n, sweep.Point("seam", theta, None, y)) for n, (y, *theta) in enumerate(flat)]


def find_worst(folder: Path) -> None:
    """Add the points of a sweep at which the library's errors are largest."""
    import reference

    lines = ["table,number"]
    for name in PARAMETERS:
        errors = defaultdict(list)
        for function, entry, error in reference.findings(reference.load(name, folder)):
            errors[function, entry["side"]].append((-error, int(entry["number"])))
        worst = known_worst(name)
        worst |= {number for found in errors.values() for _, number in sorted(found)[:WORST_ROWS]}
        lines += [f"{name},{number}" for number in sorted(worst)]
    WORST.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "what", nargs="?", default="tables", choices=["tables", "seams", "sweep", "worst"]
    )
    parser.add_argument("directory", nargs="?", type=Path, help="where the sweep is")
    options = parser.parse_args()
    if options.what in ("sweep", "worst") and options.directory is None:
        parser.error(f"{options.what} needs a directory")
    sys.path.insert(0, str(TESTS))
    if options.what == "worst":
        find_worst(options.directory)
        return
    for name in PARAMETERS:
        if options.what == "tables":
            write(TABLES / f"{name}.csv", name, chosen(name))
        elif options.what == "seams":
            write(TABLES / f"seams_{name}.csv", name, seam_points(name))
        else:
            options.directory.mkdir(parents=True, exist_ok=True)
            write(options.directory / f"{name}.csv", name, enumerate(sweep.points(name)))


if __name__ == "__main__":
    main()
