"""Every error the library raises on purpose, under one base class.

Each also derives from the built-in exception one would expect, so ``except ValueError`` works.
A message names the value, the rule it breaks and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = [
    "CountError",
    "EstimatorError",
    "ExpressionError",
    "FitError",
    "GraphError",
    "IncompleteError",
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
    """Draws have no derived quantity of that name."""


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


class IncompleteError(ReparamError, TypeError):
    """The class of a distribution lacks something that its author must write."""


class SeedError(ReparamError, ValueError, TypeError):
    """Something that can't seed random numbers."""


class CountError(ReparamError, ValueError):
    """A number of draws, or a shard, that makes no sense."""


class ExpressionError(ReparamError, ValueError):
    """A formula, or a distribution, given as text can't be read, or lacks the value of a name."""

    #: Where in the text it is, from 0, and what is wrong there, if that is known.
    _place: tuple[int, str] | None = None


class GraphError(ReparamError, ValueError):
    """A graph given as text can't be read, or its inputs and nodes aren't what is asked for."""


class FitError(ReparamError, ValueError):
    """A fit that can't begin, or go on."""


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


def did_you_mean(
    name: str, candidates: Iterable[str], names: Mapping[str, str] | None = None
) -> str:
    """Return ``"; did you mean 'x'?"`` for what `name` misspells, at most three, or nothing.

    A misspelling has a wrong, missing, extra or swapped letter, or two from six letters on, and not
    at the beginning, or it leaves out up to half of the letters. Case, hyphens and underscores
    don't matter, nor f for ph. Of candidates that are spellings of one thing, by `names`, there is
    one.
    """
    wanted, found = spelled(name), []
    for candidate in candidates:
        known = spelled(candidate)
        shortened, most = _shortens(wanted, known), _most(wanted, known)
        for a, b in {(wanted, known), (wanted.replace("ph", "f"), known.replace("ph", "f"))}:
            # each letter more is an error: most names are refused by their length
            if shortened or abs(len(a) - len(b)) <= most:
                distance = _distance(a, b)
                if shortened or distance <= most:
                    found.append((distance, candidate))
    if not found:
        return ""
    least = min(found)[0]
    best: dict[str, str] = {}
    for distance, candidate in found:
        if distance == least:
            best.setdefault((names or {}).get(candidate, spelled(candidate)), candidate)
    nearest = [repr(each) for each in sorted(best.values())[:3]]
    return f"; did you mean {' or '.join(filter(None, (', '.join(nearest[:-1]), nearest[-1])))}?"


def spelled(name: str) -> str:
    """Return a name in the one spelling that its variants in case, ``-`` and ``_`` have."""
    return name.lower().replace("-", "").replace("_", "")


def _most(wanted: str, known: str) -> int:
    """Return how many letters may be wrong."""
    if wanted[:1] != known[:1] and wanted[:2] != known[1::-1]:
        return 0
    length = max(len(wanted), len(known))
    return min(2, max(length // 3, length // 2 if length < 3 else 1))


def _shortens(wanted: str, known: str) -> bool:
    """Return whether letters of a name, at least half and the first of them, make the other."""
    letters = iter(known)
    return (
        wanted[:1] == known[:1]
        and 2 * len(wanted) > len(known)
        and all(letter in letters for letter in wanted)
    )


def _distance(a: str, b: str) -> int:
    """Return how many letters to change, leave out, add or swap with the next to make b of a."""
    if abs(len(a) - len(b)) > len(b) or len(a) > 100:
        return len(a)
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        row = [i]
        for j, other in enumerate(b, 1):
            steps = [last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != other)]
            if i > 1 < j and letter == b[j - 2] and a[i - 2] == other:
                steps.append(before[j - 2] + 1)
            row.append(min(steps))
        before, last = last, row
    return last[-1]
