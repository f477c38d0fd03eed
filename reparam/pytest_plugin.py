"""A pytest plugin: with ``--reparam``, one test item for each target and witness.

Targets and settings are those of ``[tool.reparam]`` in pyproject.toml, as for ``reparam verify``.
What pytest makes of its items (selection by ``-k`` or by name, JUnit files, exit codes, other
processes with pytest-xdist) follows. Without the option nothing of the library is imported but this
module.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reparam.verification.results import Check
    from reparam.verification.run.planning import TargetSpec

__all__ = ["VerificationItem"]

#: The name under which pytest-xdist's controller passes the seed to its workers.
_SEED = "reparam_seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("reparam", "verification of samplers' gradients")
    group.addoption(
        "--reparam",
        action="store_true",
        help="verify the targets of [tool.reparam] in pyproject.toml, one test per witness",
    )
    group.addoption(
        "--reparam-level",
        metavar="LEVEL",
        choices=("quick", "default", "thorough"),
        help="how much to look at, instead of the configured level",
    )
    group.addoption(
        "--reparam-seed",
        metavar="SEED",
        help="what all random choices come from, instead of the configured seed, or a fresh one",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the items' marker."""
    config.addinivalue_line("markers", "reparam: a check of reparam verify")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make sure that all targets are there: with pytest-xdist, before its processes look."""
    if _wanted(session.config) and not hasattr(session.config, "workerinput"):
        _ = _run_of(session.config).names


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Pass the seed to a process of pytest-xdist, so that all have one."""
    if _wanted(node.config):
        node.workerinput[_SEED] = _run_of(node.config).seed


def pytest_report_header(config: pytest.Config) -> str | None:
    """Report the seed, with which the run can be repeated."""
    return f"reparam: seed {_run_of(config).seed}" if _wanted(config) else None


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the items to what the session collects, so that they are counted and selected as all.

    Not where pyproject.toml is among what is collected: its items come from there.
    """
    report = yield
    if isinstance(collector, pytest.Session) and _wanted(collector.config):
        path, config = _run_of(collector.config).path, collector.config
        places = [
            (config.invocation_params.dir / str(argument).partition("::")[0]).resolve()
            for argument in config.args
        ]
        if not any(place in (path, *path.parents) for place in places):
            items = VerificationFile.from_parent(collector, path=path)
            report.result = [*report.result, items]
    return report


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> VerificationFile | None:
    """Collect the items from the configuration."""
    wanted = _wanted(parent.config) and file_path.name == "pyproject.toml"
    if wanted and file_path.resolve() == _run_of(parent.config).path:
        return VerificationFile.from_parent(parent, path=file_path)
    return None


def _wanted(config: pytest.Config) -> bool:
    return bool(config.getoption("reparam"))


class _Run:
    """What all items share: the settings, and each target's checks once they were made."""

    def __init__(self, config: pytest.Config) -> None:
        import secrets

        from reparam.verification.run.configuration import Configuration, merged, read

        with _usage_errors():
            project = read(Path(config.rootpath))
            if not project.targets:
                raise pytest.UsageError(
                    "--reparam verifies the targets of [tool.reparam] in pyproject.toml, and"
                    f" {config.rootpath} has none; write for example"
                    ' targets = ["mypackage.dists:Own"]'
                )
            asked = Configuration(level=config.getoption("reparam_level"), seed=_seed(config))
            self.settings = merged(asked, project)
        assert project.root is not None
        self.path = (project.root / "pyproject.toml").resolve()
        seed = self.settings.seed
        self.seed: int = secrets.randbits(32) if seed is None else seed
        #: Whether this is one of several processes, each of which has some of the items.
        self._shared = hasattr(config, "workerinput")
        self._checks: dict[tuple[int, str], Check] = {}

    @cached_property
    def names(self) -> Sequence[str]:
        """The targets' names, if there are all these targets."""
        from reparam.verification.run.planning import distinct
        from reparam.verification.run.running import importable, resolved

        settings = self.settings
        with _usage_errors(), importable(self.path.parent):
            found = resolved(
                settings.targets, workers=settings.workers, time_limit=settings.time_limit
            )
        targets = zip(found, settings.targets, strict=True)
        return distinct(name + spec.suffix for name, spec in targets)

    def check(self, item: VerificationItem) -> Check:
        """Return an item's check: made with those of all items of its target in this session."""
        if (item.place, item.witness) not in self._checks:
            from reparam.verification.run.running import importable, verify
            from reparam.verification.witnesses import STATISTICAL

            wanted = [each.witness for each in ([item] if self._shared else item.siblings)]
            statistical = sum(
                witness in STATISTICAL
                for spec in self.settings.targets
                for witness in spec.witnesses
            )
            with importable(self.path.parent):
                report = verify(
                    [replace(item.spec, only=tuple(wanted), skip=())],
                    level=self.settings.level or "default",
                    seed=self.seed,
                    workers=self.settings.workers,
                    time_limit=self.settings.time_limit,
                    among=statistical,
                )
            self._checks |= {(item.place, check.witness): check for check in report.checks}
        return self._checks[item.place, item.witness]

    def blind(self, item: VerificationItem) -> list[Check]:
        """Return a target's checks, if none of its witnesses had anything to look at.

        There are none either if not all of its items are there, and for all but one of them: it is
        reported once.
        """
        from reparam.verification.results import Outcome

        witnesses = [each.witness for each in item.siblings]
        if item.witness != witnesses[0] or len(witnesses) < len(item.spec.witnesses):
            return []
        checks = []
        for each in item.siblings:
            checks.append(self.check(each))
            if checks[-1].outcome is not Outcome.SKIPPED:
                return []
        return checks


def _seed(config: pytest.Config) -> int | None:
    """Return the seed that is asked for, or that pytest-xdist's controller has chosen."""
    from reparam.verification.run.planning import validated

    passed = getattr(config, "workerinput", {}).get(_SEED)
    text = config.getoption("reparam_seed") if passed is None else passed
    if text is None:
        return None
    return int(validated("seed", int(text) if str(text).isdecimal() else text))


_RUN = pytest.StashKey[_Run]()


def _run_of(config: pytest.Config) -> _Run:
    if _RUN not in config.stash:
        config.stash[_RUN] = _Run(config)
    return config.stash[_RUN]


@contextmanager
def _usage_errors() -> Iterator[None]:
    """Make what can't run pytest's own kind of error: one sentence, and exit status 4."""
    from reparam.errors import ReparamError

    try:
        yield
    except ReparamError as error:
        raise pytest.UsageError(str(error)) from None


class VerificationFile(pytest.File):
    """The items of all targets: they come from the configuration."""

    def collect(self) -> Iterator[VerificationTarget]:
        """Yield a collector for each target."""
        run = _run_of(self.config)
        for place, (name, spec) in enumerate(zip(run.names, run.settings.targets, strict=True)):
            yield VerificationTarget.from_parent(self, name=name, place=place, spec=spec)


class VerificationTarget(pytest.Collector):
    """The items of a target."""

    def __init__(self, *, place: int, spec: TargetSpec, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.place, self.spec = place, spec

    def collect(self) -> Iterator[VerificationItem]:
        """Yield an item for each witness."""
        for witness in self.spec.witnesses:
            yield VerificationItem.from_parent(self, name=witness)


class VerificationItem(pytest.Item):
    """One target, looked at by one witness."""

    parent: VerificationTarget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.place, self.spec, self.witness = self.parent.place, self.parent.spec, self.name
        self.add_marker("reparam")

    @property
    def siblings(self) -> list[VerificationItem]:
        """The items of its target, itself among them, that the session has."""
        items = (each for each in self.session.items if isinstance(each, VerificationItem))
        return [each for each in items if each.place == self.place]

    def runtest(self) -> None:
        """Fail unless the check holds; what has nothing to look at is skipped."""
        from reparam.errors import ReparamError
        from reparam.verification.results import Outcome

        run = _run_of(self.config)
        self.user_properties += [("seed", run.seed), ("level", run.settings.level)]
        try:
            check, unseen = run.check(self), run.blind(self)
        except ReparamError as error:
            raise _Broken(str(error)) from None
        if unseen:
            reasons = [f"{each.witness}: {each.reason}" for each in unseen]
            raise _Broken("\n".join([f"nothing was verified of {check.target}", *reasons]))
        self.user_properties.append(("outcome", str(check.outcome)))
        if check.worst is not None:
            self.user_properties += [("error", check.worst.error), ("bound", check.worst.bound)]
        if check.outcome is Outcome.SKIPPED:
            pytest.skip(check.reason or "nothing to compare")
        if check.outcome is not Outcome.HOLDS:
            head = f"{check.target}: {check.witness} {check.outcome}"
            again = f"level {run.settings.level}, --reparam-seed {run.seed}"
            raise _Broken("\n".join([head, *check.findings(), again]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the findings alone: where this module raised helps nobody."""
        if isinstance(excinfo.value, _Broken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where it comes from: the configuration."""
        return self.path, None, f"{self.parent.name}: {self.name}"


class _Broken(Exception):  # noqa: N818 - a finding
    """What is wrong with a target."""
