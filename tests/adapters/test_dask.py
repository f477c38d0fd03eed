"""Dask: the same bits as on one machine, whatever the chunks, the workers and their fate."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import reparam as rp
from reparam.cli import cluster as cluster_commands
from reparam.errors import CountError, NotReparameterizable, ShapeError
from reparam.estimators import ESTIMATORS, estimate
from reparam.verification import verify
from reparam.verification.run import elsewhere

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
rpd = pytest.importorskip("reparam.dask")

#: Rows that are several blocks, and not a whole number of them.
MANY = 2 * 65_536 + 4321


@pytest.fixture(autouse=True)
def in_this_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def same(one, other):
    """Whether estimates are the same in everything but time."""
    rows = [[replace(row, cost=0.0) for row in found] for found in (one, other)]
    return repr(rows[0]) == repr(rows[1])  # NaN as well


@pytest.mark.parametrize("chunks", [None, (2, 3, 4), (7, 5, 3), (3, 5, 11), ((1, 6), (5,), (11,))])
@pytest.mark.parametrize(
    "law",
    [
        rp.Gamma(alpha=2.5),
        rp.Poisson(rate=[1.0, 20.0]),
        rp.Dirichlet([1.0, 2.0, 3.0]),
        rp.Gaussian([[0.0], [1.0]], [1.0, 2.0, 3.0]),
    ],
    ids=lambda law: law.name,
)
def test_values_are_the_same_for_any_chunks(law, chunks):
    values = rpd.sample(law, (7, 5, 11), chunks=chunks, rng=1)
    expected = law.sample((7, 5, 11), rng=1)
    assert values.shape == expected.shape
    assert np.array_equal(values.compute(), expected)


@pytest.mark.parametrize("size", [(), 0, (3, 0), 1])
def test_small_shapes(size):
    d = rp.Laplace()
    draw, expected = rpd.rsample(d, size, rng=5), d.rsample(size, rng=5)
    assert np.array_equal(draw.value.compute(), expected.value)
    found = draw.vjp(2.0)
    assert {name: each.compute() for name, each in found.items()} == expected.vjp(2.0)


@pytest.mark.parametrize("chunks", [None, 50_000, (65_536, 65_536, 4321)])
@pytest.mark.parametrize(
    "law",
    [
        rp.Gamma(alpha=2.5),
        rp.Dirichlet([1.0, 2.0]),
        rp.MultivariateGaussian([0.0, 1.0], scale_tril=[[1.0, 0.0], [0.5, 2.0]]),
    ],
    ids=lambda law: law.name,
)
def test_gradients_are_the_same_bits(law, chunks):
    draw, here = rpd.rsample(law, MANY, chunks=chunks, rng=3), law.rsample(MANY, rng=3)
    (found,) = dask.compute(draw.vjp(da.sin(draw.value)))
    for name, gradient in here.vjp(np.sin(here.value)).items():
        assert np.array_equal(found[name], gradient)


def test_gradients_of_batches_do_not_depend_on_chunks():
    d = rp.Gaussian(loc=[0.0, 1.0, 2.0], scale=2.0)
    here = d.rsample((100, 500), rng=3)
    expected = here.vjp(here.value)
    several = []
    for chunks in (None, 30, (40, 200)):
        draw = rpd.rsample(d, (100, 500), chunks=chunks, rng=3)
        several.append(dask.compute(draw.vjp(draw.value))[0])
    for name, gradient in expected.items():
        assert all(np.array_equal(each[name], several[0][name]) for each in several)
        np.testing.assert_allclose(several[0][name], gradient, rtol=1e-13)


def test_names_tell_draws_apart():
    d = rp.Gamma(alpha=2.0)
    names = [rpd.sample(law, 9, rng=seed).name for law, seed in ((d, 1), (d, 1), (d, 2))]
    names.append(rpd.sample(rp.Gamma(alpha=3.0), 9, rng=1).name)
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_refusals():
    with pytest.raises(NotReparameterizable, match=r"reparam\.dask\.sample"):
        rpd.rsample(rp.Poisson(), 3)
    with pytest.raises(ShapeError, match="upstream has shape"):
        rpd.rsample(rp.Laplace(), 3).vjp(np.ones(4))
    with pytest.raises(CountError):
        rpd.sample(rp.Laplace(), -1)


@pytest.mark.parametrize("law", [rp.Gamma(alpha=2.0), rp.Bernoulli(probs=0.3)])
def test_estimates_are_the_same_bits(law, monkeypatch):
    for cls in ESTIMATORS.values():
        if cls.span > 1:
            monkeypatch.setattr(cls, "span", 2)  # several spans of few draws
    options = {"estimators": ["pathwise", "qmc", "score", "score-average"], "rng": 1}
    if law.name == "bernoulli":
        options["estimators"] = ["score-average", "score-loo", "enumeration", "relaxed"]
    there = rpd.estimate(law, "exp(-y)", 3 * 65_536 + 1, **options)
    assert same(there, estimate(law, "exp(-y)", 3 * 65_536 + 1, **options))


def found_by(report):
    """Return what a verification found, without its times."""
    return repr([replace(check, seconds=0.0) for check in report.checks])


@pytest.mark.long
def test_verifications_find_the_same():
    targets, options = ["laplace", Unreadable()], {"seed": 1, "witnesses": ["derivative", "score"]}
    options |= {"level": "quick"}
    with dask.config.set(scheduler="threads"):
        there = rpd.verify(targets, **options)
    assert found_by(there) == found_by(verify(targets, **options))
    assert len({check.target for check in there.checks}) == 2


class Unreadable(rp.Gaussian):
    """A distribution that no other process can read."""

    name = "unreadable"

    def __reduce__(self):
        raise TypeError("it stays here")


@pytest.mark.long
def test_a_killed_worker_changes_nothing(cli, monkeypatch):
    distributed = pytest.importorskip("distributed")
    with (
        dask.config.set({"scheduler": None, "distributed.comm.timeouts.tcp": "60s"}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        d, n = rp.Gamma(alpha=2.0), 3_000_000
        draw = rpd.rsample(d, n, chunks=100_000, rng=3)
        running = client.compute(draw.vjp(da.sin(draw.value)))
        victim = next(iter(client.run(os.getpid).values()))
        distributed.wait(client.compute(draw.value.blocks[0]))
        os.kill(victim, signal.SIGKILL)
        found = running.result()
        here = d.rsample(n, rng=3)
        for name, gradient in here.vjp(np.sin(here.value)).items():
            assert np.array_equal(found[name], gradient)
        assert victim not in client.run(os.getpid).values()
        options = {"estimators": ["pathwise", "score-average"], "rng": 1}
        there = rpd.estimate(d, "log(y)", 9_000_000, **options)
        assert same(there, estimate(d, "log(y)", 9_000_000, **options))

        monkeypatch.setattr(elsewhere, "_TOGETHER", 1)
        options = {"level": "quick", "seed": 1, "witnesses": "distribution"}
        targets, before = ["gamma", "beta", "laplace", "uniform"], client.run(os.getpid).values()
        there = rpd.verify(targets, on_progress=killing(*before), **options)
        assert found_by(there) == found_by(verify(targets, **options))
        assert {*before} != {*client.run(os.getpid).values()}

        where = "--dask", cluster.scheduler_address
        sample = "sample", "dirichlet", "-p", "concentration=1,2", "-n", 1000, "--seed", 7
        monkeypatch.setattr(cluster_commands, "_PART", 500)
        cli(*sample, *where, "--format", "npy", "--out", "draws")
        parts = [np.load(path) for path in sorted(Path("draws").iterdir())]
        assert len(parts) == 4
        assert np.array_equal(np.concatenate(parts), rp.Dirichlet([1.0, 2.0]).sample(1000, rng=7))
        grad = "grad", "gamma", "-n", 1000, "--seed", 7, "--format", "npz", "--out"
        cli(*grad, "gradients", *where)
        cli(*grad, "whole.npz")
        parts = [np.load(path) for path in sorted(Path("gradients").iterdir())]
        assert len(parts) == 2
        for name in ("noise", "y", "dy_dalpha", "dy_drate"):
            pieces = [part[name] for part in parts]
            assert np.array_equal(np.concatenate(pieces), np.load("whole.npz")[name])
        command = "estimate", "gamma", "-e", "pathwise", "--seed", 1, "--format", "csv"
        rows = [cli(*command, *more).stdout.splitlines() for more in ((), where)]
        without_cost = [[line.split(",")[:5] for line in found] for found in rows]
        assert without_cost[0] == without_cost[1]
        command = "verify", "laplace", "--quick", "--only", "score", "--seed", 1, "--format", "json"
        reports = [json.loads(cli(*command, *more).stdout) for more in ((), where)]
        for report in reports:
            report.pop("seconds")
            report["checks"][0].pop("seconds")
        assert reports[0] == reports[1]


def killing(victim, _):
    """Return a report of progress that ends a process when the first check is there."""

    def on_progress(done, total):
        if done == 1:
            os.kill(victim, signal.SIGKILL)

    return on_progress


@pytest.fixture
def cluster_in_threads(monkeypatch):
    """Let ``--dask`` compute in threads of this process, two at a time, and in small parts."""
    distributed = pytest.importorskip("distributed")
    options = {"processes": False, "n_workers": 1, "threads_per_worker": 2}

    def client(address):
        return distributed.Client(**options, dashboard_address=None)

    monkeypatch.setattr(cluster_commands, "_client", client)
    monkeypatch.setattr(cluster_commands, "_PART", 400)


def test_chunks_of_zarr(cli, cluster_in_threads):
    """Each column is one array of natural shape, with the draws of one machine."""
    zarr = pytest.importorskip("zarr")
    sample = "sample", "dirichlet", "-p", "concentration=1,2", "-n", 1001, "--seed", 7
    cli(*sample, "--dask", "local", "--out", "draws.zarr")
    found = zarr.open_group("draws.zarr", mode="r")
    assert found["y"].chunks == (200, 2)
    assert np.array_equal(found["y"][:], rp.Dirichlet([1.0, 2.0]).sample(1001, rng=7))
    assert found.attrs["reparam"]["seed"] == 7
    grad = "grad", "gamma", "-p", "alpha=2,3", "-n", 1000, "--seed", 7, "--shard", "2/2"
    options = "--dask", "local", "--format", "zarr", "--dtype", "float32"
    cli(*grad, *options, "--out", "gradients")
    cli(*grad, "--dtype", "float32", "--out", "whole.npz")
    found = zarr.open_group("gradients", mode="r")
    with np.load("whole.npz") as whole:
        for name in ("noise", "y", "dy_dalpha", "dy_drate"):
            assert found[name].dtype == whole[name].dtype
            assert np.array_equal(found[name][:], whole[name])
    assert "is not empty" in cli(*sample, *options, "--out", "gradients", code=2).output
    assert "--dask local" in cli(*sample, "--out", "other.zarr", code=2).output
    assert sorted(path.name for path in Path().iterdir()) == [
        "draws.zarr",
        "gradients",
        "whole.npz",
    ]


def test_zarr_that_fails_leaves_nothing(cli, cluster_in_threads, monkeypatch):
    zarr = pytest.importorskip("reparam.formats.zarr")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zarr, "write", fail)
    failed = cli("sample", "--dask", "local", "--out", "draws.zarr", code=2)
    assert "No space" in failed.output
    assert not [*Path().iterdir()]


def test_zarr_that_is_missing_is_named(cli, cluster_in_threads, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarr", None)
    refused = cli("sample", "--dask", "local", "--out", "draws.zarr", code=2)
    assert "pip install 'reparam[zarr]'" in refused.output
    assert not [*Path().iterdir()]


@pytest.mark.long
def test_workers_of_this_machine(monkeypatch):
    """There are as many as threads, with one each, and blocks of draws keep their memory."""
    pytest.importorskip("distributed")
    monkeypatch.setenv("REPARAM_NUM_THREADS", "3")
    for name in ("MALLOC_TRIM_THRESHOLD_", "OPENBLAS_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)  # dask leaves its own in this process
    with cluster_commands._client("local") as client:
        assert [*client.nthreads().values()] == [1, 1, 1]
        for environment in client.run(lambda: dict(os.environ)).values():
            assert environment["OPENBLAS_NUM_THREADS"] == "1"
            assert "MALLOC_TRIM_THRESHOLD_" not in environment


def test_refusals_on_the_command_line(cli):
    assert "--out FOLDER" in cli("sample", "--dask", "local", "--format", "csv", code=2).output
    assert "--workers" in cli("verify", "--dask", "local", "--workers", 2, code=2).output
    assert "leave --loss" in cli("grad", "--dask", "local", "--loss", "y", code=2).output
    refused = cli("sample", "--dask", "local", "--format", "table", code=2)
    assert "--format table" in refused.output
