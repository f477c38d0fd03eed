"""``covariance`` is that of draws, for every distribution of vectors and of matrices."""

import math
import zlib

import numpy as np
import pytest

import reparam as rp
from reparam.errors import NoFormulaError
from reparam.testing._typical import typical

VECTORS = [name for name in rp.names() if rp.get(name)._support.rank]
N = 4_000


@pytest.mark.parametrize("name", VECTORS)
def test_covariance_is_that_of_draws(name):
    """Within 5.5 standard errors, and on the diagonal the variance."""
    d = typical(rp.get(name))
    if not d.has_formula("covariance"):
        with pytest.raises(NoFormulaError, match="covariance of vectors; average over draws"):
            d.covariance  # noqa: B018
        return
    y = d.sample(N, rng=zlib.crc32(name.encode()))
    covariance, event = d.covariance, d.event_shape
    assert covariance.shape == (*d.batch_shape, *event, *event)
    size, lead = math.prod(event), d.batch_shape
    flat, apart = covariance.reshape(*lead, size, size), (y - d.mean).reshape(N, *lead, size)
    variance = np.broadcast_to(d.variance, (*lead, *event)).reshape(*lead, size)
    np.testing.assert_allclose(np.diagonal(flat, axis1=-2, axis2=-1), variance, rtol=1e-12)
    products = apart[..., :, np.newaxis] * apart[..., np.newaxis, :]
    error = products.std(axis=0) / math.sqrt(N) + 1e-12
    assert np.all(abs(products.mean(axis=0) - flat) < 5.5 * error)
