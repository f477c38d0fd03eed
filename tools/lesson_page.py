"""Put the interactive lesson together: ``python tools/lesson_page.py``.

The page is one file that needs nothing else: ``tools/lesson/page.html`` with its style and scripts,
the tables of ``tools/lesson_data.py``, and a picture of ``tools/lesson_pictures.py`` for where
scripts don't run. With ``--check`` nothing is written, and the exit status is 1 if the page is out
of date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import lesson_data
import lesson_pictures

ROOT = Path(__file__).resolve().parent.parent
PARTS = ROOT / "tools" / "lesson"
PAGE = ROOT / "reparam" / "lesson" / "index.html"
#: In the order in which they build on each other.
SCRIPTS = (
    "numbers.js",
    "laws.js",
    "gradients.js",
    "graph.js",
    "plots.js",
    "words.js",
    "lesson.js",
)


def page(old: str = "") -> str:
    """Return the page as it should be; the tables of an old page stay if they still hold."""
    tables = lesson_data.tables()
    kept = tables_of(old)
    if kept is not None and lesson_data.agree(kept, tables):
        tables = kept
    parts = {
        "style": part("style.css"),
        "picture": lesson_pictures.inline(lesson_pictures.lesson()),
        "tables": json.dumps(tables, separators=(",", ":")),
        "scripts": "\n\n".join(part(name) for name in SCRIPTS),
    }
    text = part("page.html")
    for name, filling in parts.items():
        text = text.replace(f"{{{{{name}}}}}", filling)
    return f"{text}\n"


def tables_of(text: str) -> Any:
    """Return the tables in a page, if there are any."""
    found = re.search(r'id="tables">(.*?)</script>', text)
    return json.loads(found[1]) if found else None


def part(name: str) -> str:
    """Return a part of the page, without empty lines around it."""
    return (PARTS / name).read_text("utf-8").strip()


def main() -> int:
    """Write the page, or check it; return the exit status."""
    old = PAGE.read_text("utf-8") if PAGE.exists() else ""
    wanted = page(old)
    if wanted == old:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"{PAGE.relative_to(ROOT)} is out of date")
        return 1
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(wanted, "utf-8")
    print(f"{PAGE.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
