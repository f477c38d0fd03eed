"""Tasks for worker processes on whatever machines a function is applied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

from reparam._typing import Mapped
from reparam.verification.run.pool import Pool, Task, pickled
from reparam.verification.run.worker import Answer

__all__ = ["Elsewhere"]

#: Tasks that a process answers one after the other: to start it takes about a second.
_TOGETHER = 8


class Elsewhere:
    """A :class:`Pool` whose worker processes are where `mapped` applies a function, as a pickle."""

    def __init__(self, mapped: Mapped, time_limit: float, before: Sequence[str] = ()) -> None:
        self._mapped, self._limit, self._before = mapped, time_limit, tuple(before)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the machines as they are: each process has ended with its tasks."""

    def answers(self, tasks: Mapping[int, Task]) -> Iterator[tuple[int, Answer]]:
        """Yield the tasks' numbers and answers, as :meth:`Pool.answers` does."""
        readable, unreadable = pickled(tasks)
        yield from unreadable
        items = [*readable.items()]
        starts = range(0, len(items), _TOGETHER)
        groups = tuple(dict(items[start : start + _TOGETHER]) for start in starts)
        answered = _Answered(groups, self._limit, self._before)
        yield from chain.from_iterable(self._mapped(answered, range(len(groups))))


@dataclass(frozen=True)
class _Answered:
    """Answers to groups of tasks, by a process of the machine that it is called on."""

    groups: tuple[dict[int, bytes], ...]
    limit: float
    before: tuple[str, ...]

    def __call__(self, group: int) -> list[tuple[int, Answer]]:
        with Pool(1, self.limit, self.before, alone=False) as pool:
            return [*pool.answers_to(self.groups[group])]
