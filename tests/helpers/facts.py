"""What distributions declare about themselves, as numbers: their tails, and SciPy's spelling."""

import re

import numpy as np
from scipy import stats

import reparam as rp


def scipy_name(cls):
    """Return what scipy.stats calls a distribution, or an empty string."""
    return cls.about.scipy.partition("(")[0]


def scipy_arguments(cls):
    """Return SciPy's names of the parameters, and our text for each."""
    name, arguments = re.fullmatch(r"(\w+)\((.*)\)", cls.about.scipy).groups()
    family = getattr(stats, name)
    names = (family.shapes.split(", ") if family.shapes else []) + ["loc", "scale"]
    found = {}
    for place, argument in enumerate(filter(None, arguments.split(", "))):
        theirs, equals, ours = argument.rpartition("=")
        found[theirs if equals else names[place]] = ours
    return found


def in_scipy(d):
    """Return the same distribution of scipy.stats, as ``about.scipy`` spells it."""
    values = {name: getattr(d, name) for name in d.parameters}
    arguments = {
        theirs: rp.Expression(ours).value(values)
        for theirs, ours in scipy_arguments(type(d)).items()
    }
    return getattr(stats, scipy_name(d))(**arguments)


def tails(d):
    """Return the exponents of the lower and the upper tail: (power, NaN) or (NaN, growth)."""
    values = {**{name: getattr(d, name) for name in d.parameters}, "inf": np.inf}

    def number(text):
        return rp.Expression(text).value(values)[()] if text else np.nan

    return [(number(tail.power), number(tail.growth)) for tail in d._tails]


def lacks_mean(d):
    """Return where E|y| is infinite, by the declared tails."""
    if d._tails is None:
        return np.False_
    low, high = (
        np.isinf(end) & (power <= 1.0) for (power, _), end in zip(tails(d), d.support, strict=True)
    )
    return low | high
