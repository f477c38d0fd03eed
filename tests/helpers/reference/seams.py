"""Points on both sides of each seam between the regimes of ``reparam.special``.

The seams are found, not listed: along lines through the domain the regime that a kernel chooses is
watched, and each change of it is bisected down to two neighbouring doubles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType
from unittest import mock

import numpy as np
from kernels import kernels

from reparam.special import _beta_integrals, _gamma_integrals, beta, gamma, student

#: The kernel whose regimes are watched, and the range of each parameter.
KERNELS: dict[str, tuple[ModuleType, list[tuple[float, float]]]] = {
    "gamma": (gamma, [(1e-3, 1e7)]),
    "beta": (beta, [(1e-2, 1e5), (1e-2, 1e5)]),
    "student_t": (student, [(0.2, 1e4)]),
}
#: Where it chooses among them.
_CHOOSING = {gamma: _gamma_integrals, beta: _beta_integrals, student: student}
_LINES, _STEPS = 64, 200
#: Lines end where one tail holds this much.
_TAIL = 1e-9


def regimes(module: ModuleType, *arguments: np.ndarray) -> np.ndarray:
    """Return the number of the regime that a module's kernel chooses for each element."""
    chosen: list[np.ndarray] = []
    choosing = _CHOOSING[module]
    select = choosing.select

    def recording(choice: np.ndarray, *rest: object, **options: object) -> object:
        chosen.append(np.array(choice))
        return select(choice, *rest, **options)

    with kernels("numpy"), mock.patch.object(choosing, "select", recording):
        module.pathwise(*arguments)
    return chosen[0]


def pairs(name: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return points and parameters on one side of each seam, and those on the other."""
    module, _ = KERNELS[name]
    below, above = [], []
    for vary, lines in enumerate(_lines(name)):
        arguments = [line.ravel() for line in lines]
        number = regimes(module, *arguments).reshape(-1, _STEPS)
        row, step = np.nonzero(number[:, 1:] != number[:, :-1])
        low, high = _bisected(
            partial(regimes, module),
            [line[row, step] for line in lines],
            [line[row, step + 1] for line in lines],
            vary,
        )
        below.append(low)
        above.append(high)
    return _joined(below), _joined(above)


def _joined(parts: Sequence[Sequence[np.ndarray]]) -> list[np.ndarray]:
    return [np.concatenate(columns) for columns in zip(*parts, strict=True)]


def _lines(name: str) -> list[list[np.ndarray]]:
    """Return arrays (point, *parameters) of lines along which the point, or a parameter, varies."""
    module, ranges = KERNELS[name]
    rng = np.random.default_rng(7)
    theta = [
        np.exp(rng.uniform(np.log(low), np.log(high), _LINES))[:, np.newaxis]
        for low, high in ranges
    ]
    share = np.linspace(0.0, 1.0, _STEPS)
    ends = _quantile(module, np.array([_TAIL, 1.0 - _TAIL]), *theta)
    if name == "student_t":
        across = ends[:, :1] + share * (ends[:, 1:] - ends[:, :1])
    else:
        across = ends[:, :1] * (ends[:, 1:] / ends[:, :1]) ** share
    found = [list(np.broadcast_arrays(across, *theta))]
    start = _quantile(module, rng.uniform(0.05, 0.95, (_LINES, 1)), *theta)
    for k in range(len(theta)):
        moved = list(theta)
        moved[k] = theta[k] * 4.0 ** (share - 0.5)
        found.append(list(np.broadcast_arrays(start, *moved)))
    return found


def _quantile(module: ModuleType, u: np.ndarray, *theta: np.ndarray) -> np.ndarray:
    if module is student:
        return student.quantile(u, *theta)
    if module is gamma:
        return np.maximum(gamma.quantile(u, *theta), 1e-280)
    # near 1 a neighbouring double is far away; the mirror image is near 0
    return np.clip(beta.quantile(u, *theta)[0], 1e-280, 0.9)


def _bisected(
    number: Callable[..., np.ndarray], low: list[np.ndarray], high: list[np.ndarray], vary: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Move two points with different regimes together until they are neighbours."""
    first = number(*low)
    start, stop = low[vary].copy(), high[vary].copy()
    fixed = [np.array(values) for values in low]
    for _ in range(64):
        apart = np.nextafter(start, stop) != stop
        fixed[vary] = middle = _from_order(_order(start) + (_order(stop) - _order(start)) // 2)
        same = number(*fixed) == first
        start, stop = np.where(apart & same, middle, start), np.where(apart & ~same, middle, stop)
    return (
        [start if k == vary else values for k, values in enumerate(low)],
        [stop if k == vary else values for k, values in enumerate(low)],
    )


def _order(x: np.ndarray) -> np.ndarray:
    """Number doubles in their order."""
    return np.copysign(1, x).astype(np.int64) * np.abs(x).view(np.int64)


def _from_order(order: np.ndarray) -> np.ndarray:
    return np.copysign(np.abs(order).view(np.float64), order)
