"""What only a process of its own shows: signals, pipes, full disks, terminals, memory."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import reparam as rp

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals of POSIX"),
]


def heed_signals():
    """Don't pass on that signals are ignored, as they are for a job in the background."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def start(tmp_path):
    """Start the command line in an empty directory."""
    running = []

    def start(*arguments, environment=(), **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen(
            [sys.executable, "-m", "reparam", *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | dict(environment),
            preexec_fn=heed_signals,
            **options,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        with process:
            process.kill()


@pytest.fixture
def run(start):
    """Run the command line to its end; return its status, stdout and stderr."""

    def run(*arguments, **options):
        process = start(*arguments, **options)
        out, err = process.communicate()
        return process.returncode, out, err.decode()

    return run


def test_runs_as_a_module_and_as_a_script(run):
    status, out, err = run("sample", "-n", 3, "--seed", 1)
    assert (status, err) == (0, "")
    script = Path(sys.executable).with_name("reparam")
    assert subprocess.check_output([script, "sample", "-n", "3", "--seed", "1"]) == out


def test_without_arguments_shows_help(run):
    status, out, err = run()
    assert (status, err) == (0, "")
    assert b"Usage: reparam [OPTIONS] COMMAND" in out
    assert run("--help")[:2] == (0, out)


def test_version(run):
    from importlib.metadata import version

    printed = f"reparam {version('reparam')}, {rp.show_kernels()}\n"
    assert run("--version") == (0, printed.encode(), "")


class TestReaderThatLeaves:
    """``| head -1``: the end is quiet."""

    @pytest.mark.parametrize("kind", ["csv", "table", "jsonl", "npy", "npz", "parquet"])
    def test_in_the_middle(self, start, kind):
        process = start("sample", "-n", "1e7", "--format", kind)
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""

    @pytest.mark.parametrize(
        "arguments",
        [["sample"], ["list"], ["show", "f"], ["--help"], ["grad", "--help"], ["--version"]],
    )
    def test_before_the_start(self, start, arguments):
        reading, writing = os.pipe()
        os.close(reading)
        process = start(*arguments, stdout=writing)
        os.close(writing)
        assert process.wait() == 0
        assert process.stderr.read() == b""

    def test_of_messages(self, start):
        reading, writing = os.pipe()
        os.close(reading)
        process = start("show", "nonsense", stderr=writing)
        os.close(writing)
        assert process.wait() == 2


def without_nameless_files(tmp_path_factory):
    """Return an environment where the system has no files without a name."""
    directory = tmp_path_factory.mktemp("site")
    (directory / "sitecustomize.py").write_text("import os\ndel os.O_TMPFILE\n")
    return {"PYTHONPATH": os.pathsep.join([str(directory), os.environ.get("PYTHONPATH", "")])}


def wait_until_written(process, directory, size=100_000):
    """Wait until a process has written so much to a file in a directory that it has open."""

    def written():
        total = 0
        for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
            try:
                if str(descriptor.readlink()).startswith(str(directory)):
                    total += descriptor.stat().st_size
            except FileNotFoundError:  # closed meanwhile
                pass
        return total

    while written() < size:
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="the system has no files without a name")
def test_killed_leaves_no_other_file(start, tmp_path):
    file = tmp_path / "y.npy"
    file.write_text("old")
    process = start("sample", "-n", "1e9", "--seed", "1", "--out", "y.npy")
    wait_until_written(process, tmp_path, 10_000_000)
    process.kill()
    process.wait()
    assert [path.name for path in tmp_path.iterdir()] == ["y.npy"]
    assert file.read_text() == "old"


@pytest.mark.parametrize("nameless", [True, False])
def test_replaces_a_file_and_keeps_its_mode(run, tmp_path, tmp_path_factory, nameless):
    environment = {} if nameless else without_nameless_files(tmp_path_factory)
    file = tmp_path / "y.npz"
    file.write_text("old")
    file.chmod(0o640)
    arguments = ["grad", "-n", "10", "--seed", "1", "--out", file.name]
    assert run(*arguments, environment=environment)[0] == 0
    assert len(np.load(file)["y"]) == 10
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


#: Interrupts the process when a module is imported.
INTERRUPTING = """\
import os, signal, sys

class Finder:
    def find_spec(name, path=None, target=None):
        if name == {name!r} and sys.modules.get("reparam.cli"):
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder)
"""


@pytest.mark.parametrize(
    "name", ["typer", "reparam.cli.verify", "numpy", "numpy.linalg", "scipy.special", "rich"]
)
def test_ctrl_c_during_imports_is_quiet(run, tmp_path_factory, name):
    directory = tmp_path_factory.mktemp("site")
    (directory / "sitecustomize.py").write_text(INTERRUPTING.format(name=name))
    path = os.pathsep.join([str(directory), os.environ.get("PYTHONPATH", "")])
    arguments = ["--help"] if name == "rich" else ["estimate", "-n", 100, "--seed", 1]
    assert run(*arguments, environment={"PYTHONPATH": path}) == (130, b"", "")


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)],
    ids=["Ctrl-C", "SIGTERM", "SIGHUP"],
)
class TestInterrupted:
    @pytest.mark.parametrize("nameless", [True, False])
    def test_leaves_the_old_file_and_no_other(
        self, start, tmp_path, tmp_path_factory, number, status, nameless
    ):
        file = tmp_path / "y.csv"
        file.write_text("old")
        environment = {} if nameless else without_nameless_files(tmp_path_factory)
        process = start(
            "sample", "-n", "1e8", "--seed", "1", "--out", "y.csv", environment=environment
        )
        wait_until_written(process, tmp_path)
        process.send_signal(number)
        assert process.wait() == status
        assert process.stderr.read() == b""
        assert [path.name for path in tmp_path.iterdir()] == ["y.csv"]
        assert file.read_text() == "old"

    def test_while_printing(self, start, number, status):
        process = start("sample", "-n", "1e15", "--seed", "1")
        process.stdout.read(100_000)
        process.send_signal(number)
        _, err = process.communicate()
        assert (process.returncode, err) == (status, b"")

    def test_tells_the_fresh_seed_of_what_is_printed(self, start, number, status):
        process = start("sample", "-n", "1e15")
        process.stdout.read(100_000)
        process.send_signal(number)
        _, err = process.communicate()
        assert (process.returncode, err[:24]) == (status, b"Fresh seed; repeat with ")

    @pytest.mark.parametrize("command", ["grad --loss y --sum", "estimate -e score"])
    def test_while_computing_what_is_written_at_the_end(
        self, start, tmp_path, number, status, command
    ):
        (tmp_path / "sitecustomize.py").write_text(TELLING)
        arguments = [*command.split(), "-n", "1e12", "--seed", "1"]
        process = start(*arguments, environment={"PYTHONPATH": str(tmp_path)})
        while not (tmp_path / "computing").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (status, b"", b"")


#: Makes a file once a block is computed, and threads are there.
TELLING = """\
import pathlib
import reparam.engine.threads

in_order = reparam.engine.threads.in_order

def telling(*arguments):
    for result in in_order(*arguments):
        yield result
        pathlib.Path("computing").touch()

reparam.engine.threads.in_order = telling
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
class TestFullDisk:
    @pytest.mark.parametrize(
        "arguments",
        [
            "sample",
            "sample -n 1e6 -f npy",
            "sample -f parquet",
            "grad --noise 1 --upstream 1 -f table",
            "list",
            "show f",
            "sample --help",
            "--version",
        ],
    )
    def test_stdout(self, run, arguments):
        with Path("/dev/full").open("wb") as full:
            status, _, err = run(*arguments.split(), stdout=full)
        assert (status, err) == (2, "Error: can't write to stdout: No space left on device\n")


class TestClosedStdout:
    """``>&-``, as some daemons start their children."""

    @staticmethod
    def shell(redirection, *arguments, **options):
        command = [sys.executable, "-m", "reparam", *arguments]
        line = ["sh", "-c", f'exec "$@" {redirection}', "sh", *command]
        return subprocess.run(line, stderr=subprocess.PIPE, check=False, **options)

    @pytest.mark.parametrize("arguments", ["sample", "sample -f parquet", "show f", "--help"])
    def test_is_an_error(self, arguments):
        done = self.shell(">&-", *arguments.split())
        assert done.stderr == b"Error: can't write to stdout: Bad file descriptor\n"
        assert done.returncode == 2

    def test_does_not_matter_to_a_file_nor_does_a_closed_stderr(self, tmp_path):
        done = self.shell(">&- 2>&-", "sample", "--out", "y.npy", cwd=tmp_path)
        assert done.returncode == 0
        assert np.load(tmp_path / "y.npy").shape == (10,)


class TestPiped:
    """What goes into a pipe is data, without escape sequences."""

    @pytest.mark.parametrize("variable", ["NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"])
    @pytest.mark.parametrize("arguments", ["grad", "list --format table", "show f"])
    def test_data(self, run, arguments, variable):
        status, out, err = run(*arguments.split(), environment={variable: "1"})
        assert status == 0
        assert b"\x1b" not in out
        assert "\x1b" not in err

    @pytest.mark.parametrize("variable", ["NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"])
    def test_errors(self, run, variable):
        status, _, err = run("sample", "--sigma", environment={variable: "1"})
        assert status == 2
        assert err.startswith("Error: No such option: --sigma")
        assert (err.count("\n"), err.count("\x1b")) == (1, 0)

    @pytest.mark.parametrize("no_color", ["", "1"])
    def test_help(self, run, no_color):
        environment = dict.fromkeys(("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS"), "")
        status, out, _ = run("grad", "--help", environment=environment | {"NO_COLOR": no_color})
        assert status == 0
        assert b"\x1b" not in out

    def test_npy_reads_from_a_pipe(self, start, run):
        source = start("sample", "-d", "laplace", "-n", 5, "--seed", 1, "--with-noise", "-f", "npy")
        status, out, err = run("grad", "-d", "laplace", "--noise", "-", stdin=source.stdout)
        assert (status, err) == (0, "")
        assert len(out.splitlines()) == 6

    def test_npy_goes_through_a_named_pipe(self, start, run, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        writer = start("sample", "-n", 4, "--format", "npy", "--out", "pipe")
        status, out, _ = run("grad", "--noise", "@pipe")
        assert (status, writer.wait()) == (0, 0)
        assert len(out.splitlines()) == 5


class TestTerminal:
    """On a terminal of 80 columns."""

    @pytest.fixture
    def shown(self, start):
        def shown(*arguments, environment=()):
            ours, theirs = pty.openpty()
            terminal = {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"} | dict(environment)
            process = start(*arguments, environment=terminal, stdout=theirs, stderr=theirs)
            os.close(theirs)
            pieces = []
            while piece := read(ours):
                pieces.append(piece)
            os.close(ours)
            return process.wait(), b"".join(pieces).decode().replace("\r\n", "\n")

        return shown

    def test_draws_are_a_table_and_then_the_seed(self, shown):
        status, text = shown("sample", "-n", 2)
        header, *_, seed = text.splitlines()
        assert status == 0
        assert header.strip() == "y"
        assert seed.startswith("Fresh seed; repeat with --seed ")

    @pytest.mark.parametrize("arguments", ["--help", "sample --help", "grad --help", "list"])
    def test_nothing_is_wider(self, shown, arguments):
        status, text = shown(*arguments.split(), environment={"_TYPER_FORCE_DISABLE_TERMINAL": "1"})
        assert status == 0
        assert max(map(len, text.splitlines())) <= 80

    @pytest.mark.parametrize("kind", ["npy", "npz", "parquet"])
    def test_binary_formats_are_refused(self, shown, kind):
        status, text = shown("sample", "-f", kind)
        assert status == 2
        assert text == (
            f"Error: {kind} is binary, nothing for a terminal; pass --out FILE or use a pipe\n"
        )

    def test_long_work_has_a_progress_bar_that_goes_away(self, shown, tmp_path):
        impatient = "import reparam.cli.progress as p; p.PATIENCE = 0.0"
        (tmp_path / "sitecustomize.py").write_text(impatient)
        environment = {"PYTHONPATH": str(tmp_path)}
        arguments = ["sample", "-n", "3e6", "--seed", 1, "--format", "npy", "--out", os.devnull]
        status, text = shown(*arguments, environment=environment)
        assert status == 0
        assert "%" in text
        assert "M/s" in text
        assert text.endswith("\x1b[2K")

    def test_short_work_has_none(self, shown):
        assert shown("sample", "--out", "y.csv", "--seed", 1) == (0, "")


def read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError:  # how Linux says that the other end has been closed
        return b""


@pytest.mark.parametrize("arguments", ["sample", "grad"])
def test_memory_does_not_grow_with_the_number_of_draws(arguments):
    command = [sys.executable, "-m", "reparam", arguments, "--seed", "1"]
    command += ["--format", "npy", "--out", os.devnull]
    # from a small process: what a large one starts counts as having been as large
    measured = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True);"
        " print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )

    def peak(count):
        arguments = [sys.executable, "-c", measured, *command, "-n", count]
        told = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True).stdout
        return int(told) * (1 if sys.platform == "darwin" else 1024)

    small, large = peak("4e6"), peak("1.2e7")  # 8e6 float64 more are 64 MB
    assert large < small + 40e6
    assert large < 400e6


def test_a_broken_plugin_is_one_line_on_stderr(run, tmp_path):
    package = tmp_path / "broken-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[reparam.distributions]\nodd = nowhere:Odd\n")
    environment = {"PYTHONPATH": str(tmp_path)}
    status, out, err = run("list", environment=environment)
    assert status == 0
    assert b"gaussian" in out
    assert err == (
        "Warning: plugin package broken 1.0 can't provide the distribution 'odd':"
        " ModuleNotFoundError: No module named 'nowhere'\n"
    )
    silent = run("list", environment=environment | {"REPARAM_NO_PLUGINS": "1"})
    assert silent == (0, out, "")


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_script(self, run, shell):
        status, out, err = run(environment={"_REPARAM_COMPLETE": f"source_{shell}"})
        assert (status, err) == (0, "")
        assert f"_REPARAM_COMPLETE=complete_{shell}" in out.decode()

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ("reparam s", ["sample", "show"]),
            ("reparam show beta", ["beta", "beta-binomial", "beta-prime"]),
            ("reparam sample --dist la", ["laplace"]),
            ("reparam sample --dist gamma -p r", ["rate=", "rate=1"]),
            ("reparam sample --dist nothing -p r", []),
            ("reparam grad --format np", ["npy", "npz"]),
        ],
    )
    def test_words(self, run, words, expected):
        environment = {
            "_REPARAM_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        status, out, err = run(environment=environment)
        assert (status, err) == (0, "")
        assert out.decode().split() == expected
