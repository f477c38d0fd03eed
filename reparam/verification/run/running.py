"""A whole run: checks of targets by witnesses, in worker processes, gathered into a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from reparam import importing
from reparam._typing import Mapped
from reparam.errors import InputError, ReparamError
from reparam.importing import origin, said
from reparam.verification import witnesses as known
from reparam.verification.evidence.comparing import undecided
from reparam.verification.evidence.context import LEVELS
from reparam.verification.results import Check, Report
from reparam.verification.run.checking import run_check
from reparam.verification.run.elsewhere import Elsewhere
from reparam.verification.run.planning import (
    TIME_LIMITS,
    TargetSpec,
    distinct,
    planned,
    registered,
    validated,
)
from reparam.verification.run.pool import Pool, Task
from reparam.verification.run.worker import Answer, Lost, Raised, Returned, Unreadable, begun
from reparam.verification.targets.resolving import place_of, resolve

__all__ = ["checks_here", "importable", "resolved", "verify"]

#: Directories whose modules can be imported for now.
_importable: list[str] = []


def verify(
    targets: Any = None,
    *,
    witnesses: Iterable[str] | str | None = None,
    level: str = "default",
    seed: int | None = None,
    rtol: float | None = None,
    fixed: Mapping[str, float] | None = None,
    workers: int | None = None,
    time_limit: float | None = None,
    among: int | None = None,
    dtype: str | None = None,
    on_check: Callable[[Check], None] | None = None,
    on_target: Callable[[list[Check]], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    mapped: Mapped | None = None,
) -> Report:
    """Check samplers and their gradients by independent witnesses.

    Each check, of one target by one witness, runs in a worker process. One that is not finished in
    time is ended, and inconclusive; one whose process dies fails, and the process is replaced.
    A target that no other process can import (defined in a script or a notebook, or holding a
    lambda) is checked in this process, where no time limit applies.

    Parameters
    ----------
    targets
        One target, or a list of them; all registered distributions by default. A target is a
        name (``"laplace"``, ``"package.module:attribute"``, ``"torch:Beta"``), the thing itself,
        or a :class:`TargetSpec`.
    witnesses
        The names of the witnesses to ask, or one's; all by default.
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
        The number of worker processes; by default one per available core, or
        ``REPARAM_NUM_THREADS``.
    time_limit
        Seconds for a check, of its process's own: what others take of the processor does not count.
        By default those of :data:`TIME_LIMITS` for the level.
    among
        The number of statistical checks that share the probability of a false alarm, if this run is
        part of something larger.
    dtype
        The precision of third-party samplers' draws: ``"float32"``, or ``"float64"`` by default.
    on_check
        Called with each check, in the report's order, as soon as those before it are there too.
    on_target
        Called with all checks of a target, likewise.
    on_progress
        Called with the number of checks that are done, and that of all.
    mapped
        Applies a function to each number of a range and yields the results in order: where it
        does, worker processes are started, in place of `workers` here. What is found is the same.

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
    started = time.perf_counter()
    if targets is None:
        targets = registered()
    elif not isinstance(targets, list | tuple):
        targets = [targets]
    plan = planned(targets, witnesses, level, seed, rtol, fixed or {}, among, dtype)
    jobs = plan.jobs
    limit = TIME_LIMITS[level] if time_limit is None else time_limit
    with _pool(workers, len(jobs), limit, mapped) as pool:
        found = _resolved(pool, plan.specs)
        names = distinct(
            each.name + suffix for each, suffix in zip(found, plan.suffixes, strict=True)
        )

        def task(place: int, witness: str) -> Task:
            about = {"spec": plan.specs[place], "name": names[place], "witness": witness}
            return _checked, about | dict(plan.settings)

        # target by target, so that a report grows from its top, and of each target the expensive
        # checks first, so that the last ones, which not all workers share, are short
        order = sorted(
            range(len(jobs)), key=lambda at: (jobs[at][0], known.BY_COST.index(jobs[at][1]))
        )
        checks: dict[int, Check] = {}
        reported = 0
        if on_progress:
            on_progress(0, len(jobs))
        for number, answer in _answers(pool, {number: task(*jobs[number]) for number in order}):
            place, witness = jobs[number]
            check = _check_of(answer, names[place], witness)
            checks[number] = replace(check, file=found[place].file, line=found[place].line)
            if on_progress:
                on_progress(len(checks), len(jobs))
            while reported in checks:
                if on_check:
                    on_check(checks[reported])
                place, reported = jobs[reported][0], reported + 1
                if on_target and (reported == len(jobs) or jobs[reported][0] != place):
                    on_target([checks[at] for at in range(reported) if jobs[at][0] == place])
    return Report(
        checks=tuple(checks[number] for number in range(len(jobs))),
        seed=plan.settings["seed"],
        level=level,
        false_alarm=plan.false_alarm,
        version=version("reparam"),
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
    plan = planned([target], witnesses, level, seed, rtol, fixed or {})
    (spec,), (suffix,) = plan.specs, plan.suffixes
    found = _introduced(spec)
    checks = (
        _checked(spec, found.name + suffix, witness, **plan.settings) for _, witness in plan.jobs
    )
    return [replace(check, file=found.file, line=found.line) for check in checks]


def resolved(
    specs: Sequence[TargetSpec],
    *,
    workers: int | None = None,
    time_limit: float | None = None,
) -> list[str]:
    """Return the targets' names, or raise a ReparamError if one can't be verified."""
    with _pool(workers, len(specs), time_limit or TIME_LIMITS["default"]) as pool:
        return [each.name for each in _resolved(pool, specs)]


@contextmanager
def importable(directory: Path) -> Iterator[None]:
    """Let modules in a directory be imported, as ``python -m`` does; by workers, too."""
    _importable.insert(0, str(directory))
    try:
        with importing.importable(directory):
            yield
    finally:
        _importable.remove(str(directory))


def _pool(
    workers: int | None, tasks: int, time_limit: float, mapped: Mapped | None = None
) -> Pool | Elsewhere:
    """Return the worker processes for this many tasks."""
    from reparam.engine.threads import thread_count

    if mapped is not None:
        return Elsewhere(mapped, validated("time limit", time_limit), _importable)
    size = thread_count() if workers is None else validated("workers", workers)
    return Pool(max(1, min(size, tasks)), validated("time limit", time_limit), _importable)


class _Introduced(NamedTuple):
    """What a target is called, and where its code begins."""

    name: str
    file: str
    line: int


def _resolved(pool: Pool | Elsewhere, specs: Sequence[TargetSpec]) -> list[_Introduced]:
    """Return what the targets are called, or raise what is wrong with the first of no use."""
    tasks: dict[int, Task] = {at: (_introduced, {"spec": spec}) for at, spec in enumerate(specs)}
    found: dict[int, _Introduced] = {}
    errors: dict[int, ReparamError] = {}
    for at, answer in _answers(pool, tasks):
        match answer:
            case Returned():
                found[at] = answer.value
            case Raised():
                errors[at] = answer.error
            case Lost():
                errors[at] = InputError(f"{specs[at].name} can't be used: {answer.reason}")
    if errors:
        raise errors[min(errors)]
    return [found[at] for at in range(len(specs))]


def _check_of(answer: Answer, target: str, witness: str) -> Check:
    """Return the check that an answer is."""
    match answer:
        case Returned():
            check: Check = answer.value
            return check
        case Lost(is_late=True):
            found = (undecided("all of it", {}, answer.reason),)
            return Check(target, witness, found, seconds=answer.seconds)
        case Lost():
            return Check(
                target, witness, reason=answer.reason, crashed=True, seconds=answer.seconds
            )
        case Raised():
            raise answer.error
    raise AssertionError(answer)


def _answers(pool: Pool | Elsewhere, tasks: Mapping[int, Task]) -> Iterator[tuple[int, Answer]]:
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


def _introduced(spec: TargetSpec) -> _Introduced:
    """Return what a target is called; raise a ReparamError if there is no such target."""
    try:
        target = resolve(spec.target, spec.parameters, spec.dtype or "float64")
        return _Introduced(target.name, *place_of(spec.target))
    except ReparamError as error:
        if spec.name in str(error):
            raise
        raise type(error)(f"{spec.name}: {error}") from error
    except (Exception, SystemExit) as error:  # user-supplied code may raise anything
        raise InputError(f"{spec.name} can't be used: {said(error)}{origin(error)}") from error


def _checked(
    spec: TargetSpec, name: str, witness: str, level: str, seed: int, alpha: float
) -> Check:
    started = time.perf_counter()
    known.load(witness)  # an exception here is a bug in reparam
    try:
        target = resolve(spec.target, spec.parameters, spec.dtype or "float64")
        begun()
        return run_check(
            target,
            witness,
            LEVELS[level],
            seed=seed,
            alpha=alpha,
            rtol=spec.rtol,
            name=name,
        )
    except ReparamError:
        raise
    except (Exception, SystemExit) as error:
        return Check(
            name,
            witness,
            reason=f"it raised {said(error)}{origin(error)}",
            crashed=True,
            seconds=time.perf_counter() - started,
        )
