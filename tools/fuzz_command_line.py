"""Run the command line on what nobody should write: options, files, and tables of pyproject.toml.

``python tools/fuzz_command_line.py 20000 7`` runs 20,000 cases of seed 7 in this process; without
numbers 2,000 cases of seed 0. A case that breaks a rule is printed, with its number and seed, and
the exit code is 1. The rules:

- the exit code is 0, 1 or 2, and nothing is raised;
- if it is 2, stderr has one sentence, of at most 2,100 characters, and no file was written;
- no control characters in what is printed.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

import reparam as rp
from reparam.cli import app
from reparam.errors import ReparamError
from reparam.verification.run.configuration import Configuration, merged, read

#: Characters of a message, at most.
LONGEST = 2100

#: Values of options: right, nearly right, and wrong.
TEXTS = (
    *("0", "1", "2", "0.5", "-1", "1e3", "1_000", "5", "1,2,3", "0.2,0.8", "0.25"),
    *("", " ", ",", "=", "@", "@:", "@:x", "-", "--", "None", "true", "inf", "nan", "-inf"),
    *("1e400", "1e-400", "9" * 400, "9" * 5000, "0x10", "1/2", "½", "٣", "1,,2", "y", "y**2"),
    *("exp(", "(" * 300, "x" * 5000, "\x1b[31m", "\x07\x9b", "\udcff", "a\nb", "loc=1"),
)

#: Names of files in the directory that a case runs in.
NAMES = ("a.csv", "a.jsonl", "a.npy", "a.npz", "a.parquet", "a.txt", "a", "none.csv", "directory")

#: Distributions with parameters, and what these are damaged with.
LAWS = (
    *(
        "gaussian(loc=1, scale=2)",
        "Gamma(alpha=[2.0, 3.0], rate=1.0)",
        "student-t(3)",
        "beta(2, 3)",
    ),
    *("ByQuantile(Gamma(alpha=2.0, rate=1.0))", "bernoulli(logits=inf)", "gaussian(-1e-3, 0x1F)"),
    *("Gaussian(loc=<array of shape (100,)>, scale=1.0)", "reparam:Gamma(2)", "reparam:Gaussian"),
    *("reparam:names", "a.py:Law", "concrete(0.5, [1, 2])", "categorical([[1, 2], [3, 4]])"),
)
SIGNS = (
    *(
        "(",
        ")",
        "[",
        "]",
        ",",
        "=",
        "-",
        ":",
        "<",
        "'",
        "_",
        " ",
        "inf",
        "nan",
        "1e400",
        "gamma",
        "",
    ),
    *("((((((((", "[" * 100, "9" * 400, "\x1b[31m", "\0", "loc=", "٣", "gaussian(", "x" * 3000),
)

#: Bytes that files are damaged with.
PIECES = (
    *(b"\0", b"\r", b"\n", b"\r\n", b",", b";", b"\t", b" ", b'"', b"\x1b[31m", b"\xff\xfe"),
    *(b"9" * 400, b"[" * 2000, b"{" * 2000, b"x" * 140_000, b"true", b"null", b"nan", b"-1"),
    *(b"\x93NUMPY", b"PK\x03\x04", b"PAR1", b"noise", b"1,2", b"1e999", b"(1,)", b"True"),
)

#: Values in a table of pyproject.toml.
SETTINGS = (
    *("1", "0", "-1", "1.5", "1e400", "nan", "inf", "true", "9" * 400, "9" * 5000, "2020-01-01"),
    *("''", "'quick'", "'laplace'", "'f'", "'\ufffd'", '"\\u001b[31m"', "[]", "{}", "[1]"),
    *("['score']", "['laplace', 'gamma']", "[{ target = 'f' }]", "[{ rtol = 1 }]", "[" * 2000),
    *("[{ target = 'f', parameters = { df1 = 1e400 } }]", f"{'[' * 600}{']' * 600}", "{ a = 1 }"),
    f"[{{ target = 'f', parameters = {{ df1 = {'9' * 400} }} }}]",
)
KEYS = ("targets", "level", "seed", "rtol", "only", "skip", "workers", "time-limit", "sed", "''")

#: Options by command. What they are given is a value of their own kind in half of the cases.
OPTIONS = {
    "sample": (
        *("-d", "-p", "-n", "--seed", "--shard", "--dtype", "--with-noise", "--summary"),
        *("-o", "-f"),
    ),
    "grad": (
        *("-d", "-p", "-n", "--seed", "--shard", "--dtype", "--noise", "--upstream", "--sum"),
        *("--loss", "--at", "--graph", "--node", "-o", "-f"),
    ),
    "estimate": ("-d", "-p", "-n", "--seed", "-e", "-o", "-f"),
    "kl": ("--from", "--to", "-p", "-q", "-n", "--seed", "-o", "-f"),
    "plot": ("-p", "--compare", "--grad", "-n", "--seed", "--shard", "-o", "-f"),
    "list": ("-o", "-f"),
    "show": ("-f",),
}
FLAGS = ("--with-noise", "--summary", "--grad", "--sum")

#: Command lines that read a file, of which the column and the name are left open.
READING = (
    *("sample -p loc={0}", "sample -d gamma -p a={0} -n 2", "sample -p loc=- -n 2"),
    *("grad --noise {0}", "grad --noise {0} --upstream {0}", "grad --noise - --upstream {0}"),
    *("grad -d gamma --noise {0}", "grad --noise {0} --loss y**2", "grad --graph {1} --at w=1"),
    *("grad --loss w*y --at w={0}", "kl --from gaussian --to laplace -p loc={0}"),
)

EXPECTED = {
    **dict.fromkeys(("-n",), ("0", "1", "3", "10", "64")),
    "--seed": ("0", "1", str(2**70)),
    "--shard": ("1/2", "2/2", "3/2", "1/1"),
    "--dtype": ("float32", "float64"),
    "-f": ("table", "csv", "jsonl", "npy", "npz", "parquet"),
    "-o": ("out.csv", "out.npz", "out.parquet", "directory", "none/out.csv", "-", "a.csv"),
    "--compare": ("laplace", "gamma(a=2)", "loc=2", "concrete", "poisson(rate=-)", "a=1,b=@a.csv"),
    "-e": ("pathwise", "score", "measure-valued"),
    "--loss": ("y", "y**2", "log(y)", "where(y > 1, 1, 0)", "w*y"),
    "--at": ("w=1", "w=1,2", "w=@a.csv", "w=-"),
    "--node": ("z ~ gaussian()", "loss = z**2", "m = w*2", "z ~ gaussian(loc=m, scale=1)"),
    "--graph": ("a.txt", "a", "-", "a.npy"),
}


def law(random: random.Random) -> str:
    """Return a distribution as it is written, in half of the cases by its name."""
    if random.random() < 0.5:
        return random.choice(rp.names())
    written = random.choice(LAWS)
    for _ in range(random.randrange(3)):
        at = random.randrange(len(written) + 1)
        written = written[:at] + random.choice(SIGNS) + written[at + random.randrange(3) :]
    return written


def value_for(option: str, random: random.Random) -> str:
    """Return what to give an option."""
    kind = random.random()
    if kind < 0.25:
        return random.choice(TEXTS)
    if option in ("-d", "--from", "--to"):
        return law(random)
    if option in EXPECTED:
        return random.choice(EXPECTED[option])
    column = random.choice(("", "", ":noise", ":y", ":loc", ":zzz"))
    number = random.choice((f"@{random.choice(NAMES)}{column}", "0.5", "0.3,0.6", "-", "2", "1e-3"))
    if option in ("-p", "-q"):
        names = ("loc", "scale", "alpha", "beta", "a", "rate", "p", "df", "logits", "n", "mu", "")
        return f"{random.choice(names)}={number}"
    return number


def arguments(random: random.Random) -> list[str]:
    """Return a command line: in a third of the cases one that reads a file."""
    if random.random() < 1 / 3:
        name, column = random.choice(NAMES[:7]), random.choice(("", "", "", ":noise", ":y", ":z"))
        reading = random.choice(READING).format(f"@{name}{column}", name)
        return [*reading.split(), *random.choice(("", "--sum", "-f jsonl", "-o out.npz")).split()]
    command = random.choice(tuple(OPTIONS))
    words = [command] if random.random() < 0.98 else [random.choice(TEXTS)]
    if command in ("show", "plot") or random.random() < 0.02:
        words.append(random.choice((law(random), *rp.names(), *TEXTS)))
    if command == "estimate":
        words += ["--objective", random.choice(("y", "y**2", "log(y)", *TEXTS))]
    for option in random.choices(OPTIONS[command], k=random.randrange(6)):
        words.append(option)
        if option not in FLAGS:
            words.append(value_for(option, random))
    if random.random() < 0.03:
        words.append(random.choice(("--help", "--version", "--frobnicate", "-z")))
    return words


def valid(name: str) -> bytes:
    """Return a file of that name's format, with noise and draws."""
    from reparam import formats

    draw = rp.Gaussian().rsample(5, rng=1)
    columns = {"noise": np.asarray(draw.noise), "y": np.asarray(draw.value)}
    if name in ("a", "a.txt"):
        return b"m = w*2\nz ~ gaussian(loc=m, scale=1)\nloss = z**2\n"
    types = {key: column.dtype for key, column in columns.items()}
    origin = formats.Origin.of(draw.distribution, 1)
    out = io.BytesIO()
    records = formats.Records(types, (5,), iter([columns]), origin=origin)
    formats.load(formats.by_suffix(name) or "csv").write(records, out)
    return out.getvalue()


def damaged(content: bytes, random: random.Random) -> bytes:
    """Return content with some bytes changed, or cut, or others among them."""
    for _ in range(random.randrange(4)):
        at = random.randrange(len(content) + 1)
        match random.randrange(4):
            case 0:
                content = content[:at]
            case 1:
                content = content[:at] + random.choice(PIECES) + content[at:]
            case 2:
                content = content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]
            case 3:
                content = content[:at] + content[at + random.randrange(20) :]
    return content


def snapshot() -> dict[str, bytes | None]:
    """Return the contents of the directory."""
    return {p.name: p.read_bytes() if p.is_file() else None for p in Path().iterdir()}


def faults(random: random.Random, contents: dict[str, bytes]) -> Iterator[str]:
    """Run one case in the present directory; yield what is wrong."""
    for name, content in contents.items():
        Path(name).write_bytes(damaged(content, random))
    words, before = arguments(random), snapshot()
    stdin = damaged(contents[random.choice(tuple(contents))], random)
    try:
        result = CliRunner().invoke(app, words, input=stdin)
    except (UnicodeEncodeError, ValueError) as error:
        yield f"{words}: {error!r}"
        return
    case = f"{[word[:60] for word in words]}"
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        yield f"{case}: raised {result.exception!r}"
    elif result.exit_code not in (0, 1, 2):
        yield f"{case}: exit code {result.exit_code}"
    elif result.exit_code == 2:
        lines = result.stderr.splitlines()
        if not lines or not lines[-1].removeprefix("Error:").strip():
            yield f"{case}: no message"
        if len(result.stderr) > LONGEST:
            yield f"{case}: a message of {len(result.stderr)} characters"
        if snapshot() != before:
            yield f"{case}: refused, and files were written"
    shown = result.stderr.replace("\n", "")
    if not shown.isprintable():
        yield f"{case}: control characters in {shown!r}"


def table_faults(random: random.Random) -> Iterator[str]:
    """Read one table of pyproject.toml in the present directory; yield what is wrong."""
    lines = [
        f"{random.choice(KEYS)} = {random.choice(SETTINGS)}" for _ in range(random.randrange(4))
    ]
    head = random.choice(("[tool.reparam]", "[tool.reparam]", "[tool]", "[[tool.reparam]]", ""))
    text = "\n".join([head, *lines]) + "\n"
    content = text.encode()
    if random.random() < 0.3:
        content = damaged(content, random)
    Path("pyproject.toml").write_bytes(content)
    try:
        merged(Configuration(), read(Path.cwd()))
    except ReparamError as error:
        if not str(error).strip():
            yield f"{text[:200]!r}: an empty message"
    except Exception as error:  # which is what this looks for
        yield f"{text[:200]!r}: raised {error!r}"


@contextmanager
def inside(directory: Path) -> Iterator[None]:
    """Work in a directory, with one thread."""
    before, threads = Path.cwd(), os.environ.get("REPARAM_NUM_THREADS")
    os.chdir(directory)
    os.environ["REPARAM_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        os.chdir(before)
        if threads is None:
            del os.environ["REPARAM_NUM_THREADS"]
        else:
            os.environ["REPARAM_NUM_THREADS"] = threads


def run(cases: int, seed: int) -> list[str]:
    """Run a number of cases, each in a directory of its own; return what is wrong."""
    found: list[str] = []
    contents = {name: valid(name) for name in NAMES if name not in ("none.csv", "directory")}
    for case in range(cases):
        chance = random.Random(f"{seed}/{case}")
        with tempfile.TemporaryDirectory() as directory, inside(Path(directory)):
            Path("directory").mkdir()
            Path(".git").mkdir()  # nothing is looked for above
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                wrong = table_faults(chance) if case % 10 == 9 else faults(chance, contents)
                found += [f"case {case} of seed {seed}: {fault}" for fault in wrong]
    return found


def main() -> int:
    given = [int(text) for text in sys.argv[1:]]
    cases, seed = [*given, *(2000, 0)[len(given) :]]
    found = run(cases, seed)
    print("\n".join([*found, f"{len(found)} faults in {cases} cases"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
