"""Properties of a distribution's declaration, and of what it makes of bad input."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np

from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.errors import (
    NoiseError,
    NotReparameterizable,
    ParameterError,
    ShapeError,
    UnknownParameterError,
)
from reparam.testing._report import Distributions, agree, check, refuses
from reparam.testing._typical import typical


def declares_itself(cls: type[Distribution]) -> None:
    """Name, formulas, parameters with defaults and typical values inside their domains."""
    check(cls, cls.name == cls.name.lower(), "the name is not in lower case")
    check(cls, cls.parameters, "no parameters are declared")
    moves = issubclass(cls, Reparameterized)
    formulas, expected = "derivatives" if moves else "score", cls.parameters.differentiable
    # what stands for a parameter is looked at in the form of the class that has it
    named = [name for name in getattr(cls.about, formulas) if name not in cls._left_out]
    check(
        cls,
        named == expected,
        f"about.{formulas} is of {named},"
        f" expected one a differentiable parameter, in order: {expected}",
    )
    for text in ("density", "transform", "source") if moves else ("density", "source"):
        check(cls, getattr(cls.about, text), f"about.{text} is empty")
    for parameter in cls.parameters.values():
        check(cls, parameter.description, f"{parameter.name} has no description")
        numbers = () if parameter.domain.rank else (parameter.default, *parameter.typical)
        for value in numbers:
            check(
                cls,
                value in parameter.domain,
                f"{parameter.name}={value} is a default or typical value outside"
                f" the domain {parameter.domain}",
            )
    spellings = [s for p in cls.parameters.values() for s in (p.name, *p.aliases)]
    twice = sorted({s for s in spellings if spellings.count(s) > 1})
    check(cls, not twice, f"parameters share the spelling {', '.join(twice)}")
    both = sorted({s for p in cls.parameters.values() for s in p.conversions} & {*spellings})
    check(cls, not both, f"{', '.join(both)} is a parameter's name and converted to another")


def refuses_bad_parameters(cls: type[Distribution]) -> None:
    """Values outside the domain, NaN and unknown names are errors, before any work."""
    for name, parameter in cls.parameters.items():
        default = parameter.initial
        # inf may stand for a limit
        misses = [bad for bad in parameter.domain.misses if bad <= parameter.infinity]
        for bad in (math.nan, *misses, [default, math.nan], "one"):
            refuses(cls, ParameterError, cls, **{name: bad})
        for alias in parameter.aliases:
            refuses(cls, UnknownParameterError, cls, **{name: default, alias: default})
    refuses(cls, UnknownParameterError, cls, no_such_parameter=1.0)
    several = [name for name in cls._selections()[0] if not cls.parameters[name].length_of]
    sized = {
        name: [cls.parameters[name].initial] * size for size, name in enumerate(several, start=2)
    }
    if len(sized) > 1:
        refuses(cls, ShapeError, cls, **sized)


def refuses_bad_noise(cls: Distributions) -> None:
    """Noise outside its domain is an error."""
    d = cls()
    good = [np.full(event, 0.5) for _, event in d._noises()] if d.event_shape else [np.array(0.5)]
    for number, (kind, _) in enumerate(d._noises() if d.event_shape else [(d.noise, ())]):
        for bad in (math.nan, *kind.domain.ends({})):
            several = [*good[:number], np.full(good[number].shape, bad), *good[number + 1 :]]
            refuses(d, NoiseError, d.transform, *several)
    refuses(d, NoiseError, d.transform, *good, 0.5)


def is_frozen(cls: type[Distribution]) -> None:
    """Attributes can't be set; copies and pickles are equal."""
    d = typical(cls)
    for name in (*d.parameters, "anything"):
        refuses(d, AttributeError, setattr, d, name, 1.0)
    for way, twin in (
        ("copy", copy.deepcopy(d)),
        ("pickle", pickle.loads(pickle.dumps(d))),
    ):
        for name in d.parameters:
            agree(d, f"{name} of a {way}", getattr(twin, name), np.array(getattr(d, name)))


def refuses_to_be_reparameterized(cls: type[Discrete]) -> None:
    """Reparameterized draws, and derivatives of draws, are errors that say what to use instead."""
    d = cls()
    refuses(d, NotReparameterizable, d.rsample, 3)
    refuses(d, NotReparameterizable, d.transform, 0.5)
    refuses(d, NotReparameterizable, d.pathwise, d.sample(rng=0))
    check(d, "score" in cls.obstacle(), "obstacle() doesn't mention the score")
