"""The witnesses of ``reparam verify``, inside a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reparam.base.distribution import Distribution
from reparam.verification.witnesses import DEFAULTS, NAMES, WITHOUT_GRADIENTS

if TYPE_CHECKING:
    from reparam.verification.results import Check

__all__ = ["DISCRETE_WITNESS_PROPERTIES", "WITNESS_PROPERTIES", "check"]

#: Draws that a property looks at, and parameter sets all over the ranges with a few draws each: a
#: suite runs often, and some quantile functions are slow.
_DRAWS, _MANY = 2**14, 32


def check(
    target: Any,
    *,
    level: str = "default",
    witnesses: Iterable[str] | str | None = None,
    seed: int = 0,
    rtol: float | None = None,
    **parameters: float,
) -> None:
    """Raise an AssertionError unless what ``reparam verify`` finds of a target holds.

    Everything happens in this process: there is no time limit, and what ends the process ends it.

    Parameters
    ----------
    target
        What :func:`reparam.verify` takes: a name such as ``"laplace"``, ``"package.module:thing"``
        or ``"torch:Beta"``, a distribution, or any object with the protocol of a sampler.
    level
        ``"quick"``, ``"default"`` or ``"thorough"``: how much to look at.
    witnesses
        The names of the witnesses to ask, or one's; all by default.
    seed
        What all random choices come from: the same seed gives the same findings.
    rtol
        The relative error allowed where the reference is exact; by default what the precision of
        the target's values calls for.
    **parameters
        Parameters to keep at these values, by name.

    Raises
    ------
    AssertionError
        If something is wrong, or too uncertain to tell, or there is nothing to look at: a sentence
        a finding, the worst first.
    ReparamError
        If there is no such target, level or witness, or the target lacks part of the protocol.

    Examples
    --------
    >>> check("laplace", level="quick", witnesses=["derivative", "score"])
    """
    from reparam.verification.run.running import checks_here

    __tracebackhide__ = True
    asked: dict[str, Any] = {"witnesses": witnesses, "level": level, "seed": seed, "rtol": rtol}
    _hold(checks_here(target, **asked, fixed=parameters), f"level {level}, seed {seed}")


def _hold(checks: list[Check], asked: str = "") -> None:
    """Raise an AssertionError unless all hold, and something was looked at."""
    from reparam.verification.results import Outcome

    __tracebackhide__ = True
    if all(check.outcome is Outcome.SKIPPED for check in checks):
        raise AssertionError("\n".join(["nothing was compared", *map(str, checks)]))
    found = [
        f"{check.target}: {check.witness}: {sentence}"
        for outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE)
        for check in checks
        if check.outcome is outcome
        for sentence in check.findings()
    ]
    if found:
        raise AssertionError("\n".join([*found, *filter(None, [asked])]))


def _property(witness: str) -> Callable[[type[Distribution]], None]:
    def passes(cls: type[Distribution]) -> None:
        from reparam.verification.evidence.context import LEVELS
        from reparam.verification.numerics.statistics import FALSE_ALARM
        from reparam.verification.results import Outcome
        from reparam.verification.run.checking import run_check

        settings: dict[str, Any] = {"seed": 0, "alpha": FALSE_ALARM, "name": cls.name}
        level = replace(LEVELS["default"], draws=_DRAWS, many=_MANY)
        found = run_check(cls, witness, level, **settings)
        # a density of many entries can't be integrated, and integers have no score: no fault
        may_be_skipped = cls._support.rank or not cls.parameters.differentiable
        if found.outcome is not Outcome.SKIPPED or not may_be_skipped:
            _hold([found])

    passes.__name__ = passes.__qualname__ = f"passes_{witness}"
    passes.__doc__ = f"Compare {NAMES[witness]}: the witness ``{witness}``, of fewer draws."
    return passes


#: A property for each witness: that a check by it holds.
WITNESS_PROPERTIES: tuple[Callable[[type[Distribution]], None], ...] = tuple(
    map(_property, DEFAULTS)
)

#: Those of the witnesses that look at discrete distributions.
DISCRETE_WITNESS_PROPERTIES = tuple(
    has_property
    for name, has_property in zip(DEFAULTS, WITNESS_PROPERTIES, strict=True)
    if name in WITHOUT_GRADIENTS
)
