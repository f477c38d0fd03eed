"""A whole run: checks of targets by witnesses, in worker processes, gathered into a report."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reparam.errors import InputError, ReparamError, SeedError, did_you_mean
from reparam.verification import witnesses as known
from reparam.verification.checking import run_check
from reparam.verification.context import LEVELS
from reparam.verification.pool import Pool, Task
from reparam.verification.resolving import name_of, resolve
from reparam.verification.results import Check, Report
from reparam.verification.statistics import FALSE_ALARM
from reparam.verification.worker import Answer, Lost, Raised, Returned, Unreadable

__all__ = [
    "TIME_LIMIT",
    "TargetSpec",
    "checks_here",
    "importable",
    "registered",
    "resolved",
    "validated",
    "verify",
]

#: Seconds for a check, unless something else is asked for.
TIME_LIMIT = 120.0


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

    def __post_init__(self) -> None:
        if self.rtol is not None:
            validated("rtol", self.rtol)
        for name in (*self.only, *self.skip):
            validated("witness", name)

    @property
    def name(self) -> str:
        """What to call it."""
        return name_of(self.target)

    @property
    def witnesses(self) -> tuple[str, ...]:
        """The names of the witnesses that look at it, in the order of a report."""
        asked = [name for name in known.NAMES if not self.only or name in self.only]
        return tuple(
            name
            for name in asked
            if name not in self.skip and (not self.seen_by or name in self.seen_by)
        )


def validated(what: str, value: Any) -> Any:
    """Return a setting of a run if it makes sense.

    Parameters
    ----------
    what
        ``"level"``, ``"witness"``, ``"seed"``, ``"rtol"``, ``"workers"`` or ``"time limit"``.
    value
        Its value.

    Raises
    ------
    InputError, SeedError
        Otherwise; the message has the rule.
    """
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or isinstance(value, float)
    match what:
        case "level" | "witness":
            names: Iterable[str] = LEVELS if what == "level" else known.NAMES
            if not isinstance(value, str) or value not in names:
                raise InputError(
                    f"no {what} is called {value!r}{did_you_mean(str(value), names)}"
                    f" (there are {', '.join(names)})"
                )
        case "seed":
            if not whole or value < 0:
                raise SeedError(
                    f"seed {value!r} is not a non-negative integer; pass for example 42"
                )
        case "rtol":
            if not number or not 0.0 < value < 1.0:
                raise InputError(f"rtol {value!r} is not between 0 and 1; pass for example 1e-6")
        case "workers":
            if not whole or value < 1:
                raise InputError(
                    f"number of workers {value!r} is not a whole number from 1; pass for example 2"
                )
        case "time limit":
            if not number or not value > 0.0:
                raise InputError(
                    f"time limit {value!r} is not a positive number of seconds;"
                    " pass for example 120"
                )
    return value


def registered() -> list[TargetSpec]:
    """Return the registered distributions that there is something to verify of.

    Of those without gradients nothing is looked at that would need them.
    """
    from reparam import registry
    from reparam.discrete import Discrete
    from reparam.distribution import Reparameterized
    from reparam.vectors import VectorReparameterized

    kinds = Reparameterized | VectorReparameterized | Discrete
    found = {name: registry.get(name) for name in registry.names()}
    return [
        TargetSpec(name, seen_by=known.WITHOUT_GRADIENTS)
        if issubclass(cls, Discrete)
        else TargetSpec(name)
        for name, cls in found.items()
        if issubclass(cls, kinds)
    ]


def verify(
    targets: Any = None,
    *,
    witnesses: Iterable[str] | None = None,
    level: str = "default",
    seed: int | None = None,
    rtol: float | None = None,
    fixed: Mapping[str, float] | None = None,
    workers: int | None = None,
    time_limit: float = TIME_LIMIT,
    on_check: Callable[[Check], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Check samplers and their gradients by independent witnesses.

    Each check, of one target by one witness, runs in a worker process: one that hangs is ended at
    its time limit, one whose process dies is replaced, and either is reported as a failing check.
    A target that no other process can import (defined in a script or a notebook, or holding a
    lambda) is checked in this process, where no time limit applies.

    Parameters
    ----------
    targets
        One target, or a list of them; all registered distributions by default. A target is a
        name (``"laplace"``, ``"package.module:attribute"``, ``"torch:Beta"``), the thing itself,
        or a :class:`TargetSpec`.
    witnesses
        The names of the witnesses to ask; all by default.
    level
        ``"quick"``, ``"default"`` or ``"thorough"``: how much to look at.
    seed
        What all random choices come from; a fresh one by default, which the report has. The same
        seed gives the same findings, whatever the number of workers.
    rtol
        The relative error allowed where the reference is exact; by default what the precision of
        the target's values calls for.
    fixed
        Parameters to keep at these values, by name.
    workers
        The number of worker processes; by default one an available core, or
        ``REPARAM_NUM_THREADS``.
    time_limit
        Seconds for a check.
    on_check
        Called with each check, in the report's order, as soon as those before it are there too.
    on_progress
        Called with the number of checks that are done, and that of all.

    Returns
    -------
    Report
        The checks by target, then witness.

    Raises
    ------
    ReparamError
        If there is no such target or witness, or a target lacks part of the protocol; before any
        check is run.

    Examples
    --------
    >>> report = verify("laplace", witnesses=["derivative", "score"], level="quick", seed=1)
    >>> report.holds
    True
    >>> [check.witness for check in report.checks]
    ['derivative', 'score']
    """
    from reparam import __version__

    started = time.perf_counter()
    if targets is None:
        targets = registered()
    elif not isinstance(targets, list | tuple):
        targets = [targets]
    plan = _planned(targets, witnesses, level, seed, rtol, fixed or {})
    jobs = plan.jobs
    with _pool(workers, len(jobs), time_limit) as pool:
        names = _resolved(pool, plan.specs)
        tasks = [
            (
                _checked,
                {
                    "spec": plan.specs[place],
                    "name": names[place],
                    "witness": witness,
                    **plan.settings,
                },
            )
            for place, witness in jobs
        ]
        # target by target, so that a report grows from its top, and of each target the expensive
        # checks first, so that the last ones, which not all workers share, are short
        order = sorted(
            range(len(jobs)), key=lambda at: (jobs[at][0], known.BY_COST.index(jobs[at][1]))
        )
        checks: dict[int, Check] = {}
        told = 0
        if on_progress:
            on_progress(0, len(jobs))
        for number, answer in _answers(pool, {number: tasks[number] for number in order}):
            place, witness = jobs[number]
            checks[number] = _check_of(answer, names[place], witness)
            if on_progress:
                on_progress(len(checks), len(jobs))
            while told in checks:
                if on_check:
                    on_check(checks[told])
                told += 1
    return Report(
        checks=tuple(checks[number] for number in range(len(jobs))),
        seed=plan.settings["seed"],
        level=level,
        false_alarm=plan.false_alarm,
        version=__version__,
        seconds=time.perf_counter() - started,
    )


def checks_here(
    target: Any,
    *,
    witnesses: Iterable[str] | str | None = None,
    level: str = "default",
    seed: int | None = None,
    rtol: float | None = None,
    fixed: Mapping[str, float] | None = None,
) -> list[Check]:
    """Return the checks of one target, made in this process: without a time limit.

    The parameters, and what is raised, are those of :func:`verify`.
    """
    plan = _planned([target], witnesses, level, seed, rtol, fixed or {})
    (spec,) = plan.specs
    name = _name(spec)
    return [_checked(spec, name, witness, **plan.settings) for _, witness in plan.jobs]


def resolved(
    specs: Sequence[TargetSpec], *, workers: int | None = None, time_limit: float = TIME_LIMIT
) -> list[str]:
    """Return the targets' names, if there are all these targets.

    Raises
    ------
    ReparamError
        If not, or one lacks part of the protocol.
    """
    with _pool(workers, len(specs), time_limit) as pool:
        return _resolved(pool, specs)


@contextmanager
def importable(directory: Path) -> Iterator[None]:
    """Let modules in a directory be imported, as ``python -m`` does; by workers, too."""
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))


@dataclass(frozen=True)
class _Plan:
    """The checks of a run: by target and witness, and what all have in common."""

    specs: Sequence[TargetSpec]
    jobs: Sequence[tuple[int, str]]
    settings: Mapping[str, Any]
    false_alarm: float


def _planned(
    targets: Iterable[Any],
    witnesses: Iterable[str] | str | None,
    level: str,
    seed: int | None,
    rtol: float | None,
    fixed: Mapping[str, float],
) -> _Plan:
    """Return what to check, with what is asked for of all targets."""
    if isinstance(witnesses, str):
        witnesses = [witnesses]
    run = TargetSpec(None, rtol, tuple(known.NAMES if witnesses is None else witnesses))
    specs = [
        replace(
            spec,
            rtol=run.rtol if spec.rtol is None else spec.rtol,
            skip=(*spec.skip, *(name for name in known.NAMES if name not in run.only)),
            parameters={**spec.parameters, **fixed},
        )
        for spec in (each if isinstance(each, TargetSpec) else TargetSpec(each) for each in targets)
    ]
    jobs = [(place, witness) for place, spec in enumerate(specs) for witness in spec.witnesses]
    validated("level", level)
    seed = secrets.randbits(32) if seed is None else validated("seed", seed)
    if not jobs:
        raise InputError(
            "no witness is left to ask; ask for others, or skip fewer"
            if specs
            else "there is no target to verify; name one"
        )
    statistical = sum(witness in known.STATISTICAL for _, witness in jobs)
    return _Plan(
        specs=specs,
        jobs=jobs,
        settings={"level": level, "seed": seed, "alpha": FALSE_ALARM / max(1, statistical)},
        false_alarm=FALSE_ALARM if statistical else 0.0,
    )


def _pool(workers: int | None, tasks: int, time_limit: float) -> Pool:
    """Return the worker processes for so many tasks."""
    from reparam.blockwise import thread_count

    size = thread_count() if workers is None else validated("workers", workers)
    return Pool(max(1, min(size, tasks)), validated("time limit", time_limit))


def _resolved(pool: Pool, specs: Sequence[TargetSpec]) -> list[str]:
    """Return the targets' names, or raise what is wrong with the first that is of no use."""
    tasks: dict[int, Task] = {at: (_name, {"spec": spec}) for at, spec in enumerate(specs)}
    names: dict[int, str] = {}
    errors: dict[int, ReparamError] = {}
    for at, answer in _answers(pool, tasks):
        match answer:
            case Returned():
                names[at] = answer.value
            case Raised():
                errors[at] = answer.error
            case Lost():
                errors[at] = InputError(f"{specs[at].name} can't be used: {answer.reason}")
    if errors:
        raise errors[min(errors)]
    return [names[at] for at in range(len(specs))]


def _check_of(answer: Answer, target: str, witness: str) -> Check:
    """Return the check that an answer is."""
    match answer:
        case Returned():
            check: Check = answer.value
            return check
        case Lost():
            return Check(
                target, witness, reason=answer.reason, crashed=True, seconds=answer.seconds
            )
        case Raised():
            raise answer.error
    raise AssertionError(answer)


def _answers(pool: Pool, tasks: Mapping[int, Task]) -> Iterator[tuple[int, Answer]]:
    """Yield answers of worker processes, and then of this process for what only it can read."""
    own = []
    for number, answer in pool.answers(tasks):
        if isinstance(answer, Unreadable):
            own.append(number)
        else:
            yield number, answer
    for number in own:
        function, arguments = tasks[number]
        try:
            yield number, Returned(function(**arguments))
        except ReparamError as error:
            yield number, Raised(error)


def _name(spec: TargetSpec) -> str:
    """Return a target's name; raise a ReparamError if there is no such target."""
    try:
        return resolve(spec.target, spec.parameters).name
    except ReparamError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        raise InputError(f"{spec.name} can't be used: {type(error).__name__}: {error}") from error


def _checked(
    spec: TargetSpec, name: str, witness: str, level: str, seed: int, alpha: float
) -> Check:
    started = time.perf_counter()
    known.load(witness)  # a mistake of ours, if it raises
    try:
        return run_check(
            spec.target,
            witness,
            LEVELS[level],
            seed=seed,
            alpha=alpha,
            rtol=spec.rtol,
            fixed=dict(spec.parameters),
            name=name,
        )
    except ReparamError:
        raise
    except (Exception, SystemExit) as error:
        return Check(
            name,
            witness,
            reason=f"it raised {type(error).__name__}: {error}",
            crashed=True,
            seconds=time.perf_counter() - started,
        )
