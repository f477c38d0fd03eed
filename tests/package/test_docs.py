"""The documentation says what the code does: generated parts, names, links, commands."""

import json
import re
import shlex
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import reparam as rp
from reparam.cli import app
from reparam.verification.run import configuration
from reparam.verification.run.planning import registered

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_generated_parts_are_current():
    check = [sys.executable, ROOT / "tools/generate_docs.py", "--check"]
    result = subprocess.run(check, capture_output=True, text=True, check=False)
    assert not result.returncode, f"{result.stdout}{result.stderr}run tools/generate_docs.py"


@pytest.fixture(scope="module")
def generator():
    spec = spec_from_file_location("generate_docs", ROOT / "tools/generate_docs.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stale_parts_are_found(generator):
    page = "before\n<!-- generated: table -->\nold\n<!-- end of generated -->\nafter"
    made = generator.filled(page)
    assert "old" not in made
    assert "[`Gaussian(loc, scale)`]" in made
    assert made.startswith("before\n")
    assert made.endswith("\nafter")
    assert generator.filled(made) == made


def test_public_names_are_documented():
    reference = "".join((ROOT / f"docs/{page}.md").read_text() for page in ("api", "distributions"))
    documented = re.findall(r"\b(?:rp|reparam)\.(\w+)|^## (\w+)$", reference, re.MULTILINE)
    assert not {*rp.__all__} - {name for each in documented for name in each}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(there.read_text()), f"{target} leads nowhere"


def anchors(text: str) -> set[str]:
    """Return the names of the headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("marker", "commands"),
    [
        ("run", ["python -m pip install .", "reparam grad --dist laplace"]),
        (
            "test",
            ["python -m pip install -e '.[test]'", "python -m pytest -n auto --dist loadfile"],
        ),
    ],
)
def test_readme_has_the_two_commands(marker, commands):
    block = re.compile(rf"<!-- command: {marker} -->\n```sh\n(.*?)\n```", re.DOTALL)
    assert block.findall((ROOT / "README.md").read_text()) == [" && ".join(commands)]


def test_stated_errors_are_achieved():
    stated = re.findall(r"^- (\w+): below ([\de-]+)", (ROOT / "docs/numerics.md").read_text(), re.M)
    ledger = json.loads((ROOT / "tests/helpers/reference/ledger.json").read_text())
    assert len(stated) == 3
    for name, bound in stated:
        achieved = [
            error
            for quantity, errors in ledger.items()
            if quantity.startswith(f"{name}.pathwise")
            for error in errors.values()
        ]
        assert 0.0 < max(achieved) < float(bound)


@pytest.mark.parametrize("name", typer.main.get_command(app).commands)
def test_help_shows_what_is_declared(name, monkeypatch):
    """Nothing is taken for markup, and paragraphs fit a terminal of 80 columns as they stand."""
    command = typer.main.get_command(app).commands[name]
    monkeypatch.setenv("COLUMNS", "500")
    shown = " ".join(CliRunner().invoke(app, [name, "--help"]).output.split())
    for parameter in command.params:
        assert " ".join(parameter.help.split()) in shown
    said = command.help.partition("[bold]")[0].split("\n\n")[1:]
    assert all(len(line) < 80 for paragraph in said for line in paragraph.splitlines())


def help_examples() -> list[str]:
    """Return the commands that ``--help`` gives as examples, in order."""
    commands = typer.main.get_command(app).commands.values()
    lines = [line.strip() for command in commands for line in command.help.splitlines()]
    return [line for line in lines if line.startswith("reparam ")]


@pytest.mark.usefixtures("at_once")
def test_help_examples_work(tmp_path, monkeypatch):
    """All of them, in order: some read what others write. Millions become thousands, and quick.

    The registry has three distributions for ``reparam verify``; ``.ci/run`` verifies all.
    """
    few = [spec for spec in registered() if spec.name in ("concrete", "laplace", "poisson")]
    monkeypatch.setattr(configuration, "registered", lambda: few)
    monkeypatch.chdir(tmp_path)
    Path("mu.csv").write_text("mu\n0.5\n1.5\n")
    Path("losses.csv").write_text("dL_dy\n" + "1.0\n" * 1000)
    Path("laws.py").write_text((ROOT / "tests/helpers/minimal_laws.py").read_text())
    Path("mypackage").mkdir()
    samplers = (ROOT / "tests/helpers/verification_targets.py").read_text()
    Path("mypackage/dists.py").write_text(f"{samplers}\n\nclass MyLaplace(Right): ...\n")
    examples = help_examples()
    assert len(examples) >= 10
    for example in examples:
        arguments = shlex.split(re.sub("1e[69]", "1e3", example))[1:]
        arguments += ["--quick"] if arguments[0] == "verify" else []
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, f"{example}: {result.output}"
