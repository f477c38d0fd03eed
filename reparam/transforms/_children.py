"""Declarations of the distributions that others are made of."""

from __future__ import annotations

from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.base.tree import Child, Children
from reparam.errors import ParameterError
from reparam.transforms.maps import Map

__all__ = ["Continuous", "Counts", "Monotone", "SeveralContinuous"]


class Continuous(Child[Reparameterized]):
    """A child that draws real numbers by reparameterization.

    Parameters
    ----------
    description
        A few words on what it is.
    """

    def __init__(self, description: str) -> None:
        super().__init__(lambda: Reparameterized, description)

    def _one(self, label: str, value: object) -> Reparameterized:
        return continuous(label, value)


class Counts(Child[Discrete]):
    """A child that draws integers.

    Parameters
    ----------
    description
        A few words on what it is.
    """

    def __init__(self, description: str) -> None:
        super().__init__(lambda: Discrete, description)

    def _one(self, label: str, value: object) -> Discrete:
        if isinstance(value, Discrete):
            return value
        given = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
        raise ParameterError(
            f"{label}={given} does not draw integers; pass an instance of a discrete distribution,"
            " such as Poisson()"
        )


class Monotone(Child[Map]):
    """A child that is a map.

    Parameters
    ----------
    description
        A few words on what it is.
    """

    def __init__(self, description: str) -> None:
        super().__init__(lambda: Map, description)

    def _one(self, label: str, value: object) -> Map:
        if isinstance(value, Map):
            return value
        given = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
        raise ParameterError(
            f"{label}={given} is not a map; pass one, such as Exp() or Affine(scale=2.0), or"
            ' use reparam.transformed, which takes a formula, such as "sinh(y)"'
        )


class SeveralContinuous(Children[Reparameterized]):
    """Children each of which draws real numbers by reparameterization.

    Parameters
    ----------
    description
        A few words on what they are.
    """

    def __init__(self, description: str) -> None:
        super().__init__(lambda: Reparameterized, description)

    def _one(self, label: str, value: object) -> Reparameterized:
        return continuous(label, value)


def continuous(label: str, value: object) -> Reparameterized:
    """Return `value` if it is a distribution that draws real numbers by reparameterization.

    Raises
    ------
    ParameterError
        If it is anything else.
    """
    if isinstance(value, Reparameterized) and not (value.event_shape or value._has_atoms):
        return value
    if isinstance(value, Discrete):
        problem = "draws integers"
    elif isinstance(value, Reparameterized) and value._has_atoms:
        problem = "has no density: its endpoints have probabilities"
    elif isinstance(value, Reparameterized):
        problem = "draws vectors"
    elif isinstance(value, Distribution):
        problem = "has no reparameterization"
    else:
        problem = "is not a distribution"
    given = f"the class {value.__name__}" if isinstance(value, type) else repr(value)
    raise ParameterError(
        f"{label}={given} {problem}; pass an instance of a distribution of real numbers,"
        " such as Gaussian()"
    )
