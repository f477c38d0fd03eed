"""Noise that is replayed: from which distribution it is, and which draws it made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reparam.cli import parsing, reading
from reparam.cli.messages import report
from reparam.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reparam._typing import Array
    from reparam.base.reparameterized import Reparameterized

__all__ = ["Replay", "noise"]

#: What cdfs and quantiles add to the rounding of noise and values: relative.
_KERNELS = 1e-12

#: Significant digits that make a float32 exact: text with no more may be made of them.
_FLOAT32_DIGITS = 9

#: Values of a text that show how many digits it has.
_SHOWING = 1000


@dataclass(frozen=True)
class Replay:
    """Given noise.

    Attributes
    ----------
    arrays
        The noise, of shape (draws, *batch shape), for vectors followed by that of their noise: an
        array of each kind that draws are made of.
    seed
        The seed that it is from, if that is known.
    """

    arrays: tuple[Array, ...]
    seed: int | None = None

    @property
    def values(self) -> Array:
        """The noise of numbers."""
        (values,) = self.arrays
        return values


def noise(distribution: Reparameterized, text: str, *, upstream: bool = False) -> Replay:
    """Return the noise that an option's value stands for, if it fits the distribution.

    A file with noise and the draws y that it made may be replayed with other parameters, which a
    note on stderr mentions.

    Parameters
    ----------
    distribution
        What to draw from.
    text
        The option's value.
    upstream
        Whether ∂L/∂y is given, too: which is that of the draws in the file.

    Raises
    ------
    InputError
        If the noise is from another distribution; or, with `upstream`, if it made other draws.
    """
    from reparam.cli import vectors

    shape = distribution.batch_shape
    if distribution.event_shape:
        shape = (*shape, vectors.noise_width(distribution))
    if not reading.is_file(text):
        given = parsing.by_draw(parsing.numbers(text, "noise"), shape)
        return Replay(_valid(distribution, given))

    from reparam.real_arrays import as_real_array

    with reading.columns(text, "noise") as columns:
        origin = columns.origin()
        wide = distribution.event_shape and columns.exactly("noise_0") is not None
        if wide:
            names = vectors.columns(distribution, with_noise=True)
            read, y = (_together(columns, names, letter) for letter in ("noise", "y"))
            assert read is not None
        else:
            read = columns.read("noise")
            of_noise = columns.column in ("", "noise")
            y = columns.exactly("y") if of_noise and columns.exactly("noise") is not None else None
    if origin is not None and origin.distribution != distribution.name:
        raise InputError(
            f"noise: {text.removeprefix('@')} is from the distribution {origin.distribution}, not"
            f" from {distribution.name}; pass --dist {origin.distribution}, or other noise"
        )
    values = parsing.by_draw(as_real_array("noise", read), shape)
    arrays = _valid(distribution, values)
    if y is not None and not _made(distribution, values, read, y, columns.is_text):
        found = "y in the file is not what its noise makes with these parameters"
        if upstream:
            raise InputError(
                f"noise: {found}, so ∂L/∂y is that of other draws; pass the parameters that y was"
                " drawn with, or ∂L/∂y at the draws of these"
            )
        report("Note", f"{found}; the draws are made anew")
    return Replay(arrays, origin.seed if origin else None)


def _valid(distribution: Reparameterized, noise: Array) -> tuple[Array, ...]:
    """Return noise as the arrays that draws are made of, if it is in their domains."""
    from reparam.cli import vectors

    return tuple(distribution._valid_noise(vectors.parted(distribution, noise)))


def _together(columns: reading.Columns, names: list[str], letter: str) -> NDArray[Any] | None:
    """Return the columns of noise, or of y, side by side: None if one of y is missing."""
    import numpy as np

    found = []
    for name in (name for name in names if name.startswith(letter)):
        column = columns.exactly(name)
        if column is None and letter == "y":
            return None
        if column is None:
            raise InputError(f"it has no column {name!r}; pass one for each number of noise")
        found.append(column)
    return np.stack(found, axis=-1)


def _values(distribution: Reparameterized, noise: Array) -> Array:
    """Return the draws that noise makes: entries of vectors and matrices on one last axis."""
    from reparam.cli import vectors

    made = distribution.transform(*vectors.parted(distribution, noise)).value
    rank = len(distribution.event_shape)
    return made.reshape(*made.shape[: made.ndim - rank], -1) if rank else made


def _made(
    distribution: Reparameterized,
    noise: Array,
    read: NDArray[Any],
    y: NDArray[Any],
    is_text: bool,
) -> bool:
    """Whether noise makes the draws y, up to the rounding of both.

    Parameters
    ----------
    distribution
        What to draw from.
    noise
        The noise, of shape (draws, *batch shape), of vectors with all numbers of a draw on a last
        axis.
    read, y
        The noise and the draws as they were read, in their own types.
    is_text
        Whether they were decimal.
    """
    import numpy as np

    from reparam import sampling

    shape = (len(noise), *distribution.batch_shape)
    if distribution.event_shape:
        shape = (*shape, math.prod(distribution.event_shape))
    if y.size != math.prod(shape):
        return False
    given = np.asarray(y, np.float64).reshape(shape)
    rounding = _rounding(y, is_text).reshape(shape)
    for at in sampling.chunks(range(len(noise)), noise.shape[1:]):
        z, wanted = noise[at.start : at.stop], given[at.start : at.stop]
        made = _values(distribution, z)
        with np.errstate(all="ignore"):
            bound = rounding[at.start : at.stop] + _KERNELS * np.abs(made)
            as_written = made.astype(y.dtype)  # infinite where float32 has no room
            same = (as_written == wanted) | (np.isnan(made) & np.isnan(wanted))
            if is_text:
                same |= np.isinf(wanted) & (made.astype(np.float32) == wanted)
            near = same | (np.abs(made - wanted) <= bound)
        if np.all(near):
            continue
        half = _rounding(read, is_text).reshape(noise.shape)[at.start : at.stop]
        draws = ~near.reshape(len(z), -1).all(axis=1)
        forced = _forced(distribution, z[draws], half[draws])
        with np.errstate(all="ignore"):
            if not np.all(near[draws] | (np.abs(made - wanted)[draws] <= bound[draws] + forced)):
                return False
    return True


def _rounding(values: NDArray[Any], is_text: bool) -> Array:
    """Return half a unit in the last place of values: of their type, or of their digits."""
    import numpy as np

    if values.dtype.kind != "f":
        return np.zeros(values.shape)
    with np.errstate(all="ignore"):
        half: Array = 0.5 * np.spacing(np.abs(values)).astype(np.float64)
        if not is_text:
            return half
        digits, places = _digits(values)
        if digits > _FLOAT32_DIGITS + 6:
            return half
        leading = np.floor(np.log10(np.abs(values)))
        decimal = 0.5 * np.maximum(10.0 ** (leading + 1 - digits), 10.0**-places)
        if digits <= _FLOAT32_DIGITS:
            # rounded to float32, and that to its shortest text
            single = np.spacing(np.abs(values).astype(np.float32)).astype(np.float64)
            decimal = np.maximum(decimal, single)
        coarser: Array = np.maximum(half, decimal)
        return coarser


def _digits(values: NDArray[Any]) -> tuple[int, int]:
    """Return how many significant digits decimal numbers have at most, and decimal places."""
    from decimal import Decimal

    finite = [value for value in values.flat[:_SHOWING].tolist() if math.isfinite(value)]
    parts = [Decimal(repr(value)).normalize().as_tuple() for value in finite]
    exponents = [part.exponent for part in parts if isinstance(part.exponent, int)]
    return (
        max((len(part.digits) for part in parts), default=1),
        max((-exponent for exponent in exponents), default=0),
    )


def _forced(distribution: Reparameterized, noise: Array, half: Array) -> Array:
    """Return how far the rounding of noise moves draws: of vectors, that of each component."""
    import numpy as np

    kinds = [(distribution.noise, ())]
    parts: list[Any] = [...]
    if distribution.event_shape:
        kinds = [(kind, at) for kind, event in distribution._noises() for at in np.ndindex(*event)]
        parts = [(..., k) for k in range(noise.shape[-1])]
    value = _values(distribution, noise)
    total = np.zeros(value.shape)
    for part, (kind, _) in zip(parts, kinds, strict=True):
        low, high = float(kind.domain.low), float(kind.domain.high)
        moved = np.zeros(value.shape)
        for sign in (-2.0, 2.0):  # a whole unit: half of one need not change a number
            other = noise.copy()
            other[part] += sign * half[part]
            outside = (other[part] <= low) | (other[part] >= high)
            other[part] = np.where(outside, noise[part], other[part])
            with np.errstate(all="ignore"):
                moved = np.fmax(moved, np.abs(_values(distribution, other) - value))
            moved[outside] = np.inf
        total += moved
    return total
