"""Rooms of verification import from those before them alone."""

import ast
from pathlib import Path

import reparam.verification

ROOT = Path(reparam.verification.__file__).parent
#: Modules beside the rooms, which all may use, and the rooms.
SHARED = {"results", "refusals", "wording"}
ROOMS = ["numerics", "laws", "targets", "evidence", "witnesses", "formats", "run"]


def imported(path):
    """Return the rooms that a module imports from, and names of modules beside the rooms."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reparam.verif"):
            inside = node.module.split(".")[2:]
            yield from inside[:1] or [alias.name for alias in node.names]


def test_no_room_imports_from_a_later_one():
    assert {path.name for path in ROOT.iterdir() if path.is_dir()} >= set(ROOMS)
    for number, room in enumerate(ROOMS):
        allowed = SHARED | set(ROOMS[: number + 1])
        for path in (ROOT / room).rglob("*.py"):
            assert set(imported(path)) <= allowed, path
    for name in SHARED:
        assert set(imported(ROOT / f"{name}.py")) <= SHARED, name


def test_no_module_is_long():
    for path in ROOT.rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 500, path
