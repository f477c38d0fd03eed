"""What bad input gets: exit code 2, one clear sentence on stderr, and nothing written."""

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def files(cli, tmp_path):
    """Make the input files that the rows below name."""
    np.save("text.npy", ["a", "b"])
    np.save("complex.npy", [1j])
    np.save("objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez("objects.npz", noise=np.array([{}], dtype=object))
    np.save("ok.npy", np.full(100, 0.5))
    np.save("hole.npy", [[0.5, np.nan]])
    contents = {
        "pickle.npy": pickle.dumps([0.5]),
        "cut.npy": tmp_path.joinpath("ok.npy").read_bytes()[:-8],
        **{f"empty.{suffix}": b"" for suffix in ("csv", "npy", "npz", "parquet")},
        "word.csv": b"noise,y\n0.5,1\n0.5,1\nword,1\n",
        "letter.csv": b"A short letter\nDear reader\n",
        "two.csv": b"a,b\n1,2\n",
        "short.csv": b"noise,upstream\n0.5,1\n0.5\n",
        "latin.csv": "noise\n½\n".encode("latin-1"),
        "latin.jsonl": '{"noise": "½"}\n'.encode("latin-1"),
        "array.jsonl": b"[1]\n",
        "other.jsonl": b'{"noise": 0.5}\n{"y": 0.5}\n',
        "word.jsonl": b'{"noise": "word"}\n',
        "y.csv": b"old\n",
    }
    for name, content in contents.items():
        tmp_path.joinpath(name).write_bytes(content)
    tmp_path.joinpath("directory.csv").mkdir()


#: Arguments, and fragments of the sentence they get.
BAD = [
    # the command line itself
    ("sampel", "No such command 'sampel'. Did you mean 'sample'? (see 'reparam --help')"),
    ("--frobnicate", "No such option: --frobnicate (see 'reparam --help')"),
    ("sample --sed 1", "--sed", "--seed", "see 'reparam sample --help'"),
    ("sample gamma --rate 2", "No such option: --rate; pass a parameter as -p rate=VALUE (see"),
    ("sample gamma extra", "extra", "see 'reparam sample --help'"),
    ("sample gamma -d beta", "gamma and --dist beta are two distributions; name one"),
    ("sample --count", "'--count' requires an argument (see 'reparam sample --help')"),
    ("show", "Missing argument", "see 'reparam show --help'"),
    # distribution and parameters
    ("sample -d gausian", "no distribution is called 'gausian'; did you mean 'gaussian'?"),
    ("sample -d zzz", "no distribution is called 'zzz'; reparam.names() has the names of all"),
    ("grad -d laplce", "did you mean 'laplace'?"),
    ("show gama", "did you mean 'gamma'?"),
    ("sample -p sgma=2", "no parameter 'sgma'; did you mean 'sigma'? (it has loc, scale)"),
    ("sample -p =2", "no parameter ''"),
    ("sample -p sigma=1 -p scale=2", "got 'scale' twice", "pass it once"),
    ("sample -p mu=1 -p mu=1", "got 'loc' twice"),
    ("sample -p sigma", "'sigma' has no value; write for example -p sigma=1"),
    ("sample -p sigma=", "'sigma' has no value"),
    ("sample -p sigma=0", "scale=0 is not in (0, inf); pass a positive scale"),
    ("sample -p sigma=-1", "scale=-1 is not in (0, inf)"),
    ("sample -p sigma=nan", "scale=nan is not in (0, inf)"),
    ("sample -p mu=inf", "loc=inf is not in (-inf, inf); pass a finite loc"),
    ("sample -p sigma=1,2,0", "scale[2]=0 is not in (0, inf)"),
    ("sample -p mu=two", "parameter mu: 'two' is not a number"),
    ("sample -p mu=ok.npy", "'ok.npy' is not a number; for a file write @ok.npy"),
    ("sample -p mu=1,2 -p sigma=1,2,3", "loc has shape (2,), scale has shape (3,)"),
    # counts, seeds, shards, types
    ("sample -n -1", "count '-1' is not a whole number from 0"),
    ("sample -n 1.5", "count '1.5' is not a whole number"),
    ("grad -n many", "count 'many' is not a whole number"),
    ("sample -n nan", "count 'nan' is not a whole number"),
    ("sample -n inf", "count 'inf' is not a whole number"),
    ("sample --count=", "count '' is not a whole number"),
    (f"sample -n {2**63}", "not a whole number from 0 to 2**63 - 1"),
    ("sample -n 1e30", "count '1e30' is not a whole number"),
    ("sample -n 1e99999999999999999999", "is not a whole number"),
    ("sample -n 9e18 -p mu=1,2", "9000000000000000000 draws of shape (2,) are 2**63 numbers"),
    ("sample -n 1e17 --out big.npy", "big.npy would take at least 800 PB", "free on its disk"),
    ("grad -n 1e16 --out big.csv", "big.csv would take at least"),
    ("sample --seed -1", "seed '-1' is not a non-negative integer"),
    ("sample --seed 1.5", "seed '1.5' is not a non-negative integer"),
    ("grad --seed one", "seed 'one' is not a non-negative integer"),
    ("sample --seed=", "seed '' is not a non-negative integer"),
    (f"sample --seed {'9' * 5000}", "is not a non-negative integer"),
    ("sample --shard 0/4", "shard 0/4 does not exist; pass K/N with 1 <= K <= N"),
    ("sample --shard 5/4", "shard 5/4 does not exist"),
    ("sample --shard 1/0", "shard 1/0 does not exist"),
    ("grad --shard x", "shard 'x' is not of the form K/N"),
    ("sample --shard 1", "shard '1' is not of the form K/N"),
    ("sample --shard -1/4", "shard '-1/4' is not of the form K/N"),
    (f"sample --shard 1/{'9' * 5000}", "is not of the form K/N"),
    ("sample --dtype int", "dtype 'int' is not float64 or float32"),
    ("sample --threads 0", "number of threads '0' is not a whole number from 1", "example 2"),
    # noise and upstream
    ("grad -d laplace --noise 0", "0.0 is not in (0, 1)", "strictly between 0 and 1"),
    ("grad -d laplace --noise 1", "1.0 is not in (0, 1)"),
    ("grad -d gamma --noise 0.5,1.5", "noise[1]=1.5 is not in (0, 1)"),
    ("grad --noise nan", "nan is not in (-inf, inf)"),
    ("grad --noise @hole.npy", "nan is not in (-inf, inf)"),
    ("grad --noise 0.1,word", "noise: '0.1,word' is not a number"),
    ("grad --noise=", "noise: '' is not a number"),
    ("grad --noise 1,2,3 -p mu=1,2", "noise has shape (3,)", "pass a multiple of 2 values"),
    ("grad --noise 1 --upstream 1,2", "upstream and the draws differ in size, 2 and 1"),
    ("grad --noise @ok.npy --upstream @two.csv:a", "differ in size, 1 and 100"),
    ("grad --upstream 1,2", "differ in size, 2 and 10"),
    ("grad --noise 1 --upstream word", "upstream: 'word' is not a number"),
    ("grad --sum", "needs ∂L/∂y; pass --upstream"),
    ("grad --noise 1 --count 1", "--count and --noise exclude each other"),
    ("grad --noise 1 --seed 1", "--seed and --noise exclude each other"),
    ("grad --noise 1 --shard 1/2", "--shard and --noise exclude each other"),
    # input files
    ("grad --noise @none.csv", "noise: can't read none.csv: No such file or directory"),
    ("sample -p mu=@none.npy", "parameter mu: can't read none.npy: No such file"),
    ("grad --noise @directory.csv", "can't read directory.csv: Is a directory"),
    ("grad --noise @", "@ needs the name of a file"),
    ("grad --noise @:noise", "@ needs the name of a file"),
    ("grad --noise @text.npy", "can't read text.npy: it holds an array of type <U1"),
    ("grad --noise @complex.npy", "an array of type complex128, not of real numbers"),
    ("grad --noise @objects.npy", "it holds pickled Python objects, which are never loaded"),
    ("grad --noise @objects.npz", "it holds pickled Python objects, which are never loaded"),
    ("grad --noise @pickle.npy", "it is not a NumPy array file"),
    ("grad --noise @cut.npy", "can't read cut.npy: it is not a NumPy array file"),
    ("grad --noise @empty.npy", "can't read empty.npy: it is not a NumPy array file"),
    ("grad --noise @empty.npz", "can't read empty.npz: it is not an archive"),
    ("grad --noise @empty.parquet", "can't read empty.parquet: it is not a Parquet file"),
    ("grad --noise @empty.csv", "can't read empty.csv: there are no numbers in it"),
    ("grad --noise -", "noise: can't read stdin: there are no numbers in it"),
    ("grad --noise @word.csv", "can't read word.csv: line 4: could not convert string 'word'"),
    ("grad --noise @letter.csv", "can't read letter.csv: line 2: could not convert"),
    ("grad --noise @two.csv", "no column is called 'noise' (there are a, b)", "@FILE:COLUMN"),
    ("grad --noise @two.csv:aa", "no column is called 'aa'; did you mean 'a'?"),
    ("grad --noise @short.csv --upstream @short.csv", "can't read short.csv: line 3"),
    ("grad --noise @latin.csv", "can't read latin.csv: it is not text in UTF-8"),
    ("grad --noise @latin.jsonl", "can't read latin.jsonl: it is not text in UTF-8"),
    ("grad --noise @array.jsonl", "line 1 is not an object with a number"),
    ("grad --noise @other.jsonl", "line 2 is not an object with a number 'noise'"),
    ("grad --noise @word.jsonl", "line 1 is not an object with a number 'noise'"),
    # output
    ("sample --format cvs", "no format is called 'cvs'; did you mean 'csv'?"),
    ("show gamma --format yaml", "no format is called 'yaml'"),
    ("sample --out y.dat", "y.dat has no suffix of a known format", "pass --format NAME"),
    ("sample --out=", "--out needs the name of a file"),
    ("sample --out none/y.csv", "can't write none/y.csv: No such file or directory"),
    ("list --out directory.csv", "can't write directory.csv: Is a directory"),
    ("sample --out y.csv/y.csv", "can't write y.csv/y.csv: Not a directory"),
    ("sample --out /dev/full -f csv", "can't write /dev/full: No space left on device"),
    ("sample -n 1e6 --out /dev/full -f npy", "can't write /dev/full: No space left on device"),
    ("grad --out /dev/full -f npz", "can't write /dev/full: No space left on device"),
    ("grad --out /dev/full -f parquet", "can't write /dev/full: No space left on device"),
]


def snapshot(directory):
    return {
        path.name: path.read_bytes() if path.is_file() else None for path in directory.iterdir()
    }


@pytest.mark.parametrize(("arguments", "fragments"), [(row[0], row[1:]) for row in BAD])
def test_bad_input(cli, tmp_path, arguments, fragments):
    if "/dev/full" in arguments and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    before = snapshot(tmp_path)
    result = cli(*arguments.split(), code=2)
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr
    for fragment in fragments:
        assert fragment in result.stderr
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("arguments", ["sample --out y.parquet", "grad --noise @empty.parquet"])
def test_parquet_without_pyarrow_says_what_to_install(cli, tmp_path, monkeypatch, arguments):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    before = snapshot(tmp_path)
    result = cli(*arguments.split(), code=2)
    assert result.stderr.count("\n") == 1
    assert "pip install 'reparam[arrow]'" in result.stderr
    assert snapshot(tmp_path) == before


def test_output_is_opened_before_the_work_begins(cli, monkeypatch):
    monkeypatch.setattr("reparam.gradients.Gradients.sum", lambda _: pytest.fail("worked"))
    options = ["grad", "--noise", "1", "--upstream", "1", "--sum"]
    assert "can't write none/y.csv" in cli(*options, "--out", "none/y.csv", code=2).stderr


def test_a_file_that_is_not_writable_stays(cli, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root
    before = snapshot(tmp_path)
    assert "can't write y.csv: Permission denied" in cli("sample", "-o", "y.csv", code=2).stderr
    assert snapshot(tmp_path) == before


def test_a_directory_that_is_not_writable(cli, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    if os.access(closed, os.W_OK):
        pytest.skip("this user may write anywhere")
    result = cli("sample", "--out", "closed/y.csv", code=2)
    assert result.stderr == "Error: can't write closed/y.csv: Permission denied\n"
    assert list(closed.iterdir()) == []


def test_an_error_in_the_middle_leaves_the_old_file(cli, tmp_path, monkeypatch):
    before = snapshot(tmp_path)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = cli("sample", "-n", "1e5", "-o", "y.csv", code=2)
    assert result.stderr == "Error: can't write y.csv: No space left on device\n"
    assert snapshot(tmp_path) == before


def test_a_wrong_number_of_threads_in_the_environment(cli, monkeypatch):
    monkeypatch.setenv("REPARAM_NUM_THREADS", "many")
    assert "REPARAM_NUM_THREADS=many is not a positive integer" in cli("sample", code=2).stderr


def test_binary_formats_are_not_for_a_terminal(cli, monkeypatch):
    monkeypatch.setattr("reparam.cli.output.on_terminal", lambda: True)
    assert "pass --out FILE or use a pipe" in cli("sample", "-f", "npy", code=2).stderr
