"""A pytest plugin: with ``--reparam``, one test item for each target and witness.

Targets and settings are those of ``[tool.reparam]`` in pyproject.toml, as for ``reparam verify``.
What pytest makes of its items (selection with ``-k``, JUnit files, exit codes) follows. Without
the option nothing of the library is imported but this module.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reparam.verification.results import Check, Report
    from reparam.verification.running import TargetSpec

__all__ = ["VerificationItem"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("reparam", "verification of samplers' gradients")
    group.addoption(
        "--reparam",
        action="store_true",
        help="verify the targets of [tool.reparam] in pyproject.toml, one test a witness",
    )
    group.addoption(
        "--reparam-level",
        metavar="LEVEL",
        choices=("quick", "default", "thorough"),
        help="how much to look at, instead of the configured level",
    )


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the items to what the session collects, so that they are counted and selected as all."""
    report = yield
    if isinstance(collector, pytest.Session) and collector.config.getoption("reparam"):
        run = _run_of(collector.config)
        collection = _Collection.from_parent(collector, name="reparam", names=run.names())
        report.result = [*report.result, collection]
    return report


def pytest_report_header(config: pytest.Config) -> str | None:
    """Tell the seed, with which the run can be repeated."""
    if not config.getoption("reparam"):
        return None
    return f"reparam: seed {_run_of(config).seed}"


class _Run:
    """What all items share: the settings, and each target's checks once they were made."""

    def __init__(self, config: pytest.Config) -> None:
        import secrets

        from reparam.verification.configuration import Configuration, merged, read

        self._root = Path(config.rootpath)
        with _usage_errors():
            project = read(self._root)
            if not project.targets:
                raise pytest.UsageError(
                    "--reparam verifies the targets of [tool.reparam] in pyproject.toml, and"
                    f' {self._root} has none; write for example targets = ["mypackage.dists:Own"]'
                )
            self.settings = merged(Configuration(level=config.getoption("reparam_level")), project)
        seed = self.settings.seed
        self.seed: int = secrets.randbits(32) if seed is None else seed
        self._reports: dict[int, Report] = {}

    def names(self) -> list[str]:
        """Return the targets' names, if there are all these targets."""
        from reparam.verification.running import importable, resolved

        settings = self.settings
        with _usage_errors(), importable(self._root):
            return resolved(
                settings.targets, workers=settings.workers, time_limit=settings.time_limit
            )

    def report(self, item: VerificationItem) -> Report:
        """Return the checks of an item's target, of all its items in this session."""
        if item.place not in self._reports:
            from reparam.verification.running import importable, verify

            wanted = [
                other.witness
                for other in item.session.items
                if isinstance(other, VerificationItem) and other.place == item.place
            ]
            with importable(self._root):
                self._reports[item.place] = verify(
                    [replace(item.spec, only=tuple(wanted), skip=())],
                    level=self.settings.level,
                    seed=self.seed,
                    workers=self.settings.workers,
                    time_limit=self.settings.time_limit,
                )
        return self._reports[item.place]


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


class _Collection(pytest.Collector):
    """The items of all targets."""

    def __init__(self, *, names: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._names = names

    def collect(self) -> Iterator[VerificationItem]:
        """Yield an item for each target and witness."""
        specs = _run_of(self.config).settings.targets
        for place, (target, spec) in enumerate(zip(self._names, specs, strict=True)):
            for witness in spec.witnesses:
                yield VerificationItem.from_parent(
                    self, name=f"{target}[{witness}]", place=place, spec=spec, witness=witness
                )


class VerificationItem(pytest.Item):
    """One target, looked at by one witness."""

    def __init__(self, *, place: int, spec: TargetSpec, witness: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.place, self.spec, self.witness = place, spec, witness
        self.add_marker("reparam")

    def runtest(self) -> None:
        """Fail unless the check holds; what has nothing to look at is skipped."""
        from reparam.errors import ReparamError
        from reparam.verification.results import Outcome

        try:
            report = _run_of(self.config).report(self)
        except ReparamError as error:
            raise _Broken(str(error)) from None
        (check,) = (check for check in report.checks if check.witness == self.witness)
        # told once a target, and not where others of its items were deselected
        complete = len(report.checks) == len(self.spec.witnesses)
        if report.unseen and complete and check is report.checks[0]:
            raise _Broken("\n".join([f"nothing was verified of {check.target}", *_reasons(report)]))
        self.user_properties.append(("outcome", str(check.outcome)))
        if check.worst is not None:
            self.user_properties += [("error", check.worst.error), ("bound", check.worst.bound)]
        if check.outcome is Outcome.SKIPPED:
            pytest.skip(check.reason or "nothing to compare")
        if check.outcome is not Outcome.HOLDS:
            raise _Broken(_told(check))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Return the findings alone: where this module raised says nothing."""
        if isinstance(excinfo.value, _Broken):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where it comes from: the configuration."""
        return Path(self.config.rootpath) / "pyproject.toml", None, self.name


class _Broken(Exception):  # noqa: N818 - a finding
    """What is wrong with a target."""


def _reasons(report: Report) -> list[str]:
    return [f"{check.witness}: {check.reason}" for check in report.checks]


def _told(check: Check) -> str:
    from reparam.verification.results import Outcome

    found = [item for item in check.comparisons if item.outcome is not Outcome.HOLDS]
    lines = [check.reason] if check.reason else []
    lines += [f"{item.outcome}: {item}" for item in found]
    return "\n".join([f"{check.target}: {check.witness} {check.outcome}", *lines])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the items' marker."""
    config.addinivalue_line("markers", "reparam: a check of reparam verify")
