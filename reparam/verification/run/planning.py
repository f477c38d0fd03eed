"""What a run has to do: targets with their settings, and the checks that follow."""

from __future__ import annotations

import math
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral, Real
from typing import Any

from reparam.errors import InputError, SeedError, did_you_mean
from reparam.verification import witnesses as known
from reparam.verification.evidence.context import LEVELS
from reparam.verification.numerics.statistics import FALSE_ALARM
from reparam.verification.targets.resolving import name_of

__all__ = [
    "TIME_LIMITS",
    "Plan",
    "TargetSpec",
    "distinct",
    "need_witnesses",
    "planned",
    "registered",
    "validated",
]

#: The precisions that draws can be asked for in.
DTYPES = ("float64", "float32")
#: Seconds for a check at each level, unless something else is asked for.
TIME_LIMITS = {"quick": 60.0, "default": 120.0, "thorough": 1800.0}
#: Settings that are numbers: the kind, what is right, and the rule.
_NUMBERS: Mapping[str, tuple[type, Callable[[Any], bool], str]] = {
    "seed": (Integral, lambda n: n >= 0, "a non-negative integer; pass for example 42"),
    "rtol": (Real, lambda x: 0.0 < x < 1.0, "a number between 0 and 1; pass for example 1e-6"),
    "workers": (Integral, lambda n: n >= 1, "a whole number from 1; pass for example 2"),
    "time limit": (
        Real,
        lambda x: 0.0 < x <= sys.float_info.max or x == math.inf,
        "a positive number of seconds; pass for example 120",
    ),
}


@dataclass(frozen=True)
class TargetSpec:
    """A target, and what is particular about its checks.

    Attributes
    ----------
    target
        A registered distribution's name, ``"package.module:attribute"``, ``"library:sampler"``, or
        the thing itself.
    rtol
        The relative error allowed; None for the run's.
    only, skip
        Names of witnesses: these alone (of all, if there are none), and not those.
    parameters
        Parameters to keep at these values, by name.
    seen_by
        The witnesses that have anything to look at, if that is known; no others are asked then.
    dtype
        ``"float64"`` or ``"float32"``, the precision of its draws; None for the run's.

    Raises
    ------
    InputError
        If `rtol` is not between 0 and 1, or there is no such witness.
    """

    target: Any
    rtol: float | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    seen_by: tuple[str, ...] = ()
    dtype: str | None = None

    def __post_init__(self) -> None:
        if self.rtol is not None:
            validated("rtol", self.rtol)
        if self.dtype is not None:
            validated("dtype", self.dtype)
        for name in (*self.only, *self.skip):
            validated("witness", name)

    @property
    def name(self) -> str:
        """What to call it."""
        return name_of(self.target)

    @property
    def suffix(self) -> str:
        """Its own parameters, as in a call, which distinguish it from others of its name."""
        given = ", ".join(f"{name}={value:g}" for name, value in self.parameters.items())
        return f"({given})" if given else ""

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The names of the witnesses that look at it, in the order of a report."""
        asked = [name for name in known.NAMES if name in (self.only or known.DEFAULTS)]
        return tuple(
            name
            for name in asked
            if name not in self.skip and (not self.seen_by or name in self.seen_by)
        )


def validated(what: str, value: Any) -> Any:
    """Return a setting of a run if it makes sense, or raise an error that has the rule.

    It is a ``"level"``, ``"witness"``, ``"dtype"``, ``"seed"``, ``"rtol"``, ``"time limit"`` or the
    number of ``"workers"``.
    """
    names: Iterable[str] = {"level": LEVELS, "witness": known.NAMES}.get(what, DTYPES)
    if what not in _NUMBERS:
        if not isinstance(value, str) or value not in names:
            raise InputError(
                f"no {what} is called {value!r}{did_you_mean(str(value), names)}"
                f" (there are {', '.join(names)})"
            )
        return value
    kind, is_right, rule = _NUMBERS[what]
    if not isinstance(value, kind) or isinstance(value, bool) or not is_right(value):
        called = "number of workers" if what == "workers" else what
        raise (SeedError if what == "seed" else InputError)(f"{called} {value!r} is not {rule}")
    return int(value) if isinstance(value, Integral) else value


def need_witnesses(specs: Iterable[TargetSpec]) -> None:
    """Raise unless there is a witness to ask of each target.

    Registered targets to which no requested witness applies are exempt.

    Raises InputError if what is asked for and what is skipped leave none.
    """
    for spec in specs:
        if not (spec.witnesses or spec.seen_by):
            raise InputError(
                f"no witness is left to ask of {spec.name}{spec.suffix}; ask for others, or skip"
                " fewer"
            )


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names made unique by numbering repeats.

    Examples
    --------
    >>> distinct(["mine", "laplace", "mine"])
    ['mine', 'laplace', 'mine (2)']
    """
    times: Counter[str] = Counter()
    unique = []
    for name in names:
        times[name] += 1
        unique.append(name if times[name] == 1 else f"{name} ({times[name]})")
    return unique


def registered() -> list[TargetSpec]:
    """Return the registered distributions that there is something to verify of.

    Of those without gradients nothing is looked at that would need them.
    """
    from reparam import registry
    from reparam.base.discrete import Discrete
    from reparam.base.reparameterized import Reparameterized

    kinds = Reparameterized | Discrete
    found = {name: registry.get(name) for name in registry.names()}
    return [
        TargetSpec(name, seen_by=known.WITHOUT_GRADIENTS)
        if issubclass(cls, Discrete)
        else TargetSpec(name)
        for name, cls in found.items()
        if issubclass(cls, kinds)
    ]


@dataclass(frozen=True)
class Plan:
    """The checks of a run.

    Attributes
    ----------
    specs
        The targets.
    suffixes
        What distinguishes each from others of its name.
    jobs
        The checks: the place of a target among the former, and a witness.
    settings
        What all have in common: the level, the seed, and the probability of a false alarm of a
        check.
    false_alarm
        That of the run.
    """

    specs: Sequence[TargetSpec]
    suffixes: Sequence[str]
    jobs: Sequence[tuple[int, str]]
    settings: Mapping[str, Any]
    false_alarm: float


def planned(
    targets: Iterable[Any],
    witnesses: Iterable[str] | str | None,
    level: str,
    seed: int | None,
    rtol: float | None,
    fixed: Mapping[str, float],
    among: int | None = None,
    dtype: str | None = None,
) -> Plan:
    """Return what to check, with what is asked for of all targets.

    Of equal targets one is checked.
    """
    if isinstance(witnesses, str):
        witnesses = [witnesses]
    asked = tuple(known.NAMES if witnesses is None else witnesses)
    run = TargetSpec(None, rtol, asked, dtype=dtype)
    given: list[TargetSpec] = []
    for each in targets:
        spec = each if isinstance(each, TargetSpec) else TargetSpec(each)
        if isinstance(spec.target, str):
            spec = replace(spec, target=spec.name)  # the same by all its names
        if spec not in given:
            given.append(spec)
    specs = [
        replace(
            spec,
            rtol=run.rtol if spec.rtol is None else spec.rtol,
            dtype=spec.dtype or run.dtype,
            only=spec.only or (() if witnesses is None else run.only),
            skip=(*spec.skip, *(name for name in known.NAMES if name not in run.only)),
            parameters={**spec.parameters, **fixed},
        )
        for spec in given
    ]
    validated("level", level)
    seed = secrets.randbits(32) if seed is None else validated("seed", seed)
    if not specs:
        raise InputError("there is no target to verify; name one")
    need_witnesses(specs)
    jobs = [(place, witness) for place, spec in enumerate(specs) for witness in spec.witnesses]
    statistical = sum(witness in known.STATISTICAL for _, witness in jobs)
    share = FALSE_ALARM / max(1, statistical if among is None else among)
    return Plan(
        specs=specs,
        suffixes=[spec.suffix for spec in given],
        jobs=jobs,
        settings={"level": level, "seed": seed, "alpha": share},
        false_alarm=share * statistical,
    )
