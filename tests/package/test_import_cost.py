"""What is imported when: start-up stays fast because heavy packages wait until they are needed."""

import pytest

HEAVY = {"numpy", "scipy", "typer", "rich", "pyarrow", "matplotlib", "torch", "jax", "dask"}

#: Runs code, then prints the names of all imported modules, whatever the code prints or exits with.
REPORT = """
import sys
arguments = sys.argv[1:]
sys.argv[1:] = arguments[1:]
try:
    exec(arguments[0])
except SystemExit:
    pass
print("imported:", *sys.modules)
"""
COMMAND = "from reparam.cli import main; main()"


@pytest.fixture
def imported(python):
    def run(code, *arguments):
        output = python("-c", REPORT, code, *arguments, REPARAM_NO_PLUGINS=1).stdout
        modules = output.rpartition("imported:")[2].split()
        return HEAVY.intersection(modules)

    return run


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("import reparam", set()),
        ("import reparam; reparam.names", set()),
        ("import reparam; reparam.Gaussian().rsample(3, rng=1).vjp(1.0)", {"numpy"}),
        ("import reparam; reparam.Exponential().sample(3, rng=1)", {"numpy"}),
        ("import reparam; reparam.get('laplace')().rsample(3, rng=1).jacobian()", {"numpy"}),
        ("import reparam; reparam.get('logistic')().log_prob(0.0)", {"numpy"}),
        ("import reparam; g = reparam.Gaussian; reparam.kl(g(1.0), g()).vjp()", {"numpy"}),
        ("import reparam; reparam.names()", {"numpy"}),
    ],
)
def test_library_imports_no_more_than_it_needs(imported, code, needed):
    assert imported(code) <= needed


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["sample", "--help"],
        ["grad", "--help"],
        ["plot", "--help"],
        ["list", "--help"],
    ],
    ids=" ".join,
)
def test_help_imports_no_numerical_package(imported, arguments):
    assert imported(COMMAND, *arguments) <= {"typer", "rich"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "--seed", "1"],
        ["sample", "--seed", "1", "--format", "csv"],
        ["grad", "--dist", "laplace", "--noise", "0.3"],
        ["sample", "-d", "laplace", "--seed", "1", "--summary", "--format", "table"],
        ["kl", "--from", "laplace"],
        ["plot", "laplace", "--grad", "-n", "100", "--seed", "1"],
        ["list"],
        ["show", "gaussian"],
    ],
    ids=" ".join,
)
def test_commands_that_need_no_special_function_import_no_scipy(imported, arguments):
    assert imported(COMMAND, *arguments) <= {"typer", "rich", "numpy"}


def test_a_package_that_is_needed_is_noticed(imported):
    assert imported("import reparam; reparam.Gamma().sample(3, rng=1)") >= {"numpy"}
    assert imported("import reparam; reparam.Gamma().mean; reparam.Gamma().entropy") >= {"scipy"}
