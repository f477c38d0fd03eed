"""Evaluation block by block, on several threads."""

import multiprocessing
import os
import subprocess
import sys
import threading
import tracemalloc
from typing import ClassVar

import numpy as np
import pytest

import reparam as rp
from reparam.engine import blocks, shapes
from reparam.engine import operands as of
from reparam.engine import threads as threading_of
from reparam.engine.noise import BLOCK
from reparam.errors import ReparamError, TooLargeError

SIZE = 5 * BLOCK + 7


@pytest.fixture(params=[1, 2, 5])
def threads(request):
    with threading_of.threads(request.param):
        yield request.param


def squares(size=SIZE, **options):
    values = np.arange(float(size))
    operands = [of.operand(values, (size,))]
    return blocks.evaluate(lambda x: x * x, operands, (size,), **options)[0]


def test_every_element_is_evaluated(threads):
    np.testing.assert_array_equal(squares(), np.arange(float(SIZE)) ** 2)


@pytest.mark.parametrize("span", [1, 2, 3])
def test_sums_do_not_depend_on_how_many_blocks_go_together(threads, span, monkeypatch):
    expected = squares(sums=[True])
    monkeypatch.setattr(blocks, "SPAN", span)
    assert squares(sums=[True]) == expected


@pytest.mark.parametrize("period", [7, BLOCK // 2 + 3, BLOCK, BLOCK + 3, 2 * BLOCK + 3])
def test_a_batch_of_any_size_is_repeated(threads, period):
    batch, draws = np.arange(float(period)), SIZE // period + 1
    shape = (draws, period)
    operands = [of.batch_operand(batch, (period,), shape)]
    (repeated,) = blocks.evaluate(lambda x: x, operands, shape)
    np.testing.assert_array_equal(repeated, np.tile(batch, (draws, 1)))


def test_blocks_of_wide_vectors_are_no_larger(threads):
    """What a formula of them makes on the way has to fit the memory, too."""
    width, most = 300, []

    def wide(x):
        most.append(width * x.size)
        return np.arange(width) + x[:, np.newaxis]

    values = np.arange(1000.0)
    operands = [of.operand(values, (1000,))]
    (rows,) = blocks.evaluate(wide, operands, (1000,), events=[(width,)])
    np.testing.assert_array_equal(rows, np.arange(width) + values[:, np.newaxis])
    assert max(most) <= blocks.SPAN * BLOCK


def test_nothing_to_evaluate(threads):
    assert squares(0).shape == (0,)
    assert squares(0, sums=[True]) == 0.0


def test_an_error_in_any_thread_is_raised_and_threads_stay_usable(threads):
    def fails_late(x):
        if x[0] >= 4 * BLOCK:
            raise ArithmeticError("the last block")
        return x

    values = np.arange(float(SIZE))
    with pytest.raises(ArithmeticError, match="the last block"):
        blocks.evaluate(fails_late, [of.operand(values, (SIZE,))], (SIZE,))
    assert squares()[-1] == float(SIZE - 1) ** 2


def test_evaluation_from_many_threads_at_once(threads):
    results = []
    callers = [threading.Thread(target=lambda: results.append(squares())) for _ in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(results) == 6
    assert all(np.array_equal(result, squares()) for result in results)


def in_child(queue):
    queue.put(rp.Laplace().sample(SIZE, rng=1)[-1])


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own(monkeypatch):
    monkeypatch.setenv("REPARAM_NUM_THREADS", "2")
    expected = rp.Laplace().sample(SIZE, rng=1)[-1]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == expected
    child.join(60)
    assert child.exitcode == 0


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_number_of_threads_that_is_none(text, monkeypatch):
    monkeypatch.setenv("REPARAM_NUM_THREADS", text)
    with pytest.raises(ReparamError, match=f"REPARAM_NUM_THREADS={text} is not a positive integer"):
        rp.Laplace().sample(SIZE)


def test_threads_are_a_context(monkeypatch):
    monkeypatch.setenv("REPARAM_NUM_THREADS", "3")
    with rp.threads(2):
        with rp.threads(7):
            assert threading_of.thread_count() == 7
        assert threading_of.thread_count() == 2
    assert threading_of.thread_count() == 3
    with pytest.raises(ReparamError, match="0 threads can't work; pass a positive"), rp.threads(0):
        pass


@pytest.mark.parametrize("formula", [lambda x: x, lambda x: x[:], lambda x: 2.0, lambda x: x[:1]])
def test_results_share_no_memory_with_what_they_are_made_of(formula):
    values = np.arange(10.0)
    (found,) = blocks.evaluate(formula, [of.operand(values, (10,))], (10,))
    found += 1.0
    np.testing.assert_array_equal(values, np.arange(10.0))
    assert found.shape == (10,)


class TestTooLarge:
    """What there is no memory for is refused before any work."""

    WIDE = rp.Gaussian(np.zeros((10**6, 1)), np.ones(10**6))
    CALLS: ClassVar = {
        "draws": lambda: rp.Gaussian().rsample(10**12),
        "more draws": lambda: rp.Gaussian().rsample(3 * 10**12),
        "values": lambda: rp.Gamma().sample(10**30),
        "counts": lambda: rp.Poisson().sample((10**10, 10**10)),
        "vectors": lambda: rp.Concrete().rsample(10**12),
        "draw of a batch": lambda: TestTooLarge.WIDE.rsample(),
        "density": lambda: TestTooLarge.WIDE.log_prob(1.0),
        "moments": lambda: rp.Gamma(np.ones((10**6, 1)), np.ones(10**6)).mean,
        "formula": lambda: rp.Expression("a*b").value(
            {"a": np.ones((10**6, 1)), "b": np.ones(10**6)}
        ),
        "graph": lambda: rp.Graph("z ~ gaussian()").at().rsample(10**12),
    }

    @pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
    def test_is_refused_at_once(self, call):
        tracemalloc.start()
        try:
            with pytest.raises(TooLargeError, match=r"would take .* GB, more than there is mem"):
                call()
            assert tracemalloc.get_traced_memory()[1] < 5e7
        finally:
            tracemalloc.stop()

    def test_is_a_memory_error(self):
        with pytest.raises(MemoryError):
            rp.Gaussian().rsample(10**12)

    def test_is_refused_where_the_system_would_promise_it(self, monkeypatch):
        """Promised memory is not had before it is written to, and then the process is ended."""
        monkeypatch.setattr(shapes, "_memory", lambda: 10**9)
        with pytest.raises(TooLargeError, match=r"of shape \(100000000,\) would take 1.6 GB"):
            rp.Gaussian().rsample(10**8)
        with pytest.raises(TooLargeError, match=r"would take 1.6 GB"):
            rp.Graph("z ~ gaussian()\nloss = z**2").at().rsample(10**8)

    def test_memory_is_known_or_unlimited(self):
        assert 2**26 < shapes._memory() <= sys.maxsize

    def test_nothing_of_a_large_batch_is_empty(self):
        shape = (0, 10**6, 10**6)
        assert self.WIDE.sample(0).shape == shape
        draw = self.WIDE.rsample(0)
        assert draw.value.shape == draw.jacobian()["scale"].shape == shape
        assert not np.any(draw.vjp(1.0)["loc"])
        assert rp.Poisson(np.ones(10**6)).sample((0, 10**7)).shape == (0, 10**7, 10**6)


class TestInOrder:
    def test_results_come_in_order(self, threads):
        assert list(threading_of.in_order(lambda k: k * k, range(50))) == [k * k for k in range(50)]
        assert list(threading_of.in_order(lambda k: k, range(0))) == []

    def test_evaluation_within_ends(self, threads):
        found = list(threading_of.in_order(lambda k: squares()[k], range(12)))
        assert found == [float(k) ** 2 for k in range(12)]
        np.testing.assert_array_equal(squares(), np.arange(float(SIZE)) ** 2)

    def test_few_are_ahead(self, threads):
        begun = []
        results = threading_of.in_order(begun.append, range(1000))
        next(results)
        results.close()
        assert len(begun) <= 2 * threads + 1

    def test_an_error_is_raised_and_ends_the_work(self, threads):
        begun = []

        def fails(k):
            begun.append(k)
            if k == 3:
                raise ArithmeticError(f"item {k}")
            return k

        results = threading_of.in_order(fails, range(1000))
        with pytest.raises(ArithmeticError, match="item 3"):
            list(results)
        assert len(begun) <= 3 + 2 * threads + 2


def test_outputs_share_no_memory_with_each_other():
    operands = [of.operand(np.arange(10.0), (10,))]

    def twice(x):
        y = x + 1.0
        return y, y

    one, other = blocks.evaluate(twice, operands, (10,), events=[(), ()])
    one += 1.0
    np.testing.assert_array_equal(other, np.arange(10.0) + 1.0)


ALONE = """
import time
import numpy as np
import scipy.special
import reparam as rp

numbers, k = np.full(100_000, 2.0), 100
laws = [
    rp.Gaussian(numbers),
    rp.Gamma(numbers),
    rp.Beta(2.0, 3.0),
    rp.StudentT(numbers),
    rp.Poisson(numbers),
    rp.Categorical(logits=np.zeros(k)),
    rp.Independent(rp.Laplace(numbers)),
    rp.Mixture([rp.Gaussian(), rp.Gaussian(3.0)], weights=[0.5, 0.5]),
    rp.Dirichlet(np.ones(k)),
    rp.MultivariateGaussian(np.zeros(k), covariance_matrix=np.eye(k)),
    rp.Wishart(2.0 * k, scale_tril=np.eye(k)),
]
time.sleep(0.2)  # threads that were started just now spin for a moment


def others():
    return time.process_time() - time.thread_time()


with rp.threads(1):
    for law in laws:
        before, n = others(), () if law.batch_shape else 20 if law.event_shape else 100_000
        if isinstance(law, rp.Reparameterized):
            draw = law.rsample(n, rng=1)
            draw.vjp(1.0)
            law.score(draw.value)
        else:
            law.log_prob(law.sample(n, rng=1))
        time.sleep(0.01)
        assert others() - before < 1e-3, law.name
"""


def test_no_thread_of_blas_is_at_work():
    """OpenBLAS's threads wait for more by using a core, which others then don't have."""
    kept = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    subprocess.run([sys.executable, "-c", ALONE], env=kept, check=True)
