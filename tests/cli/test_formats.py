"""Every output format is exact, valid when empty, and read by the usual readers."""

import csv
import io
import json
import math
from itertools import pairwise

import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reparam import formats
from reparam.errors import InputError
from reparam.formats import Records
from reparam.formats.records import TEXT_ROWS

MACHINE = ["csv", "json", "jsonl", "npy", "npz", "parquet"]
FLOATS = [np.dtype(np.float64), np.dtype(np.float32)]


def special(dtype):
    """Return values that a careless format loses."""
    info = np.finfo(dtype)
    values = [0.0, -0.0, 1.0, -1 / 3, math.pi, np.inf, -np.inf, np.nan, 1e16, 123456789.0]
    values += [info.tiny, info.smallest_subnormal, 3 * info.smallest_subnormal, info.max, info.min]
    values += [1.0 + info.eps, 1.0 - info.epsneg, 5e-5, 1e22]
    return np.array(values, dtype)


def written(name, columns, *, edges=None, first=0):
    """Return what a format makes of the columns, given in blocks that end at the edges."""
    n = len(next(iter(columns.values())))
    blocks = (
        {key: column[start:stop] for key, column in columns.items()}
        for start, stop in pairwise(edges or (0, n))
    )
    types = {key: column.dtype for key, column in columns.items()}
    shape = next(iter(columns.values())).shape
    out = io.BytesIO()
    formats.load(name).write(Records(types, shape, blocks, first), out)
    return out.getvalue()


def read_usually(name, content):
    """Return the columns as the format's usual reader sees them."""
    match name:
        case "csv":
            header, *rows = csv.reader(io.StringIO(content.decode(), newline=""))
            return {key: [row[k] for row in rows] for k, key in enumerate(header)}
        case "json":
            records = json.loads(content, parse_constant=pytest.fail)
            return {key: [record[key] for record in records] for key in (records or [{}])[0]}
        case "jsonl":
            records = [
                json.loads(line, parse_constant=pytest.fail) for line in content.splitlines()
            ]
            return {key: [record[key] for record in records] for key in (records or [{}])[0]}
        case "npy":
            array = np.load(io.BytesIO(content))
            return {key: array[key] for key in array.dtype.names} if array.dtype.names else array
        case "npz":
            return dict(np.load(io.BytesIO(content)))
        case "parquet":
            table = pyarrow.parquet.read_table(io.BytesIO(content))
            return {key: table[key].to_numpy() for key in table.column_names}


def assert_same_bits(actual, expected):
    actual = np.asarray(actual, dtype=expected.dtype)
    np.testing.assert_array_equal(actual, expected)
    signed = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(actual[signed]), np.signbit(expected[signed]))


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
@pytest.mark.parametrize("name", MACHINE)
class TestExactness:
    def test_of_special_values_in_the_usual_reader(self, name, dtype):
        values = special(dtype)
        back = read_usually(name, written(name, {"x": values, "y": values[::-1]}))
        assert list(back) == ["x", "y"]
        assert_same_bits(back["x"], values)
        assert_same_bits(back["y"], values[::-1])

    def test_of_special_values_in_our_own_reader(self, name, dtype):
        values = special(dtype)
        content = written(name, {"x": values, "y": -values})
        back = formats.load(name).read(io.BytesIO(content), ("y",))
        assert_same_bits(back, -values)

    @given(data=st.data())
    def test_of_any_value(self, name, dtype, data):
        floats = st.floats(width=8 * dtype.itemsize)
        values = np.array(data.draw(st.lists(floats, min_size=1, max_size=20)), dtype)
        back = formats.load(name).read(io.BytesIO(written(name, {"x": values})), ("x",))
        assert_same_bits(back, values)


@pytest.mark.parametrize("name", MACHINE)
class TestEmpty:
    def test_one_column(self, name):
        content = written(name, {"y": np.empty(0)})
        assert formats.load(name).read(io.BytesIO(content), ("y",)).shape == (0,)
        back = read_usually(name, content)
        if name == "npy":
            assert (back.shape, back.dtype) == ((0,), np.float64)
        elif name in ("json", "jsonl"):
            assert content == (b"" if name == "jsonl" else b"[]\n")
        else:
            assert {key: len(column) for key, column in back.items()} == {"y": 0}

    def test_blocks_of_a_batch(self, name):
        content = written(name, {"noise": np.empty((0, 3)), "y": np.empty((0, 3), np.float32)})
        assert formats.load(name).read(io.BytesIO(content), ("y",)).size == 0
        back = read_usually(name, content)
        if name in ("npy", "npz"):
            assert back["y"].shape == (0, 3)
            assert back["y"].dtype == np.float32
        elif name not in ("json", "jsonl"):
            assert list(back) == ["draw", "element", "noise", "y"]


@pytest.mark.parametrize("name", [*MACHINE, "table"])
def test_nothing_but_the_row_groups_of_parquet_shows_how_the_blocks_came(name):
    rng = np.random.default_rng(1)
    columns = {"noise": rng.standard_normal((90, 2)), "y": rng.standard_normal((90, 2))}
    at_once = written(name, columns)
    in_blocks = written(name, columns, edges=(0, 7, 7, 80, 90))
    if name == "parquet":
        back, expected = (read_usually(name, content) for content in (in_blocks, at_once))
        np.testing.assert_equal(back, expected)
    elif name == "table":  # the first block sets the widths
        assert in_blocks.split() == at_once.split()
    else:
        assert in_blocks == at_once


@pytest.mark.parametrize("name", ["csv", "jsonl", "table"])
def test_text_of_more_rows_than_are_formatted_at_a_time(name):
    lines = written(name, {"y": np.arange(TEXT_ROWS + 2.0)}).decode().splitlines()
    assert len(lines) == TEXT_ROWS + 2 + (name != "jsonl")
    assert str(TEXT_ROWS + 1) in lines[-1]


class TestBatch:
    """Draws of shape (2, 3): arrays keep it, rows say which draw and element they are."""

    VALUES = np.arange(12.0).reshape(2, 2, 3)

    @pytest.mark.parametrize("name", ["csv", "jsonl", "parquet"])
    def test_rows(self, name):
        back = read_usually(name, written(name, {"y": self.VALUES}, first=5))
        assert [int(k) for k in back["draw"]] == [5] * 6 + [6] * 6
        assert [int(k) for k in back["element"]] == [*range(6), *range(6)]
        assert [float(y) for y in back["y"]] == list(range(12))

    @pytest.mark.parametrize("edges", [(0, 2), (0, 1, 2)])
    def test_arrays(self, edges):
        content = written("npy", {"y": self.VALUES}, edges=edges)
        np.testing.assert_array_equal(read_usually("npy", content), self.VALUES)
        columns = {"noise": -self.VALUES, "y": self.VALUES}
        for name in ("npy", "npz"):
            back = read_usually(name, written(name, columns, edges=edges))
            np.testing.assert_array_equal(back["noise"], -self.VALUES)
            np.testing.assert_array_equal(back["y"], self.VALUES)


TEXTS = np.array(["plain", "with, comma", 'with "quotes"', "∂y/∂θ", ""])


@pytest.mark.parametrize("name", MACHINE)
def test_text_and_whole_numbers(name):
    columns = {"name": TEXTS, "number": np.arange(5)}
    back = read_usually(name, written(name, columns))
    assert list(back["name"]) == TEXTS.tolist()
    assert [int(k) for k in back["number"]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", MACHINE)
@pytest.mark.parametrize("batch", [(), (4,)])
def test_minimum_size_is_no_more_than_the_size(name, batch):
    columns = {"noise": np.zeros((3000, *batch)), "y": np.zeros((3000, *batch))}
    columns["noise"][...] = np.random.default_rng(1).standard_normal((3000, *batch))
    types = {key: column.dtype for key, column in columns.items()}
    records = Records(types, (3000, *batch), iter(()))
    size = len(written(name, columns))
    disk = size if name != "npz" else size * 1.5  # one of two columns also waits beside the file
    assert disk / 20 < formats.load(name).minimum_size(records) <= disk


class TestReading:
    @pytest.mark.parametrize("name", MACHINE)
    def test_takes_the_first_wanted_column_that_is_there(self, name):
        content = written(name, {"a": np.zeros(2), "b": np.ones(2), "c": np.full(2, 2.0)})
        back = formats.load(name).read(io.BytesIO(content), ("z", "c", "b"))
        np.testing.assert_array_equal(back, [2.0, 2.0])

    @pytest.mark.parametrize("name", MACHINE)
    def test_takes_the_only_column_whatever_it_is_called(self, name):
        content = written(name, {"a": np.ones(2)})
        back = formats.load(name).read(io.BytesIO(content), ("noise",))
        np.testing.assert_array_equal(back, [1.0, 1.0])

    @pytest.mark.parametrize("name", MACHINE)
    def test_says_which_columns_there_are(self, name):
        content = written(name, {"alpha": np.ones(2), "beta": np.ones(2)})
        with pytest.raises(InputError, match=r"no column is called 'alhpa'; did you mean 'alpha'"):
            formats.load(name).read(io.BytesIO(content), ("alhpa",))

    @pytest.mark.parametrize("name", MACHINE)
    def test_refuses_text(self, name):
        content = written(name, {"x": np.array(["a", "b"]), "y": np.ones(2)})
        with pytest.raises(InputError, match=r"line|element|not of real numbers"):
            formats.load(name).read(io.BytesIO(content), ("x",))

    @pytest.mark.parametrize("name", ["npy", "npz", "parquet"])
    def test_refuses_what_is_something_else(self, name):
        with pytest.raises(InputError, match="it is not a"):
            formats.load(name).read(io.BytesIO(b"y\n1.5\n" * 10), ("y",))

    def test_refuses_a_table(self):
        with pytest.raises(InputError, match="for reading by people"):
            formats.load("table").read(io.BytesIO(b"y\n1\n"), ("y",))

    def test_an_array_file_is_mapped_not_loaded(self, tmp_path):
        name = str(tmp_path / "y.npy")
        np.save(name, np.arange(5.0))
        with open(name, "rb") as source:  # noqa: PTH123 - its name is a string
            assert isinstance(formats.load("npy").read(source, ("y",)), np.memmap)


class TestTable:
    def written(self, monkeypatch, width, columns):
        monkeypatch.setenv("COLUMNS", str(width))
        return written("table", columns).decode().splitlines()

    @pytest.mark.parametrize(("count", "digits"), [(1, 10), (4, 10), (5, 8), (7, 3)])
    def test_has_the_digits_that_fit_the_terminal(self, monkeypatch, count, digits):
        values = np.array([0.0, -np.inf, np.nan, -math.pi * 1e-20, 100.0])
        header, *lines = self.written(monkeypatch, 80, {f"y{k}": values for k in range(count)})
        assert len(header) <= 80
        assert {len(line) for line in lines} == {len(header)}
        assert lines[3].split() == [f"{values[3]:.{digits}g}"] * count

    def test_has_three_digits_at_least(self, monkeypatch):
        assert self.written(monkeypatch, 3, {"y": np.array([math.pi])}) == ["   y", "3.14"]

    def test_aligns_numbers_right_and_text_left(self, monkeypatch):
        columns = {"name": np.array(["a", "bcdefg"]), "y": np.array([0.5, -10.25])}
        assert self.written(monkeypatch, 80, columns) == [
            "name         y",
            "a          0.5",
            "bcdefg  -10.25",
        ]

    def test_of_nothing_is_its_header(self, monkeypatch):
        assert self.written(monkeypatch, 80, {"noise": np.empty(0), "y": np.empty(0)}) == [
            "noise  y"
        ]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("y.csv", "csv"),
        ("y.TXT", "csv"),
        ("a.b/y.jsonl", "jsonl"),
        ("y.ndjson", "jsonl"),
        ("y.npy", "npy"),
        ("y.npy.npz", "npz"),
        ("y.parquet", "parquet"),
        ("y.pq", "parquet"),
        ("y", None),
        ("y.table", None),
        (".csv", None),
        ("csv", None),
    ],
)
def test_suffix(file, name):
    assert formats.by_suffix(file) == name
