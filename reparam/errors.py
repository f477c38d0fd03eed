"""Every error the library raises on purpose, under one base class.

Each also derives from the built-in exception one would expect, so ``except ValueError`` works.
A message names the value, the rule it breaks and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "CountError",
    "EstimatorError",
    "ExpressionError",
    "GraphError",
    "InputError",
    "MissingExtraError",
    "NoFormulaError",
    "NoiseError",
    "NotReparameterizable",
    "OutputError",
    "ParameterError",
    "PluginWarning",
    "ReparamError",
    "SeedError",
    "ShapeError",
    "TooLargeError",
    "UnknownDistributionError",
    "UnknownParameterError",
    "UnknownViewError",
]


class ReparamError(Exception):
    """Base class of the library's errors."""


class ParameterError(ReparamError, ValueError):
    """A parameter's value is outside its domain."""


class UnknownParameterError(ReparamError, TypeError):
    """A distribution has no parameter of that name, or got one twice."""


class UnknownDistributionError(ReparamError, LookupError):
    """The registry has no distribution of that name."""


class UnknownViewError(ReparamError, AttributeError):
    """Draws have no view of that name."""


class ShapeError(ReparamError, ValueError):
    """Shapes that don't broadcast together."""


class TooLargeError(ReparamError, MemoryError):
    """Results that the machine's memory can't hold."""


class NoiseError(ReparamError, ValueError):
    """Noise outside the domain that the distribution declares for it."""


class NotReparameterizable(ReparamError, TypeError):  # noqa: N818 - a state of affairs
    """A distribution has no reparameterization y = f(z; θ)."""


class NoFormulaError(ReparamError, NotImplementedError):
    """A distribution has no formula for what is asked."""


class SeedError(ReparamError, ValueError, TypeError):
    """Something that can't seed random numbers."""


class CountError(ReparamError, ValueError):
    """A number of draws, or a shard, that makes no sense."""


class ExpressionError(ReparamError, ValueError):
    """A formula given as text can't be read, or lacks the value of a name."""


class GraphError(ReparamError, ValueError):
    """A graph given as text can't be read, or its inputs and nodes aren't what is asked for."""


class EstimatorError(ReparamError, ValueError):
    """An estimator that there isn't, or that can't serve a distribution or an objective."""


class InputError(ReparamError, ValueError):
    """Input data that can't be read as numbers."""


class OutputError(ReparamError, OSError):
    """Output that can't be written."""


class MissingExtraError(ReparamError, ImportError):
    """An optional package is needed and not installed."""


class PluginWarning(UserWarning):
    """A plugin could not be loaded, or provides something it must not."""


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest candidate, or an empty string."""
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), list(candidates), n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else ""
