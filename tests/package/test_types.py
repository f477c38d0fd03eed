"""What strict mypy says of code that uses the library."""

import pytest

#: Each comment says which mistake is reported: in strict mode one that hides nothing is an error.
SNIPPET = """
from typing import assert_type

import reparam as rp
from reparam.domains import POSITIVE, REAL

rp.Gaussian()
rp.Gaussian(0.0)
rp.Gaussian([0.0, 1.0], 2)
rp.Gaussian(loc=0.0, scale=1.0)
rp.Beta(alpha=2.0)
rp.Poisson(3)
rp.Concrete(0.5, logits=[0.0, 1.0, 2.0])

rp.Gaussian(sigm=1)  # type: ignore[call-arg]
rp.Gaussian(sigma=1.0)  # type: ignore[call-arg]  # an alias
rp.Gaussian(0.0, 1.0, 2.0)  # type: ignore[call-arg]
rp.Gaussian(0.0, loc=0.0)  # type: ignore[misc]
rp.Gaussian(loc=print)  # type: ignore[arg-type]
rp.Gaussian().loc = 3.0  # type: ignore[misc]


class Half(rp.LocationScale):
    loc: rp.Parameter = rp.Parameter("a", REAL, 0.0, (0.0, 1.0))
    scale: rp.Parameter = rp.Parameter("b", POSITIVE, default=1.0, typical=(0.5, 2.0))


def use(cls: type[Half]) -> None:
    cls()
    cls(scale=[1.0, 2.0])
    cls(1.0, 2.0, 3.0)  # type: ignore[call-arg]
    assert_type(cls.scale, rp.Parameter)
    cls.scale.default
    cls().scale.shape
"""


@pytest.mark.long
def test_constructors_are_typed(tmp_path, python, request):
    pytest.importorskip("mypy")
    file = tmp_path / "snippet.py"
    file.write_text(SNIPPET, encoding="utf-8")
    cache = request.config.cache.mkdir("mypy")
    done = python(
        *("-m", "mypy", "--strict", "--no-error-summary", "--config-file", ""),
        *("--cache-dir", cache, file),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
