"""Samplers of TensorFlow Probability on JAX: ``tfp:Gamma``.

These are the distributions of ``tensorflow_probability.substrates.jax``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from reparam.errors import InputError
from reparam.verification.targets.libraries._jax import JaxLibrary, in_double
from reparam.verification.targets.libraries._rows import Row, rows
from reparam.verification.targets.libraries._sampling import not_univariate, parameter_in

__all__ = ["ROWS", "VECTORS", "recognized", "target"]

#: Less than this is added to the ends of domains, against rounding.
_ADDED = 1e-6

ROWS, VECTORS = rows("common", "tfp"), rows("tfp-vectors")


def _row(name: str, cls: Any) -> Row:
    """Return the row of a class by the properties that it declares of its parameters."""
    try:
        declared = cls.parameter_properties()
    except (AttributeError, NotImplementedError):
        declared = {}
    if not declared:
        raise InputError(
            f"{name} declares no parameters (parameter_properties); verify a class that does, or"
            " any object with rsample and parameters"
        )
    if any(each.event_ndims != 0 for each in declared.values()):
        raise not_univariate(name, "has parameters that are no numbers")
    # of alternatives, such as logits and probs, TFP prefers one
    preferred = {key: each for key, each in declared.items() if each.is_preferred}
    ranges = {
        key: parameter_in(key, *_image(name, each.default_constraining_bijector_fn))
        for key, each in preferred.items()
    }
    theta = {key: parameter.default for key, parameter in ranges.items()}
    try:
        sampling = _LIBRARY.sampling(lambda given: cls(**given), cls, name, of_vectors=False)
        shape = sampling.shape(theta, 2)
    except Exception as error:
        raise InputError(
            f"{name} can't be made with {theta}: {type(error).__name__}: {error}"
        ) from error
    if shape != (2,):
        raise not_univariate(name, "is multivariate")
    return Row(ranges=ranges)


def _image(name: str, make: Callable[[], Any]) -> tuple[float, float]:
    """Return the ends of where a bijector takes the real line, without what TFP adds to 0."""
    try:
        with in_double():
            if (bijector := make()) is None:  # of a mixture
                return -math.inf, math.inf
            low, high = sorted(float(bijector.forward(end)) for end in (-math.inf, math.inf))
    except Exception as error:
        raise InputError(
            f"{name} does not declare the domains of its parameters:"
            f" {type(error).__name__}: {error}"
        ) from error
    return 0.0 if abs(low) < _ADDED else low, high


_LIBRARY = JaxLibrary(
    module="tensorflow_probability.substrates.jax.distributions",
    title="TensorFlow Probability",
    short="TFP",
    package="tfp-nightly",
    rows=ROWS,
    vectors=VECTORS,
    nested={
        "Independent": ("distribution", "reinterpreted_batch_ndims"),
        "MixtureSameFamily": ("mixture_distribution", "components_distribution", "_reparameterize"),
        "TransformedDistribution": ("distribution", "bijector"),
    },
    draw=lambda d, key: d.sample(seed=key),
    support=lambda d, label: _image(label, d.experimental_default_event_space_bijector),
    declared=lambda d: "NOT_REP" not in str(d.reparameterization_type) or "is NOT_REPARAMETERIZED",
    row_of=_row,
)
target, recognized = _LIBRARY.target, _LIBRARY.recognized
