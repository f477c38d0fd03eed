"""The base of classes for ``numpyro.distributions``: everything but the declarations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from numpyro.distributions import Distribution, constraints
from numpyro.distributions.util import promote_shapes, validate_sample
from numpyro.util import not_jax_tracer

from reparam.adapters.classes import Declared
from reparam.adapters.constraints import between
from reparam.adapters.formulas import ENDS
from reparam.adapters.jax.functions import evaluated, rsample

__all__ = ["Univariate"]


class Univariate(Declared, Distribution):
    """A scalar distribution whose draws and functions have exact derivatives.

    Subclasses are made from the registry, by :mod:`reparam.adapters.numpyro.classes`. Parameters
    are passed by position, or by name or alias: arrays, or numbers, that broadcast together.
    """

    def __init__(self, *args: Any, validate_args: bool | None = None, **parameters: Any) -> None:
        given = self._given(args, parameters)
        dtype = jnp.result_type(float, *given.values())
        values = [jnp.asarray(value, dtype) for value in given.values()]
        batch = jnp.broadcast_shapes(*(value.shape for value in values))
        for name, value in zip(given, promote_shapes(*values, shape=batch), strict=True):
            setattr(self, name, value)
        super().__init__(batch_shape=batch, validate_args=validate_args)
        if self._validate_args:
            self._check_order(_are_below)

    def moving_support(self) -> Any:
        """Return the closed interval that draws lie in, where parameters move an endpoint of it."""
        values = dict(zip(self.law._own, self.theta, strict=True))
        if values.keys() >= set(self.law._support.moved_by):
            return between(constraints, *self.law._support.ends(values))
        ends = (evaluated(self.key, end, [], self.theta) for end in ENDS)
        return between(constraints, *map(_bound, ends))

    def sample(self, key: jax.Array, sample_shape: Sequence[int] = ()) -> jax.Array:
        """Return draws that are differentiable in the parameters.

        Parameters
        ----------
        key
            A key of ``jax.random``.
        sample_shape
            The sample shape.
        """
        theta = dict(zip(self.law._own, self.theta, strict=True))
        return rsample(self.law, sample_shape, seed=key, **theta)

    @validate_sample
    def log_prob(self, value: Any, intermediates: Any = None) -> jax.Array:
        """Return the log density, differentiable in values and parameters."""
        return self._at("log_prob", value)

    def cdf(self, value: Any) -> jax.Array:
        """Return P(Y ≤ y), differentiable in values and parameters."""
        return self._at("cdf", value)

    def icdf(self, q: Any) -> jax.Array:
        """Return the quantile of a probability, differentiable in it and in the parameters."""
        return self._at("icdf", q)

    @property
    def mean(self) -> jax.Array:
        """The expectation; its derivatives are numerical."""
        return evaluated(self.key, "mean", [], self.theta)

    @property
    def variance(self) -> jax.Array:
        """The variance; its derivatives are numerical."""
        return evaluated(self.key, "variance", [], self.theta)

    def entropy(self) -> jax.Array:
        """Return the differential entropy, in nats; its derivatives are numerical."""
        return evaluated(self.key, "entropy", [], self.theta)

    def _at(self, function: str, value: Any) -> jax.Array:
        value = jnp.asarray(value, jnp.result_type(float, value, *self.theta))
        return evaluated(self.key, function, [value], self.theta)


def _bound(end: Any) -> Any:
    """Return an endpoint of the support: a number if it is infinite in the whole batch."""
    if not_jax_tracer(end) and end.size and jnp.isinf(end).all() and (end == end.min()).all():
        return float(end.min())
    return end


def _are_below(low: Any, high: Any) -> bool:
    """Whether all are below: what is traced passes, and is checked when the program runs."""
    below = low < high
    return bool(below.all()) if not_jax_tracer(below) else True
