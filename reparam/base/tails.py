"""How fast a distribution falls towards the endpoints of its support: what its author declares."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Tail"]


@dataclass(frozen=True)
class Tail:
    """How fast the probability falls towards one endpoint of the support.

    Let t be ``|y|`` if the endpoint is infinite, and 1/(distance from the end) if it is finite.
    Either the probability of what is farther out falls like t^−power, or −log p(y) grows like
    t^growth. Both are text: arithmetic in the names of parameters, as :class:`~reparam.Expression`
    reads it.

    Parameters
    ----------
    power
        The exponent of a tail that falls like a power: ``"df"`` of Student's t, ``"alpha"`` of the
        gamma distribution towards 0, ``"1"`` of the uniform distribution.
    growth
        Of a tail that falls faster: ``"2"`` of the Gaussian, ``"1"`` of the Laplace distribution;
        ``"0"`` if −log p grows faster than log t and slower than each power (the log-normal), and
        ``"inf"`` if it grows faster than each power (the lower tail of Gumbel's distribution).

    Examples
    --------
    >>> Tail(power="df2/2")
    Tail(power='df2/2', growth='')
    """

    power: str = ""
    growth: str = ""
