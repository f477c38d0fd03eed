"""The errors of all continuous laws of numbers: the record, and the page.

``python tools/accuracy_sweep --record`` runs them and writes both: ``RECORD``, which the tests
compare a share of the cases with, and the table of docs/accuracy.md.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import cases
from judging import Entry, Row

from reparam import registry
from reparam.base.reparameterized import Reparameterized

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "accuracy.md"
RECORD = ROOT / "tests" / "helpers" / "reference" / "sweep.json"
BEGIN, END = "<!-- made by tools/accuracy_sweep -->\n", "<!-- end of the sweep -->\n"

#: Continuous laws of numbers.
LAWS = tuple(
    name
    for name in cases.NAMES
    if name in registry.BUILT_IN
    and issubclass(law := registry.get(name), Reparameterized)
    and not law._support.rank
)
SEED, CASES = 1, 40
#: What is recorded, by column of the page.
COLUMNS = {
    "draws": ("value", "icdf"),
    "derivatives": ("dvalue", "pathwise"),
    "probabilities": ("cdf", "sf", "log_cdf", "log_sf"),
    "log density": ("log_prob",),
    "score": ("score",),
}
QUANTITIES = tuple(quantity for column in COLUMNS.values() for quantity in column)

Groups = dict[tuple[str, str], list[Row]]


def grouped(entries: list[Entry]) -> Groups:
    """Return the numbers that were compared, by law and quantity in their order."""
    groups: Groups = defaultdict(list)
    for entry in entries:
        for row in entry["rows"]:
            if row["right"] is not None:
                groups[entry["law"], row["quantity"].split("[")[0]].append(row)
    keys = [(law, quantity) for law in LAWS for quantity in QUANTITIES]
    return {key: groups[key] for key in keys if groups[key]}


def recorded(groups: Groups) -> dict[str, dict[str, dict[str, float]]]:
    """Return the worst error and excess of each, to three digits."""
    found: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
    for (law, quantity), rows in groups.items():
        worst = {name: max(row[name] for row in rows) for name in ("error", "excess")}
        found[law][quantity] = {name: float(f"{size:.3g}") for name, size in worst.items()}
    return dict(found)


def worsened(groups: Groups) -> list[str]:
    """Return what is worse than its record, by more than a processor's exp and log may make it."""
    known = json.loads(RECORD.read_text(encoding="utf-8"))
    failures = []
    for law, quantities in recorded(groups).items():
        for quantity, worst in quantities.items():
            before = known[law][quantity]["error"]
            if worst["error"] > 1.25 * before + 2.0**-52:
                failures.append(f"{law} {quantity}: {worst['error']:.3g}, recorded {before:.3g}")
    return failures


def table(groups: Groups) -> str:
    """Return the table of the page."""
    every = [row for rows in groups.values() for row in rows]
    lines = [
        f"{len(every):,} numbers of {CASES} random cases of each; seed {SEED}.",
        "",
        f"| distribution | numbers | {' | '.join(COLUMNS)} | worst at |",
        f"| --- | --: |{' --: |' * len(COLUMNS)} --- |",
    ]
    for law in LAWS:
        found = {name: groups.get((law, name), []) for name in QUANTITIES}
        cells = [
            _cell([row for name in names for row in found[name]]) for names in COLUMNS.values()
        ]
        all_of_it = [row for rows in found.values() for row in rows]
        worst: dict[str, Any] = max(all_of_it, key=lambda row: row["excess"])
        at = f"`{worst['quantity'].split('[')[0]}`, " + ", ".join(
            f"{x:.6g}" for x in worst["inputs"]
        )
        lines.append(f"| {law} | {len(all_of_it)} | {' | '.join(cells)} | {at} |")
    return "\n".join(lines) + "\n"


def _cell(rows: list[Row]) -> str:
    """Return the worst error and the worst excess."""
    if not rows:
        return ""
    return " / ".join(f"{max(row[name] for row in rows):.2g}" for name in ("error", "excess"))


def write(entries: list[Entry]) -> None:
    """Write the record and the page."""
    groups = grouped(entries)
    RECORD.write_text(json.dumps(recorded(groups), indent=1) + "\n", encoding="utf-8")
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n{table(groups)}\n{END}{after}", encoding="utf-8")
