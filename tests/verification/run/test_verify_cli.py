"""``reparam verify``: from the command line to the exit status."""

import io
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from reparam.cli import app
from reparam.verification import Outcome, Report
from reparam.verification.results import SCHEMA
from reparam.verification.witnesses import NAMES

QUICK = ["--quick", "--seed", "1", "-v"]

at_once = pytest.mark.usefixtures("at_once")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a directory with targets, and go there."""
    source = Path(__file__).parents[2] / "helpers" / "verification_targets.py"
    (tmp_path / "targets.py").write_text(source.read_text())
    (tmp_path / ".git").mkdir()  # configuration further up is nothing to these tests
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_holds(cli, project):
    result = cli("verify", "laplace", "targets:Right", "--only", "derivative", *QUICK)
    first, second, closing = result.stdout.splitlines()
    assert re.match(r"✓ laplace        derivative    \S+ ≤ 1e-7 +∂y/∂\w+ ", first)
    assert second.startswith("✓ targets:Right  derivative ")
    assert re.fullmatch(r"2 checks: 2 hold; quick, seed 1, [\d.]+ s", closing)
    assert result.stderr == ""
    assert str(project) not in sys.path[:1]


@at_once
def test_something_is_wrong(cli, project):
    result = cli("verify", "targets:WrongSign", "--only", "derivative", *QUICK, code=1)
    lines = result.stdout.splitlines()
    assert lines[0].startswith("✗ targets:WrongSign  derivative    2 > 1e-7 ")
    assert re.match(r"    ∂y/∂scale.* at\s+loc=", "\n".join(lines[1:3]))
    assert "(0.0 digits)" in " ".join(lines[1:4])
    assert lines[-1].startswith("1 check: 1 fails;")


@at_once
def test_the_names_of_targets_fit_where_aliases_were_given(cli, project):
    lines = cli("verify", "t", "normal", "--only", "score", *QUICK).stdout.splitlines()
    assert [line[:20] for line in lines[:2]] == ["✓ student-t  score  ", "✓ gaussian   score  "]


@at_once
class TestWidth:
    """Of lines where no terminal is: as long as they need be, but for COLUMNS."""

    ARGUMENTS = ("verify", "targets:WrongSign", "targets:Raising", "--only", "derivative", *QUICK)

    def test_nothing_is_cut(self, cli, project, monkeypatch):
        monkeypatch.delenv("COLUMNS", raising=False)
        text = cli(*self.ARGUMENTS, code=1).stdout
        assert "…" not in text
        wrong, *below, raising, _ = text.splitlines()
        assert re.search(r"  ∂y/∂scale.* at loc=\S+, scale=\S+, \w=\S+$", wrong)
        assert all(line.startswith("    ∂y/∂") for line in below)
        assert "it raised ValueError: no luck\\x1b[2J today (targets.py:" in raising
        cli(*self.ARGUMENTS, "--out", "r.txt", code=1)
        written = (project / "r.txt").read_text("utf-8")
        assert written.splitlines()[:-1] == text.splitlines()[:-1]

    def test_columns(self, cli, project, monkeypatch):
        monkeypatch.setenv("COLUMNS", "80")
        lines = cli(*self.ARGUMENTS, code=1).stdout.splitlines()
        assert max(map(len, lines)) <= 80
        assert lines[0].endswith("…")


@at_once
def test_inconclusive_is_no_pass(cli, project, monkeypatch):
    (project / "targets.py").write_text(
        "import numpy as np\n"
        "class Vague:\n"
        "    distribution = 'gaussian'\n"
        "    def rsample(self, n, *, rng, loc, scale):\n"
        "        z = rng.standard_normal(n)\n"
        "        return loc + scale * z, {'loc': np.ones(n), 'scale': z}\n"
        "    def log_prob(self, y, loc, scale):\n"
        "        return np.full(np.shape(y), np.nan) * loc * scale\n"
        "    def score(self, y, loc, scale):\n"
        "        return {'loc': (y - loc) / scale**2, 'scale': y}\n"
    )
    result = cli("verify", "targets:Vague", "--only", "score", *QUICK, code=1)
    assert result.stdout.startswith("? targets:Vague  score ")
    assert "1 check: 1 inconclusive;" in result.stdout


@at_once
class TestFormats:
    ARGUMENTS = ("verify", "laplace", "targets:WrongSign", "--only", "derivative", *QUICK)

    def test_json(self, cli, project):
        report = Report.from_json(json.loads(cli(*self.ARGUMENTS, "-f", "json", code=1).stdout))
        assert [check.outcome for check in report.checks] == [Outcome.HOLDS, Outcome.FAILS]

    def test_files_by_their_suffix_and_junit_beside(self, cli, project):
        result = cli(*self.ARGUMENTS, "--out", "r.jsonl", "--junit-xml", "r.xml", code=1)
        assert result.stdout == ""
        assert re.fullmatch(r"2 checks: 1 holds, 1 fails; quick, .*\n", result.stderr)
        lines = [json.loads(line) for line in (project / "r.jsonl").read_text().splitlines()]
        assert [line["outcome"] for line in lines] == ["holds", "fails", "fails"]
        assert lines[-1]["schema"] == SCHEMA
        root = ET.parse(project / "r.xml").getroot()
        assert (root.get("tests"), root.get("failures")) == ("2", "1")

    def test_several_reports_of_one_run(self, cli, project):
        reports = [
            "--report",
            "json:r.json",
            "--report",
            "junit:r.xml",
            "--report",
            "markdown:r.md",
        ]
        text = cli(*self.ARGUMENTS, "--format", "github", *reports, code=1).stdout
        assert text.startswith("::error file=targets.py")
        found = json.loads((project / "r.json").read_text())
        source = (project / "targets.py").read_text().splitlines()
        assert source[found["checks"][1]["line"] - 1].startswith("class WrongSign")
        assert (found["checks"][0]["file"], found["checks"][0]["line"]) == ("", 0)
        assert ET.parse(project / "r.xml").getroot().get("failures") == "1"
        assert "targets:WrongSign" in (project / "r.md").read_text()

    def test_markdown_and_github(self, cli, project):
        text = cli(*self.ARGUMENTS, "--format", "markdown", code=1).stdout
        assert "| targets:WrongSign | ❌ |" in text
        text = cli(*self.ARGUMENTS, "--format", "github", code=1).stdout
        assert re.match(
            r"::error file=targets.py,line=\d+,title=reparam verify%3A targets%3AWrongSign%2C der",
            text,
        )

    def test_a_table_in_a_file_is_plain_utf_8(self, cli, project):
        cli(*self.ARGUMENTS, "--out", "r.txt", code=1)
        assert (project / "r.txt").read_bytes().startswith("✓ laplace ".encode())

    def test_a_stream_without_unicode(self, project):
        runner = CliRunner(charset="ascii")
        result = runner.invoke(app, list(self.ARGUMENTS))
        assert result.stdout_bytes.startswith(b"+ laplace            derivative    ")
        assert b"\nx targets:WrongSign  derivative    2 > 1e-7 " in result.stdout_bytes
        assert b"dy/dscale at" in result.stdout_bytes
        text = runner.invoke(app, [*self.ARGUMENTS, "--format", "json"]).stdout_bytes
        assert "∂y/∂scale".encode() in text


class TestOptions:
    @at_once
    def test_only_skip_and_parameters(self, cli, project):
        arguments = ["--only", "derivative, edges", "--only", "score", "--skip", "score,edges"]
        arguments += ["--rtol", "1e-3"]
        result = cli("verify", "laplace", *arguments, "-p", "sigma=3", "-f", "json", *QUICK)
        (check,) = json.loads(result.stdout)["checks"]
        assert check["witness"] == "derivative"
        worst = check["comparisons"][0]
        assert worst["point"]["scale"] == 3.0
        assert worst["bound"] == pytest.approx(1e-3, rel=1e-2)

    @at_once
    @pytest.mark.parametrize(
        ("options", "level"),
        [
            (["--level", "default"], "default"),
            (["--level", "quick"], "quick"),
            (["--thorough"], "thorough"),
            ([], "quick"),
        ],
    )
    def test_level(self, cli, project, options, level):
        (project / "pyproject.toml").write_text("[tool.reparam]\nlevel = 'quick'\n")
        result = cli("verify", "laplace", "--only", "score", "-f", "json", *options)
        assert json.loads(result.stdout)["level"] == level

    @at_once
    def test_a_parameter_without_derivatives(self, cli, project):
        cli("verify", "binomial", "-p", "total=3", "--only", "score", *QUICK)

    def test_a_check_has_a_time_limit(self, cli, project):
        result = cli(
            "verify",
            "targets:Hanging",
            "--only",
            "expectation",
            "--time-limit",
            "1",
            *QUICK,
            code=1,
        )
        assert "not finished within 1 s; --time-limit 10 allows for more" in result.stdout

    @at_once
    def test_without_targets_the_project_says_which(self, cli, project):
        (project / "pyproject.toml").write_text(
            "[tool.reparam]\n"
            "level = 'quick'\n"
            "seed = 3\n"
            "only = ['derivative']\n"
            "targets = ['laplace', { target = 'targets:WrongSign', rtol = 0.9 }]\n"
        )
        data = json.loads(cli("verify", "-f", "json", code=1).stdout)
        assert (data["level"], data["seed"]) == ("quick", 3)
        assert [check["target"] for check in data["checks"]] == ["laplace", "targets:WrongSign"]
        options = ["--seed", "4", "--only", "score", "-f", "json"]
        data = json.loads(cli("verify", "gaussian", *options).stdout)
        assert (data["level"], data["seed"]) == ("quick", 4)
        assert [(c["target"], c["witness"]) for c in data["checks"]] == [("gaussian", "score")]
        (wrong,) = json.loads(cli("verify", "targets:WrongSign", "-f", "json", code=1).stdout)[
            "checks"
        ]
        assert wrong["comparisons"][0]["bound"] == pytest.approx(0.9, rel=1e-2)

    @at_once
    def test_without_targets_and_configuration_the_registry_is_verified(
        self, cli, project, monkeypatch
    ):
        few = ["laplace", "poisson", "student-t"]
        monkeypatch.setattr("reparam.registry.names", lambda: few)
        lines = cli("verify", "--only", "score", *QUICK).stdout.splitlines()
        assert [line.split()[1] for line in lines[:-1]] == few


#: Arguments, and fragments of the sentence they get.
BAD = [
    ("laplce", "no distribution is called 'laplce'; did you mean 'laplace'?", "library:sampler"),
    ("nowhere:X", "nowhere:X can't be imported: ModuleNotFoundError: No module named 'nowhere'"),
    ("targets:", "targets: is incomplete; write package.module:attribute, or library:sampler"),
    (":Right", ":Right is incomplete; write package.module:attribute"),
    ("targets:Lawless", "targets:Lawless lacks what its draws should be: cdf"),
    ("laplace --only scor", "no witness is called 'scor'; did you mean 'score'? (there are tra"),
    ("laplace --skip x", "no witness is called 'x'"),
    ("laplace --only score --skip score", "no witness is left to ask"),
    ("laplace --quick --thorough", "--level, --quick and --thorough exclude each other"),
    ("laplace --quick --level quick", "--level, --quick and --thorough exclude each other"),
    ("laplace --level fast", "no level is called 'fast'", "(there are quick, default, thorough)"),
    ("laplace --only score,derivativ", "no witness is called 'derivativ'; did you mean 'deriva"),
    ("laplace --only score,", "no witness is called ''"),
    ("laplace --junit-xml -", "--out and --junit-xml would both write to stdout ('-')"),
    (
        "laplace --out r.xml --junit-xml ./r.xml",
        "--junit-xml would both write to ./r.xml; pass two",
    ),
    ("laplace --seed -1", "seed '-1' is not a non-negative integer"),
    ("laplace --rtol 0", "rtol 0.0 is not a number between 0 and 1; pass for example 1e-6"),
    ("laplace --rtol nan", "rtol nan is not a number between 0 and 1"),
    ("laplace --rtol tight", "rtol 'tight' is not a number between 0 and 1"),
    ("laplace --workers 0", "number of workers '0' is not a whole number from 1", "example 2"),
    ("laplace --time-limit 0", "time limit 0.0 is not a positive number of seconds"),
    ("laplace --time-limit soon", "time limit 'soon' is not a positive number"),
    ("laplace -p sgma=2", "no parameter 'sgma'; did you mean 'sigma'?"),
    ("gamma -p alfa=2", "no parameter 'alfa'; did you mean 'alpha'?"),
    ("laplace -p scale=-1", "scale=-1 is not in (0, inf)"),
    ("laplace -p scale", "parameter 'scale' has no value; write for example -p scale=1"),
    ("laplace -p scale=two", "parameter scale: 'two' is not a number"),
    ("laplace -p scale=1 -p scale=2", "got 'scale' twice"),
    ("laplace -p sigma=1 -p scale=2", "got 'scale' twice"),
    ("laplace --format yaml", "no format is called 'yaml' (there are table, json, jsonl"),
    ("laplace --out report", "report has no suffix of a known format (.txt, .json"),
    ("laplace --out=", "--out needs the name of a file"),
    ("laplace --report jsn:r", "--report jsn:r: no format is called 'jsn'; did you mean 'json'"),
    ("laplace --report json", "--report json needs the name of a file"),
    ("laplace --report json:- -f junit", "--out and --report json:- would both write to stdout"),
    ("laplace --junit-xml=", "--junit-xml needs the name of a file"),
    ("laplace --out none/r.json", "can't write none/r.json: No such file or directory"),
    ("laplace --junit-xml none/r.xml", "can't write none/r.xml: No such file or directory"),
]


@at_once
@pytest.mark.parametrize(("arguments", "fragments"), [(row[0], row[1:]) for row in BAD])
def test_what_could_not_run(cli, project, arguments, fragments):
    before = sorted(project.iterdir())
    result = cli("verify", *arguments.split(), code=2)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("Error: ")
    for fragment in fragments:
        assert fragment in result.stderr
    assert sorted(project.iterdir()) == before


def test_a_mistake_in_the_configuration(cli, project):
    (project / "pyproject.toml").write_text("[tool.reparam]\nlvl = 'quick'\n")
    result = cli("verify", code=2)
    assert "pyproject.toml: [tool.reparam] has an unknown key 'lvl'; did you mean" in result.stderr


def test_the_old_report_stays_when_a_run_fails(cli, project):
    (project / "r.json").write_text("old")
    cli("verify", "targets:Lawless", "--out", "r.json", code=2)
    assert (project / "r.json").read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX")
class TestProcess:
    """What only a process of its own shows."""

    @staticmethod
    def start(*arguments, environment=(), **options):
        return subprocess.Popen(
            [sys.executable, "-m", "reparam", "verify", *arguments, *QUICK],
            env=os.environ | {"NO_COLOR": ""} | dict(environment),
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **options,
        )

    @pytest.mark.parametrize(
        ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["^C", "SIGTERM"]
    )
    def test_an_interrupt_ends_it_at_once_and_leaves_nothing(self, project, number, status):
        (project / "r.json").write_text("old")
        target = project / "started.py"
        target.write_text(
            "from targets import Hanging\n"
            "from pathlib import Path\n"
            "class Started(Hanging):\n"
            "    def rsample(self, n, **options):\n"
            "        Path('started').touch()\n"
            "        super().rsample(n)\n"
        )
        process = self.start("started:Started", "--only", "expectation", "--out", "r.json")
        with process:
            while not (project / "started").exists():
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(number)
            _, err = process.communicate(timeout=20.0)
        assert (process.returncode, err) == (status, b"")
        assert (project / "r.json").read_text() == "old"
        assert not list(project.glob(".r.json*"))

    @pytest.mark.long
    def test_a_reader_that_leaves(self, project):
        process = self.start("laplace", "gaussian", stdout=subprocess.PIPE)
        with process:
            assert process.stdout.read(10)
            process.stdout.close()
            assert process.wait() == 0
            assert process.stderr.read() == b""

    def test_in_a_pipe_there_are_no_colours(self, project):
        process = self.start(
            "laplace", "--only", "score", environment={"FORCE_COLOR": "1"}, stdout=subprocess.PIPE
        )
        out, err = process.communicate()
        assert (process.returncode, err) == (0, b"")
        assert b"\x1b" not in out

    @pytest.mark.parametrize("no_color", ["", "1"])
    def test_on_a_terminal_of_80_columns(self, project, no_color):
        ours, theirs = pty.openpty()
        terminal = {"TERM": "xterm", "COLUMNS": "80", "LINES": "24", "NO_COLOR": no_color}
        process = self.start(
            "targets:WrongSign", "--only", "derivative", environment=terminal, stdout=theirs
        )
        os.close(theirs)
        _, err = process.communicate()
        with io.FileIO(ours) as stream:
            text = stream.read(65536).decode().replace("\r\n", "\n")
        assert (process.returncode, err) == (1, b"")
        assert ("\x1b[31m✗\x1b[0m targets:WrongSign" in text) is not no_color
        plain = re.sub(r"\x1b\[\d+m", "", text)
        assert ("\x1b" in text) is (no_color == "")
        assert max(map(len, plain.splitlines())) <= 80

    @pytest.mark.parametrize("kind", ["xterm", "dumb"])
    def test_the_progress_bar_on_a_terminal_goes_away(self, project, kind):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "reparam", "verify", "laplace", "--only", "score", *QUICK],
            env=os.environ | {"TERM": kind, "COLUMNS": "80", "LINES": "24"},
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        out, _ = process.communicate()
        os.write(theirs, b".")  # an end to read to
        text = ""
        while not text.endswith("."):
            text += os.read(ours, 65536).decode()
        os.close(ours)
        os.close(theirs)
        assert process.returncode == 0
        assert b"\x1b" not in out
        if kind == "dumb":
            assert text == "."
        else:
            assert "0/1 checks" in re.sub(r"\x1b\[\d+m", "", text)
            assert text.endswith("\x1b[2K.")

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("reparam verify beta", ["beta", "beta-binomial", "beta-prime"]),
            ("reparam verify laplace --only d", ["derivative", "distribution"]),
            ("reparam verify --skip ", list(NAMES)),
            ("reparam verify --skip score,di", ["score,distribution"]),
            ("reparam verify --level ", ["quick", "default", "thorough"]),
            ("reparam verify --format j", ["json", "jsonl", "junit"]),
        ],
    )
    def test_completion(self, words, expected):
        environment = {
            "_REPARAM_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        command = [sys.executable, "-m", "reparam"]
        out = subprocess.check_output(command, env=os.environ | environment, text=True)
        assert out.split() == expected


def test_help_imports_no_numerical_package(python):
    code = "import sys; from reparam.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "print('imported:', *sys.modules)"
    out = python("-c", code, "verify", "--help").stdout
    assert "--junit-xml" in out
    assert not {"numpy", "scipy"} & set(out.partition("imported:")[2].split())
