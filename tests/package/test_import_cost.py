"""What is imported when: start-up stays fast because heavy packages wait until they are needed."""

import re

import pytest

HEAVY = {"numpy", "scipy", "typer", "rich", "pyarrow", "matplotlib", "torch", "jax", "dask"}

#: Runs lines of code, whatever they print or exit with, and says after each what is imported.
REPORT = """
import sys
for line in sys.argv[1:]:
    try:
        exec(line)
    except SystemExit:
        pass
    print("imported:", *sys.modules)
"""
#: Runs the command line.
COMMAND = "from reparam.cli import main; sys.argv[1:] = {!r}.split(); main()"


@pytest.fixture
def imported(python):
    """Run lines in one process; return the heavy packages that it has imported after each."""

    def run(*lines):
        output = python("-c", REPORT, *lines, REPARAM_NO_PLUGINS=1).stdout
        found = re.findall("^imported: (.*)$", output, re.MULTILINE)
        assert len(found) == len(lines)
        return [HEAVY.intersection(modules.split()) for modules in found]

    return run


def test_library_imports_no_more_than_it_needs(imported):
    nothing, function, *others = imported(
        "import reparam",
        "reparam.names",
        "reparam.Gaussian().rsample(3, rng=1).vjp(1.0)",
        "reparam.Exponential().sample(3, rng=1)",
        "reparam.get('laplace')().rsample(3, rng=1).jacobian()",
        "reparam.get('logistic')().log_prob(0.0)",
        "g = reparam.Gaussian; reparam.kl(g(1.0), g()).vjp()",
        "reparam.names()",
    )
    assert nothing == function == set()
    assert others == [{"numpy"}] * 6


def test_help_imports_no_numerical_package(imported):
    helps = "--help", *(f"{command} --help" for command in ("sample", "grad", "plot", "list"))
    *_, found = imported(*map(COMMAND.format, ("--version", *helps)))
    assert found <= {"typer", "rich"}


def test_commands_that_need_no_special_function_import_no_scipy(imported):
    commands = (
        "sample --seed 1",
        "sample --seed 1 --format csv",
        "grad --dist laplace --noise 0.3",
        "sample -d laplace --seed 1 --summary --format table",
        "kl --from laplace",
        "plot laplace --grad -n 100 --seed 1",
        "list",
        "show gaussian",
    )
    for command, found in zip(commands, imported(*map(COMMAND.format, commands)), strict=True):
        assert found <= {"typer", "rich", "numpy"}, command


def test_a_package_that_is_needed_is_noticed(imported):
    first, last = imported(
        "import reparam; reparam.Gamma().sample(3, rng=1)",
        "reparam.Gamma().mean; reparam.Gamma().entropy",
    )
    assert first >= {"numpy"}
    assert last >= {"scipy"}
