"""``reparam lesson`` opens the page, or says where it is."""

import webbrowser
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "reparam" / "lesson" / "index.html"


@pytest.fixture
def opened(monkeypatch):
    """Record the addresses that would be opened in a browser."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def test_opens_the_file_in_a_browser(cli, opened):
    result = cli("lesson")
    assert opened == [PAGE.resolve().as_uri()]
    assert result.stdout == ""
    assert result.stderr == f"Opened {PAGE.resolve()}\n"


def test_prints_where_it_is(cli, opened):
    assert Path(cli("lesson", "--path").stdout.strip()).samefile(PAGE)
    assert not opened


def test_writes_a_copy(cli, opened):
    cli("lesson", "--out", "copy.html")
    assert Path("copy.html").read_bytes() == PAGE.read_bytes()
    assert cli("lesson", "--out", "-").stdout_bytes == PAGE.read_bytes()
    assert not opened


@pytest.mark.parametrize("failure", [False, OSError("no"), webbrowser.Error("none")])
def test_says_where_the_file_is_without_a_browser(cli, monkeypatch, failure):
    def nothing(_):
        if isinstance(failure, Exception):
            raise failure
        return failure

    monkeypatch.setattr(webbrowser, "open", nothing)
    result = cli("lesson")
    assert Path(result.stdout.strip()).samefile(PAGE)
    assert "No browser" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--path", "--out", "copy.html"], "--path and --out exclude each other"),
        (["--out", ""], "--out needs the name of a file"),
        (["--out", "nowhere/copy.html"], "can't write nowhere/copy.html"),
    ],
)
def test_refuses(cli, opened, arguments, message):
    result = cli("lesson", *arguments, code=2)
    assert message in result.stderr
    assert not opened
