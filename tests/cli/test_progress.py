"""The progress bar: on terminals alone, and not for short work."""

import io
import sys

from reparam.cli.progress import Counter


class Terminal(io.StringIO):
    def isatty(self):
        return True


def on_terminal(monkeypatch):
    """Make stderr a terminal: within a test, as pytest sets it anew after fixtures."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    return sys.stderr


def test_counts_on_a_terminal(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Counter("draws") as counter:
        for done in (1, 5, 10):
            counter(done, 10)
    assert "draws" in terminal.getvalue()
    assert "/10" in terminal.getvalue()


def test_waits_before_it_appears(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Counter("draws", patience=3600.0) as counter:
        counter(5, 10)
    assert terminal.getvalue() == ""


def test_is_not_for_files(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with Counter("draws") as counter:
        counter(5, 10)
    assert sys.stderr.getvalue() == ""
