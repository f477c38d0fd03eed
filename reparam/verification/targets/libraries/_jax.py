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
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.verification.laws.law import Formula
from reparam.verification.refusals import NoGradient
from reparam.verification.targets.libraries._library import Library, Make
from reparam.verification.targets.libraries._vectors import VectorRow
from reparam.verification.targets.target import Bends, Sample

__all__ = ["JaxLibrary", "JaxSampling", "JaxVectorSampling", "in_double"]

#: Draws in a block, each of which has a key of its own.
_BLOCK = 4096
#: Vectors in a block: their derivatives are larger.
_VECTORS = 1024
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
    """A function that draws: ``draw(key, theta, n)`` returns n values, given arrays of n.

    Parameters
    ----------
    label
        What it is called in messages.
    draw
        The function.
    formulas
        ``log_prob`` or ``cdf``, a function of an array and of parameters by name.
    support
        From the parameters to the ends of the interval that values lie in.
    declared
        From the parameters to True, or to why no gradient flows, if the library says so.
    """

    def __init__(
        self,
        label: str,
        draw: Callable[[Any, Mapping[str, Any], int], Any],
        *,
        formulas: Mapping[str, Callable[..., Any]] | None = None,
        support: Callable[[Mapping[str, float]], tuple[float, float]] | None = None,
        declared: Callable[[Mapping[str, float]], bool | str] = lambda theta: True,
    ) -> None:
        self._label, self._draw, self._declared = label, draw, declared
        self.formulas: Mapping[str, Formula] = {
            name: _padded(function) for name, function in (formulas or {}).items()
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

    def _drawn(self, theta: Mapping[str, float], n: int) -> Any:
        arrays = _arrays(theta, n)
        return _jax().eval_shape(lambda at: self._draw(_key(0), at, n), arrays)

    def _pulled(self, key: Any, theta: Mapping[str, Any]) -> tuple[Any, Mapping[str, Any]]:
        jax = _jax()
        n = next(iter(theta.values())).shape[0]
        value, pull_back = jax.vjp(lambda at: self._draw(key, at, n), theta)
        return value, pull_back(jax.numpy.ones_like(value))[0]

    def values(self, theta: Mapping[str, float], n: int, seed: int) -> Array:
        """Return n draws."""
        with in_double(theta):
            arrays = _arrays(theta, _BLOCK)
            blocks = [np.asarray(self._compiled[0](key, arrays)) for key in _keys(seed, n)]
        return np.concatenate(blocks)[:n]

    def sample(self, theta: Mapping[str, float], n: int, seed: int) -> Sample:
        """Return the same draws, with gradients, or raise NoGradient."""
        with in_double(theta):
            declared = self._declared(theta)
            if isinstance(declared, str):
                raise NoGradient(declared)
            kind = self._drawn(theta, n).dtype
            if not np.issubdtype(kind, np.floating):
                raise NoGradient(f"draws of {self._label} have type {kind}: no gradient flows")
            arrays = _arrays(theta, _BLOCK)
            blocks = [self._compiled[1](key, arrays) for key in _keys(seed, n)]
            value = np.concatenate([np.asarray(block[0]) for block in blocks])
            gradients = {
                name: np.concatenate([np.asarray(block[1][name]) for block in blocks])
                for name in theta
            }
        return Sample(value[:n], {name: each[:n] for name, each in gradients.items()})

    def second(self, theta: Mapping[str, float], n: int, seed: int) -> tuple[Sample, Bends]:
        """Return the same draws with gradients, differentiated again: no draw depends on others."""
        jax, sample = _jax(), self.sample(theta, n, seed)

        def slopes(key: Any, at: Mapping[str, Any]) -> Any:
            return self._pulled(key, at)[1]

        def along(key: Any, at: Mapping[str, Any], b: str) -> Any:
            numbers = jax.numpy
            step = {c: (numbers.ones_like if c == b else numbers.zeros_like)(at[c]) for c in at}
            return jax.jvp(lambda moved: slopes(key, moved), (at,), (step,))[1]

        with in_double(theta):
            arrays, compiled = _arrays(theta, _BLOCK), jax.jit(along, static_argnums=2)
            blocks = [{b: compiled(k, arrays, b) for b in theta} for k in _keys(seed, n)]
            bends = {
                (a, b): np.concatenate([np.asarray(each[b][a]) for each in blocks])[:n]
                for a in theta
                for b in theta
            }
        return sample, bends

    @cached_property
    def _compiled(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        jax = _jax()
        return jax.jit(lambda key, theta: self._draw(key, theta, _BLOCK)), jax.jit(self._pulled)


class JaxVectorSampling:
    """A function that draws one vector or matrix: ``draw(key, arguments)``.

    Parameters
    ----------
    label
        What it is called in messages.
    row
        Its arguments, and the registered parameters that these are.
    draw, log_prob
        The function, and the log density of a value given the arguments, if there is one.
    declared
        From the arguments to True, or to why no gradient flows, if the library says so.
    """

    def __init__(
        self,
        label: str,
        row: VectorRow,
        draw: Callable[[Any, Mapping[str, Any]], Any],
        log_prob: Callable[[Any, Mapping[str, Any]], Any] | None = None,
        declared: Callable[[Mapping[str, Any]], bool | str] = lambda arguments: True,
    ) -> None:
        self._label, self._row = label, row
        self._draw, self._log_prob, self._declared = draw, log_prob, declared

    def _arguments(self, theta: Mapping[str, Any]) -> dict[str, Any]:
        return self._row.arguments(theta, lambda m: m.diagonal(axis1=-2, axis2=-1))

    def values(self, theta: Mapping[str, Array], n: int, seed: int) -> Array:
        """Return n draws."""
        with in_double():
            blocks = [np.asarray(self._compiled[0](k, theta)) for k in self._keys(seed, n)]
        return np.concatenate(blocks)[:n]

    def sample(
        self, theta: Mapping[str, Array], n: int, seed: int
    ) -> tuple[Array, Mapping[str, Array]]:
        """Return the same draws, with gradients, or raise NoGradient."""
        moving = {name: each for name, each in theta.items() if name not in self._row.constants}
        with in_double():
            kind = self._declared(self._arguments(theta))
            if isinstance(kind, str):
                raise NoGradient(kind)
            blocks = [self._compiled[1](keys, moving) for keys in self._keys(seed, n)]
            slopes = {
                name: np.concatenate([np.asarray(each[name]) for each in blocks])[:n]
                for name in moving
            }
        return self.values(theta, n, seed), slopes

    def log_prob(self, y: Array, theta: Mapping[str, Array]) -> Array | None:
        """Return the log density."""
        if self._log_prob is None:
            return None
        size = max(_LEAST, 1 << (max(len(y), 1) - 1).bit_length())
        with in_double():
            filled = np.resize(y, (size, *y.shape[1:])) if len(y) else np.ones((size, *y.shape[1:]))
            return np.asarray(self._compiled[2](filled, dict(theta)))[: len(y)]

    @cached_property
    def _compiled(self) -> tuple[Callable[..., Any], ...]:
        jax = _jax()

        def one(key: Any, theta: Mapping[str, Any]) -> Any:
            return self._draw(key, self._arguments(theta))

        def density(y: Any, theta: Mapping[str, Any]) -> Any:
            assert self._log_prob is not None
            return self._log_prob(y, self._arguments(theta))

        slopes = jax.jacrev(one, argnums=1)
        return tuple(jax.jit(jax.vmap(f, (0, None))) for f in (one, slopes, density))

    def _keys(self, seed: int, n: int) -> Iterator[Any]:
        """Yield keys, those of a block at a time."""
        for key in _keys(seed, -(-n // _VECTORS) * _BLOCK):
            yield _jax().random.split(key, _VECTORS)


@dataclass(frozen=True, kw_only=True)
class JaxLibrary(Library):
    """A library written in JAX, and how its distributions are used.

    Attributes
    ----------
    draw
        From a distribution and a key to a draw.
    support
        From a distribution, and what it is called, to the ends of the interval that values lie in.
    declared
        From a distribution to whether it is said to be reparameterized, or to why not.
    """

    draw: Callable[[Any, Any], Any]
    support: Callable[[Any, str], tuple[float, float]]
    declared: Callable[[Any], bool | str]

    def sampling(self, make: Make, cls: Any, label: str) -> JaxSampling:
        """Return the sampler of a distribution, made from arrays of parameters."""
        return JaxSampling(
            label,
            lambda key, theta, n: self.draw(make(theta), key),
            formulas={"log_prob": lambda y, /, **theta: make(theta).log_prob(y)},
            support=lambda theta: self.support(make(theta), label),
            declared=lambda theta: self._kind_of(make(theta), label),
        )

    def vector_sampling(self, cls: Any, row: VectorRow, label: str) -> JaxVectorSampling:
        """Return the sampler of a class of distributions of vectors or matrices."""
        return JaxVectorSampling(
            label,
            row,
            lambda key, given: self.draw(cls(**given), key),
            lambda y, given: cls(**given).log_prob(y),
            lambda given: self._kind_of(cls(**given), label),
        )

    def _kind_of(self, distribution: Any, label: str) -> bool | str:
        kind = self.declared(distribution)
        return f"{label} {kind}" if isinstance(kind, str) else kind

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


def _arrays(theta: Mapping[str, float], n: int) -> dict[str, Array]:
    return {name: np.full(n, value) for name, value in theta.items()}


def _padded(function: Callable[..., Any]) -> Formula:
    """Return a formula compiled for a few sizes only: arrays are flattened and filled up."""
    jax = _jax()
    compiled = jax.jit(lambda y, theta: function(y, **theta))

    def formula(y: Array, /, **theta: Array) -> Array:
        names = list(theta)
        given, *moved = np.broadcast_arrays(y, *theta.values())
        size = max(_LEAST, 1 << (max(given.size, 1) - 1).bit_length())
        flat = [np.resize(each, size) if each.size else np.ones(size) for each in (given, *moved)]
        with in_double():
            found = np.asarray(compiled(flat[0], dict(zip(names, flat[1:], strict=True))))
        return found[: given.size].reshape(given.shape)

    return formula
