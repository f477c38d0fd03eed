"""A pytest plugin: with ``--reparam``, one test item for each target and witness.

Targets and settings are those of ``[tool.reparam]`` in pyproject.toml, as for ``reparam verify``.
What pytest makes of its items (selection with ``-k``, JUnit files, exit codes) follows. Without
the option nothing of the library is imported but this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from reparam.verification.configuration import Configuration
    from reparam.verification.results import Check
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add the items, before others select among all."""
    if config.getoption("reparam"):
        from reparam.errors import ReparamError

        try:
            items.extend(_items(session, config))
        except ReparamError as error:
            raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str | None:
    """Tell the seed, with which the run can be repeated."""
    if not config.getoption("reparam"):
        return None
    return f"reparam: seed {_run_of(config).seed}"


class _Run:
    """What all items share: the settings, and each target's checks once they were made."""

    def __init__(self, config: pytest.Config) -> None:
        import secrets

        from reparam.errors import ReparamError
        from reparam.verification.configuration import Configuration, merged, read

        asked = Configuration(level=config.getoption("reparam_level"))
        try:
            self.settings: Configuration = merged(asked, read(Path(config.rootpath)))
        except ReparamError as error:
            raise pytest.UsageError(str(error)) from None
        seed = self.settings.seed
        self.seed: int = secrets.randbits(32) if seed is None else seed
        self._checks: dict[tuple[int, str], Check] = {}

    def check(self, item: VerificationItem) -> Check:
        """Return the check of an item, made together with the others of its target."""
        if (item.place, item.witness) not in self._checks:
            from reparam.verification.running import TIME_LIMIT, verify

            wanted = [
                other.witness
                for other in item.session.items
                if isinstance(other, VerificationItem) and other.place == item.place
            ]
            report = verify(
                [replace(item.spec, only=tuple(wanted), skip=())],
                level=self.settings.level or "default",
                seed=self.seed,
                workers=self.settings.workers,
                time_limit=self.settings.time_limit or TIME_LIMIT,
            )
            self._checks |= {(item.place, check.witness): check for check in report.checks}
        return self._checks[item.place, item.witness]


_RUN = pytest.StashKey[_Run]()


def _run_of(config: pytest.Config) -> _Run:
    if _RUN not in config.stash:
        config.stash[_RUN] = _Run(config)
    return config.stash[_RUN]


def _items(session: pytest.Session, config: pytest.Config) -> Iterator[VerificationItem]:
    for place, spec in enumerate(_run_of(config).settings.targets):
        for witness in spec.witnesses:
            name = f"{spec.name}[{witness}]"
            yield VerificationItem.from_parent(
                session,
                name=name,
                nodeid=f"reparam::{name}",
                place=place,
                spec=spec,
                witness=witness,
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
            check = _run_of(self.config).check(self)
        except ReparamError as error:
            raise _Broken(str(error)) from None
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


def _told(check: Check) -> str:
    from reparam.verification.results import Outcome

    found = [item for item in check.comparisons if item.outcome is not Outcome.HOLDS]
    lines = [check.reason] if check.reason else []
    lines += [f"{item.outcome}: {item}" for item in found]
    return "\n".join([f"{check.target}: {check.witness} {check.outcome}", *lines])


def pytest_configure(config: pytest.Config) -> None:
    """Declare the items' marker."""
    config.addinivalue_line("markers", "reparam: a check of reparam verify")
