"""Tables for notebooks: plain HTML, with every text escaped, and no style but the reader's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["table"]


def table(
    caption: str,
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    notes: Iterable[str] = (),
) -> str:
    """Return a table whose first column names the rows, with notes as a list below.

    Parameters
    ----------
    caption
        What the table shows.
    header
        The columns' names.
    rows
        The cells, as text.
    notes
        Sentences.

    Returns
    -------
    str
        HTML without scripts, in which header cells have a scope for screen readers.

    Examples
    --------
    >>> print(table("a < b", ["x"], [["1"]]))
    <table>
    <caption>a &lt; b</caption>
    <thead><tr><th scope="col">x</th></tr></thead>
    <tbody>
    <tr><th scope="row">1</th></tr>
    </tbody>
    </table>
    """
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    lines = [
        "<table>",
        f"<caption>{escape(caption)}</caption>",
        f"<thead><tr>{heads}</tr></thead>",
        "<tbody>",
        *(_row(row) for row in rows),
        "</tbody>",
        "</table>",
    ]
    items = [f"<li>{escape(note)}</li>" for note in notes]
    return "\n".join([*lines, *(["<ul>", *items, "</ul>"] if items else [])])


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    data = "".join(f"<td>{escape(cell)}</td>" for cell in others)
    return f'<tr><th scope="row">{escape(first)}</th>{data}</tr>'
