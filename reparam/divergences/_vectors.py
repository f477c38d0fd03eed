"""Closed forms between distributions of vectors."""

from __future__ import annotations

from reparam.distributions.dirichlet import Dirichlet
from reparam.distributions.dirichlet import divergence as _dirichlet
from reparam.divergences._registry import Terms, register_kl

__all__: list[str] = []


@register_kl(Dirichlet, Dirichlet)
def dirichlet(p: Dirichlet, q: Dirichlet) -> Terms:
    """Σ_j of the divergences of Beta(α_j, Σ_{i>j} α_i), each entry's share of what is left."""
    value, in_p, in_q = _dirichlet(*p._theta, *q._theta)
    return value, (in_p,), (in_q,)
