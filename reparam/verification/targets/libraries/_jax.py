"""Samplers written in JAX, compiled once for any number of draws: these come in blocks.

JAX computes in single precision unless configured otherwise for the whole process. Here double
precision on the CPU is switched on for each call alone (``jax.enable_x64``), so that a program that
imports this keeps its setting.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, cast

import numpy as np

from reparam._typing import Array
from reparam.verification.laws.law import Formula
from reparam.verification.refusals import NoGradient
from reparam.verification.targets.libraries._library import Library, Make
from reparam.verification.targets.sampled_vectors import Slopes
from reparam.verification.targets.target import Bends, Sample

__all__ = ["JaxLibrary", "JaxSampling", "in_double"]

#: Draws in a block, each of which has a key of its own.
_BLOCK = 4096
#: Arrays are filled up to a power of two of at least this, as each shape is compiled for itself.
_LEAST = 1024


def _jax() -> Any:
    return import_module("jax")


@contextmanager
def in_double(theta: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Compute on the CPU in double precision, or in single with parameters of that.

    Warnings of libraries about themselves are not shown.
    """
    jax = _jax()
    cpu = jax.devices("cpu")[0]
    double = not any(isinstance(value, np.float32) for value in (theta or {}).values())
    with jax.enable_x64(double), jax.default_device(cpu), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class JaxSampling:
    """A function that draws: ``draw(key, theta, n)`` returns n values, given n parameter sets.

    Its formulas are functions of an array and of parameters by name. Its support follows from the
    parameters, and whether it is declared to have gradients: True, or why not.
    """

    def __init__(
        self,
        label: str,
        draw: Callable[[Any, Mapping[str, Any], int], Any],
        *,
        formulas: Mapping[str, Callable[..., Any]] | None = None,
        support: Callable[[Mapping[str, float]], tuple[float, float]] | None = None,
        declared: Callable[[Mapping[str, Any]], bool | str] = lambda theta: True,
        of_vectors: bool = False,
    ) -> None:
        self._label, self._draw, self._declared = label, draw, declared
        self._of_vectors = of_vectors
        self.formulas: Mapping[str, Formula] = {
            name: _padded(function, of_vectors) for name, function in (formulas or {}).items()
        }
        self._support = support

    def support(self, theta: Mapping[str, float]) -> tuple[float, float]:
        """Return the ends of the interval that values lie in."""
        if self._support is None:
            return -np.inf, np.inf
        with in_double():
            return self._support(theta)

    def shape(self, theta: Mapping[str, float], n: int) -> tuple[int, ...]:
        """Return the shape of n draws, without drawing."""
        with in_double():
            return tuple(self._drawn(theta, n).shape)

    def _drawn(self, theta: Mapping[str, Any], n: int) -> Any:
        arrays = _arrays(theta, n)
        return _jax().eval_shape(lambda at: self._draw(_key(0), at, n), arrays)

    def _pulled(self, key: Any, theta: Mapping[str, Any], upstream: Any = None) -> tuple[Any, Any]:
        """Return a block of draws, and its product with upstream gradients: 1 by default."""
        jax = _jax()
        n = next(iter(theta.values())).shape[0]
        value, pull_back = jax.vjp(lambda at: self._draw(key, at, n), theta)
        return value, pull_back(jax.numpy.ones_like(value) if upstream is None else upstream)[0]

    def values(self, theta: Mapping[str, Any], n: int, seed: int) -> Array:
        """Return n draws."""
        with in_double(theta):
            arrays = _arrays(theta, _BLOCK)
            blocks = [np.asarray(self._compiled[0](key, arrays)) for key in _keys(seed, n)]
        return np.concatenate(blocks)[:n]

    def sample(self, theta: Mapping[str, Any], n: int, seed: int) -> tuple[Array, Slopes]:
        """Return the same draws, with gradients, or raise NoGradient."""
        with in_double(theta):
            declared = self._declared(theta)
            if isinstance(declared, str):
                raise NoGradient(declared)
            kind = self._drawn(theta, n).dtype
            if not np.issubdtype(kind, np.floating):
                raise NoGradient(f"draws of {self._label} have type {kind}: no gradient flows")
            arrays, keys = _arrays(theta, _BLOCK), [*_keys(seed, n)]
            blocks = [self._compiled[1](key, arrays) for key in keys]
            value = np.concatenate([np.asarray(block[0]) for block in blocks])[:n]

        def pull(upstream: Array) -> dict[str, Array]:
            parts = np.resize(upstream, (len(keys), _BLOCK, *upstream.shape[1:]))
            with in_double(theta):
                found = [
                    self._compiled[1](key, arrays, part)[1]
                    for key, part in zip(keys, parts, strict=True)
                ]
            return _joined(found, n)

        return value, pull if self._of_vectors else _joined([block[1] for block in blocks], n)

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return the same draws with gradients, differentiated again: no draw depends on others."""
        jax, (value, slopes) = _jax(), self.sample(theta, n, seed)

        def along(key: Any, at: Mapping[str, Any], b: str) -> Any:
            numbers = jax.numpy
            step = {c: (numbers.ones_like if c == b else numbers.zeros_like)(at[c]) for c in at}
            return jax.jvp(lambda moved: self._pulled(key, moved)[1], (at,), (step,))[1]

        with in_double(theta):
            arrays, compiled = _arrays(theta, _BLOCK), jax.jit(along, static_argnums=2)
            rows = {b: _joined([compiled(k, arrays, b) for k in _keys(seed, n)], n) for b in theta}
        bends = {(a, b): rows[b][a] for a in theta for b in theta}
        return Sample(value, cast(Mapping[str, Array], slopes)), bends

    @cached_property
    def _compiled(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        jax = _jax()
        return jax.jit(lambda key, theta: self._draw(key, theta, _BLOCK)), jax.jit(self._pulled)


@dataclass(frozen=True, kw_only=True)
class JaxLibrary(Library):
    """A library written in JAX, and how its distributions are used."""

    #: From a distribution and a key to a draw.
    draw: Callable[[Any, Any], Any]
    #: From a distribution, and what it is called, to the ends of the interval that values lie in.
    support: Callable[[Any, str], tuple[float, float]]
    #: From a distribution to whether it is said to be reparameterized, or to why not.
    declared: Callable[[Any], bool | str]

    def sampling(self, make: Make, cls: Any, label: str, *, of_vectors: bool) -> JaxSampling:
        """Return the sampler of a distribution, made from arrays of parameters."""

        def declared(theta: Mapping[str, Any]) -> bool | str:
            kind = self.declared(make(theta))
            return f"{label} {kind}" if isinstance(kind, str) else kind

        return JaxSampling(
            label,
            lambda key, theta, n: self.draw(make(theta), key),
            formulas={"log_prob": lambda y, /, **theta: make(theta).log_prob(y)},
            support=lambda theta: self.support(make(theta), label),
            declared=declared,
            of_vectors=of_vectors,
        )

    def stacked(self, arrays: list[Any]) -> Any:
        """Return arrays that broadcast together, joined along a new last axis."""
        numpy = _jax().numpy
        return numpy.stack(numpy.broadcast_arrays(*arrays), axis=-1)


def _key(seed: int) -> Any:
    return _jax().random.key(seed % 2**63)


def _keys(seed: int, n: int) -> Iterator[Any]:
    """Yield a key for each block of n draws."""
    key = _key(seed)
    for block in range(-(-n // _BLOCK)):
        yield _jax().random.fold_in(key, block)


def _arrays(theta: Mapping[str, Any], n: int) -> dict[str, Array]:
    return {name: np.broadcast_to(each, (n, *np.shape(each))) for name, each in theta.items()}


def _joined(blocks: list[Mapping[str, Any]], n: int) -> dict[str, Array]:
    """Return arrays by name, given their blocks."""
    names = blocks[0]
    return {k: np.concatenate([np.asarray(each[k]) for each in blocks])[:n] for k in names}


def _padded(function: Callable[..., Any], of_vectors: bool) -> Formula:
    """Return a formula compiled for a few sizes only, to which arrays are filled up.

    Those of numbers broadcast, and are flattened; of vectors there is one parameter set.
    """
    compiled = _jax().jit(lambda y, theta: function(y, **theta))

    def filled(array: Array) -> Array:
        shape = max(_LEAST, 1 << (max(len(array), 1) - 1).bit_length()), *array.shape[1:]
        return np.resize(array, shape) if len(array) else np.ones(shape)

    def formula(y: Array, /, **theta: Array) -> Array:
        with in_double():
            if of_vectors:
                return np.asarray(compiled(filled(y), theta))[: len(y)]
            given, *moved = np.broadcast_arrays(y, *theta.values())
            flat = {k: filled(each.ravel()) for k, each in zip(theta, moved, strict=True)}
            found = np.asarray(compiled(filled(given.ravel()), flat))
        return found[: given.size].reshape(given.shape)

    return formula
