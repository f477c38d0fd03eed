"""Pictures of distributions and draws: density, path y(θ), derivative ∂y/∂θ.

:func:`picture` computes the numbers, and :func:`plot` draws them with matplotlib, which
``pip install 'reparam[plot]'`` installs. ``reparam plot`` shows them on a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reparam._typing import RNGLike
from reparam.plots._assemble import Drawable, picture
from reparam.plots._picture import Bars, Curve, Panel, Picture, Points, Quantile, Stems

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "Bars",
    "Curve",
    "Panel",
    "Picture",
    "Points",
    "Quantile",
    "Stems",
    "picture",
    "plot",
]


def plot(
    *items: Drawable, grad: bool = False, draws: int | range = 0, rng: RNGLike = None
) -> Figure:
    """Return a matplotlib figure of distributions or draws.

    Parameters
    ----------
    *items
        Distributions, or draws from them: the elements of all batches are at most 6.
    grad
        Whether to show, for each parameter, y(θ) at fixed u and ∂y/∂θ over y.
    draws
        How many draws to show as a histogram, or the range of their numbers.
    rng
        What they are made of.

    Returns
    -------
    matplotlib.figure.Figure
        A figure that pyplot does not know: ``figure.savefig("gamma.svg")`` writes it, and
        notebooks show it.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import reparam as rp
    >>> from reparam.plots import plot
    >>> figure = plot(rp.Gamma(alpha=2.0), grad=True)
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['density', 'y(alpha) at fixed u', '∂y/∂alpha', 'y(rate) at fixed u', '∂y/∂rate']
    """
    from reparam.plots._matplotlib import draw

    return draw(picture(*items, grad=grad, draws=draws, rng=rng))
