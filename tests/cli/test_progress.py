"""The progress bar: on terminals alone, and not for short work."""

import io
import sys

import pytest

from reparam.cli.progress import Counter


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "patience", "seen"),
    [(Terminal(), 0.0, True), (Terminal(), 3600.0, False), (io.StringIO(), 0.0, False)],
    ids=["terminal", "short work", "file"],
)
def test_counts_on_a_terminal(monkeypatch, stream, patience, seen):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    with Counter("draws", patience) as counter:
        for done in (1, 5, 10):
            counter(done, 10)
    assert all((text in stream.getvalue()) == seen for text in ("draws", "10/10"))
