"""Files that parameters, noise and upstream gradients are read from: right or refused."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

import reparam as rp
from reparam import formats
from reparam.errors import InputError
from reparam.formats import lines
from reparam.verification.run.configuration import read


def refused(cli, *arguments, **options):
    """Return the sentence that a command is refused with."""
    result = cli(*arguments, code=2, **options)
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr) < 2500
    assert result.stderr.strip().isprintable()
    return result.stderr


class TestText:
    @pytest.mark.parametrize(
        ("text", "fragment"),
        [
            ("1.5 2.5", "line 1: '1.5 2.5' is not a number"),
            ("1;2", "line 1: '1;2' is not a number; write"),
            ("0x1p-1", "'0x1p-1' is not a number"),
            ("0x1p-1\n0.5\n", "'0x1p-1' is not a number"),
            ("1_0.5,\n", "no column is called"),
            ("loc", "there are no numbers in it"),
            ("loc\n", "there are no numbers in it"),
            ("scale", "its only line, 'scale', is neither"),
            (
                "loc,scale\n1,2\n3\n",
                "line 3 and the first differ in their number of cells, 1 and 2",
            ),
            ("loc,scale\n1,2,3\n", "line 2 and the first differ in their number of cells, 3 and 2"),
            ("1,2\n3\n", "line 2 and the first differ in their number of cells, 1 and 2"),
            ("loc\n1,5\n", "line 2 and the first differ in their number of cells, 2 and 1"),
            ("loc;scale\n1,5;2\n", "line 2: could not convert string '1,5'"),
            ("1,5;2\n3,5;4\n", "either ',' or ';' may separate its columns"),
            ("loc,loc\n1,2\n", "two columns are called 'loc'"),
            ("loc\0\n1\n", "it is not text: line 1 has a byte 0"),
            ("x" * 140_000 + ",loc\n1,2\n", "its first lines are not a table"),
            ("loc\n" + "9" * 400, "beyond the range of float64; write inf if that is meant"),
        ],
    )
    def test_is_refused(self, cli, tmp_path, text, fragment):
        tmp_path.joinpath("x.csv").write_text(text)
        assert fragment in refused(cli, "sample", "-p", "loc=@x.csv", "-n", 1)

    @pytest.mark.parametrize(
        "text",
        [
            "loc,scale\n1.5,2\n3,4\n",
            "loc;scale\n1.5;2\n3;4\n",
            "loc\tscale\n1.5\t2\n3\t4\n",
            "loc scale\n1.5 2\n 3  4\n",
            "# loc scale\n1.5 2\n3 4\n",
            'loc,"a, b"\n1.5,2\n"3",4\n',
            "\ufeffloc,scale\r\n1.5,2\r\n\r\n3,4",
            "loc,scale\r1.5,2\r3,4\r",
            "loc\r1.5\r3",
            "1.5\n3\n",
            "1.5,3",
        ],
    )
    def test_is_read(self, cli, tmp_path, text):
        tmp_path.joinpath("x.csv").write_bytes(text.encode())
        printed = cli.columns("grad", "-p", "loc=@x.csv", "--noise", "0,0")
        np.testing.assert_array_equal(printed["y"], [1.5, 3.0])

    @pytest.mark.parametrize("mark", [";", "\t", " "])
    def test_numbers_without_a_header(self, mark):
        content = io.BytesIO(f"1{mark}2\n3{mark}4\n".encode())
        np.testing.assert_array_equal(formats.load("csv").read(content, ("y",)), [[1, 2], [3, 4]])

    @pytest.mark.parametrize(
        ("text", "fragment"),
        [
            ("1.5\n1e400\n", "line 2: 1e400 is beyond the range of float64; write inf"),
            ("y,x\n1,inf\n-1E+999,2\n", "line 3: -1E+999 is beyond the range"),
            ("9" * 400 + ",1", f"line 1: {'9' * 24}… (400 characters) is beyond"),
        ],
    )
    def test_a_number_beyond_float64_is_refused(self, text, fragment):
        with pytest.raises(InputError, match=re.escape(fragment)):
            formats.load("csv").read(io.BytesIO(text.encode()), ("y",))

    def test_an_infinity_by_name_is_one(self):
        content = io.BytesIO(b"x,y\n1e400,inf\n2,-Infinity\n")
        np.testing.assert_array_equal(formats.load("csv").read(content, ("y",)), [np.inf, -np.inf])

    @pytest.mark.parametrize("line", [2, 4000])
    def test_says_which_line_is_wrong(self, line):
        rows = ["y", *["1"] * 10_000]
        rows[line - 1] = "word"
        with pytest.raises(InputError, match=f"^line {line}: could not convert string 'word'"):
            formats.load("csv").read(io.BytesIO("\n".join(rows).encode()), ("y",))

    def test_a_line_without_end_is_not_read(self, monkeypatch):
        monkeypatch.setattr(lines, "LONGEST", 100)
        with pytest.raises(InputError, match="line 2 has more than 100 characters"):
            formats.load("csv").read(io.BytesIO(b"y\n" + b"1" * 200), ("y",))


class TestJsonLines:
    @pytest.mark.parametrize(
        ("value", "fragment"),
        [
            ("true", "line 1 is not an object with a number 'loc'"),
            ('"1.5"', "line 1 is not an object with a number 'loc'"),
            ("null", "line 1 is not an object with a number 'loc'"),
            ("[1]", "line 1 is not an object with a number 'loc'"),
            ("9" * 400, f"'loc' is {'9' * 24}… (400 characters), beyond the range of float64"),
            ("-1e400", "line 1: 'loc' is -1e400, beyond the range of float64"),
            ('1, "s": 2, "s": 2', "line 1 has the key 's' twice"),
            ('1, "s": {"t": 1, "t": 2}', "line 1 has the key 't' twice"),
            ("9" * 5000, "line 1 is not an object with a number"),
            ("[" * 5000 + "]" * 5000, "line 1 is nested too deeply"),
            ('1, "other": ' + "[" * 5000 + "]" * 5000, "line 1 is nested too deeply"),
        ],
    )
    def test_is_refused(self, cli, tmp_path, value, fragment):
        tmp_path.joinpath("x.jsonl").write_text(f'{{"loc": {value}}}\n')
        assert fragment in refused(cli, "sample", "-p", "loc=@x.jsonl")

    def test_an_object_is_no_list_of_pairs(self, cli, tmp_path):
        tmp_path.joinpath("x.jsonl").write_text('[["loc", 1]]\n')
        assert "line 1 is not an object" in refused(cli, "sample", "-p", "loc=@x.jsonl")

    def test_numbers_beyond_float64_in_other_keys(self, cli, tmp_path):
        tmp_path.joinpath("x.jsonl").write_text('{"loc": 1.5, "other": 1e400}\n')
        assert cli.columns("grad", "-p", "loc=@x.jsonl", "--noise", "0")["y"] == [1.5]

    def test_classic_line_ends(self, cli, tmp_path):
        tmp_path.joinpath("x.jsonl").write_bytes(b'{"loc": 1}\r{"loc": "Infinity"}\r')
        assert "loc[1]=inf" in refused(cli, "sample", "-p", "loc=@x.jsonl")


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "npy", "npz", "parquet"])
def test_a_column_that_is_not_there(cli, suffix):
    cli("sample", "-n", 3, "--seed", 1, "--out", f"y.{suffix}")
    assert (
        "none is called 'zzz'" in (message := refused(cli, "grad", "--noise", f"@y.{suffix}:zzz"))
        or "no column is called 'zzz'" in message
    )
    assert len(cli.columns("grad", "--noise", f"@y.{suffix}")["noise"]) == 3


def test_a_file_without_a_header_has_no_column(cli, tmp_path):
    tmp_path.joinpath("y.csv").write_text("0.5\n")
    message = refused(cli, "grad", "--noise", "@y.csv:zzz")
    assert "it has no header, so no column is called 'zzz'" in message


def npy(shape="(2,)", descr="'<f8'", data=b"\0" * 16, more=""):
    """Return a file with that header and data."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, {more}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


DAMAGED_ARRAYS = {
    "elements": npy(f"({10**18},)"),
    "more elements": npy(f"({10**19},)"),
    "product": npy(f"({10**10}, {10**10})"),
    "wrapped product": npy(f"({2**32}, {2**32})"),
    "True": npy("(True,)", data=b"\0" * 8),
    "negative": npy("(-1,)"),
    "64 dimensions": npy("(1,) * 64", data=b"\0" * 8),
    "64 ones": npy(f"({'1, ' * 64})", data=b"\0" * 8),
    "100 ones": npy(f"({'1, ' * 100})", data=b"\0" * 8),
    "text": npy("'x'"),
    "cut": npy()[:-1],
    "more data": npy() + npy(),
    "cut header": npy()[:30],
    "long header": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100,
    "version": b"\x93NUMPY\x09\x09" + npy()[8:],
    "nested": npy("(" * 3000 + ")" * 3000),
    "key": npy(more="'more': 1"),
    "syntax": npy("(2,"),
    "bytes": npy("(2,)", "'<f8\x00\xff\x1b'"),
    "type": npy(descr="'<f9'"),
    "no type": npy(descr="[]"),
    "strange type": npy(descr="[('x', ('<f8', (1e9,)))]"),
    "void": npy(descr="'|V0'"),
    "object": npy(descr="'|O'"),
}


@pytest.mark.parametrize("suffix", ["npy", "npz"])
@pytest.mark.parametrize("name", DAMAGED_ARRAYS)
def test_damaged_arrays(cli, tmp_path, name, suffix):
    content = DAMAGED_ARRAYS[name]
    if suffix == "npz":
        with zipfile.ZipFile("x.npz", "w") as archive:
            archive.writestr("loc.npy", content)
    else:
        tmp_path.joinpath("x.npy").write_bytes(content)
    assert "can't read x." in refused(cli, "sample", "-p", f"loc=@x.{suffix}")
    if suffix == "npy":  # from a pipe
        refused(cli, "sample", "-p", "loc=-", stdin=content)


@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.long) for k in (1, 2))])
@pytest.mark.parametrize("suffix", ["npy", "npz", "parquet", "csv", "json", "jsonl"])
def test_a_flipped_byte_is_read_or_refused(cli, tmp_path, suffix, seed):
    rng = np.random.default_rng(seed)
    path = tmp_path / f"z.{suffix}"
    cli("sample", "-n", 20, "--seed", 1, "--with-noise", "--out", path)
    content = path.read_bytes()
    for at in rng.integers(len(content), size=30):
        damaged = bytearray(content)
        damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        result = cli.any(
            "grad", "--noise", f"@z.{suffix}", "--sum", "--upstream", ",".join("1" * 20)
        )
        assert result.exit_code in (0, 2)
        assert all(line.isprintable() for line in result.stderr.splitlines())


def test_a_flipped_byte_of_the_data_in_an_archive_is_found(cli, tmp_path):
    np.savez("z.npz", noise=np.zeros(100))
    content = bytearray(tmp_path.joinpath("z.npz").read_bytes())
    content[len(content) // 2] ^= 1
    tmp_path.joinpath("z.npz").write_bytes(content)
    assert "Bad CRC-32" in refused(cli, "grad", "--noise", "@z.npz")


def test_missing_values(cli):
    pyarrow.parquet.write_table(pyarrow.table({"loc": [1.0, None]}), "x.parquet")
    assert "1 values of 'loc' are missing" in refused(cli, "sample", "-p", "loc=@x.parquet")


def test_a_name_with_a_byte_0(cli):
    assert "embedded null byte" in refused(cli, "sample", "-p", "loc=@a\0b")
    assert "embedded null byte" in refused(cli, "grad", "--graph", "a\0b")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no /dev/zero")  # noqa: PTH110
@pytest.mark.parametrize("suffix", ["", ".csv", ".jsonl", ".npy", ".npz", ".parquet"])
def test_devices_without_end(cli, tmp_path, suffix):
    name = f"zero{suffix}"
    tmp_path.joinpath(name).symlink_to("/dev/zero")
    message = refused(cli, "sample", "-p", f"loc=@{name}")
    assert (
        message
        == f"Error: parameter loc: can't read {name}: it is a device, not a file or a pipe\n"
    )


def run(*arguments, **options):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "reparam", *arguments]
    return subprocess.run(command, capture_output=True, check=False, encoding="utf-8", **options)


@pytest.mark.skipif(sys.platform == "win32", reason="shells and devices of POSIX")
@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        ("sample -p loc=-", "parameter loc: can't read stdin: "),
        *(
            pytest.param(*row, marks=pytest.mark.long)
            for row in (
                ("grad --noise -", "noise: can't read stdin: "),
                ("grad --graph -", "--graph: can't read stdin: "),
            )
        ),
    ],
)
class TestStdin:
    def test_closed(self, arguments, fragment):
        done = run(*arguments.split(), preexec_fn=lambda: os.close(0))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"Error: {fragment}it is closed\n"

    def test_without_end(self, arguments, fragment):
        with open("/dev/zero", "rb") as zero:  # noqa: PTH123
            done = run(*arguments.split(), stdin=zero)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Error: ")

    def test_a_pipe_without_end(self, arguments, fragment):
        with subprocess.Popen(["cat", "/dev/zero"], stdout=subprocess.PIPE) as endless:
            done = run(*arguments.split(), stdin=endless.stdout)
            endless.kill()
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Error: ")


class TestMessages:
    def test_many_columns(self, cli, tmp_path):
        names = ",".join(f"column{k}" for k in range(200_000))
        tmp_path.joinpath("x.csv").write_text(f"{names}\n{','.join('1' * 200_000)}\n")
        message = refused(cli, "sample", "-p", "loc=@x.csv")
        assert "column19, and 199980 more); choose one with @FILE:COLUMN" in message

    def test_control_bytes(self, cli, tmp_path):
        tmp_path.joinpath("x.csv").write_bytes(
            b"a\x1b[31m,b\x07\x9b\n1,2\n".replace(b"\x9b", b"\xc2\x9b")
        )
        assert "a\\x1b[31m, b\\x07\\x9b" in refused(cli, "sample", "-p", "loc=@x.csv")

    def test_long_values(self, cli):
        assert " … " in refused(cli, "sample", "-p", f"loc={'x' * 100_000}")


class TestConfiguration:
    HUGE = "9" * 400

    @pytest.mark.parametrize(
        ("line", "fragment"),
        [
            (
                f"targets = [{{ target = 'f', parameters = {{ df1 = {HUGE} }} }}]",
                "beyond the range",
            ),
            (f"time-limit = {HUGE}", "is not a positive number of seconds"),
            (f"rtol = {HUGE}", "is not a number between 0 and 1"),
            (f"targets = {'[' * 3000}{']' * 3000}", "nested too deeply"),
            (f"other = {'[' * 3000}{']' * 3000}", "nested too deeply"),
            (f"seed = {'9' * 5000}", "can't read"),
        ],
    )
    def test_is_refused(self, tmp_path, line, fragment):
        tmp_path.joinpath("pyproject.toml").write_text(f"[tool.reparam]\n{line}\n")
        with pytest.raises(InputError, match=fragment):
            read(tmp_path)


ORIGIN = {"distribution": "laplace", "parameters": {"loc": 1.0, "scale": [0.5, 2.0]}, "seed": 7}


def origin_of(path):
    """Return what a file says its draws are from, read as anybody would."""
    if path.endswith("npz"):
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("reparam.json"))
    return json.loads(pyarrow.parquet.read_schema(path).metadata[b"reparam"])


@pytest.mark.parametrize("suffix", ["npz", "parquet"])
class TestOrigin:
    LAPLACE = ("-d", "laplace", "-p", "loc=1", "-p", "scale=0.5,2")

    @pytest.fixture
    def file(self, cli, suffix):
        name = f"z.{suffix}"
        cli("sample", *self.LAPLACE, "-n", 4, "--seed", 7, "--with-noise", "--out", name)
        return name

    def test_is_kept_beside_the_columns(self, file):
        assert origin_of(file) == ORIGIN
        if file.endswith("npz"):
            with np.load(file) as archive:
                assert sorted(archive.files) == ["noise", "reparam.json", "y"]
        else:
            names = pyarrow.parquet.read_schema(file).names
            assert names == ["draw", "element", "noise", "y"]

    def test_is_kept_without_noise_and_of_a_fresh_seed(self, cli, suffix):
        result = cli("sample", "-n", 2, "--out", f"y.{suffix}")
        assert f"--seed {origin_of(f'y.{suffix}')['seed']}\n" in result.stderr

    def test_goes_on_through_grad(self, cli, file, suffix):
        cli("grad", *self.LAPLACE, "--noise", f"@{file}", "--out", f"g.{suffix}")
        assert origin_of(f"g.{suffix}") == ORIGIN
        options = ["-d", "laplace", "-p", "loc=1", "-p", "scale=0.5,2", "--loss", "y**2"]
        cli("grad", *options, "--noise", f"@{file}", "--out", f"g.{suffix}")
        assert origin_of(f"g.{suffix}") == ORIGIN

    @pytest.mark.parametrize("options", [[], ["-d", "gamma"], ["-d", "gamma", "--loss", "y"]])
    def test_of_another_distribution_is_refused(self, cli, file, options):
        message = refused(cli, "grad", *options, "--noise", f"@{file}")
        mine = "gamma" if options else "gaussian"
        assert f"is from the distribution laplace, not from {mine}; pass --dist laplace" in message
        graph = f"z ~ {mine}()"
        assert "from the distribution laplace" in refused(
            cli, "grad", "--node", graph, "--loss", "z", "--noise", f"@{file}"
        )

    def test_of_other_parameters_is_what_replay_is_for(self, cli, suffix):
        cli("sample", "-d", "laplace", "-n", 4, "--seed", 7, "--with-noise", "--out", f"z.{suffix}")
        result = cli("grad", "-d", "laplace", "-p", "loc=3", "--noise", f"@z.{suffix}")
        assert result.stderr.startswith("Note: y in the file is not what its noise makes")
        same = cli("grad", "-d", "laplace", "--noise", f"@z.{suffix}")
        assert same.stderr == ""


def test_a_damaged_origin(cli):
    with zipfile.ZipFile("z.npz", "w") as archive:
        archive.writestr("noise.npy", npy())
        archive.writestr("reparam.json", "{}")
    assert "is damaged" in refused(cli, "grad", "--noise", "@z.npz")


def test_an_archive_whose_members_are_no_arrays_still_has_one(cli):
    with zipfile.ZipFile("z.npz", "w") as archive:
        archive.writestr("README", "hello")
        archive.writestr("z.npy", npy())
    np.testing.assert_array_equal(cli.columns("grad", "--noise", "@z.npz")["noise"], [0.0, 0.0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl", "npy", "npz", "parquet"])
@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("gaussian", "scale"),
        ("gamma", "alpha"),
        ("student-t", "loc"),
        ("beta", "alpha"),
        ("concrete", "temperature"),
    ],
)
def test_draws_in_a_file_are_what_the_noise_makes_of_its_parameters(
    cli, name, parameter, suffix, dtype
):
    options = ["-n", 100, "--seed", 3, "--dtype", dtype, "--with-noise", "--out", f"z.{suffix}"]
    cli("sample", "-d", name, *options)
    replay = ["grad", "-d", name, "--noise", f"@z.{suffix}"]
    upstream = ["--upstream", ",".join("1" * rp.get(name)().sample(100).size)]
    assert cli(*replay).stderr == ""
    cli(*replay, *upstream)
    replay += ["-p", f"{parameter}=1.0001"]
    assert cli(*replay).stderr.startswith("Note: y in the file is not what its noise makes")
    message = refused(cli, *replay, *upstream)
    assert "so ∂L/∂y is that of other draws" in message


def test_draws_that_were_rounded_by_hand(cli, tmp_path):
    cli("sample", "-p", "loc=1", "-n", 50, "--seed", 1, "--with-noise", "--out", "z.csv")
    rows = np.loadtxt("z.csv", delimiter=",", skiprows=1)
    for form in ("%.6g", "%.4f", "%.17g"):
        np.savetxt("r.csv", rows, form, ",", header="noise,y", comments="")
        assert cli("grad", "-p", "loc=1", "--noise", "@r.csv").stderr == ""
        assert "Note: " in cli("grad", "-p", "loc=1.01", "--noise", "@r.csv").stderr


def test_a_chosen_column_is_not_compared_with_y(cli, tmp_path):
    tmp_path.joinpath("z.csv").write_text("a,noise,y\n1,2,2\n")
    assert cli("grad", "--noise", "@z.csv:a").stderr == ""
    assert cli("grad", "--noise", "@z.csv").stderr == ""
