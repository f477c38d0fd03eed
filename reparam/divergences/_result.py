"""Results of `kl`: a value, its gradients, and their standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.distribution import Distribution
from reparam.divergences._registry import aligned, events
from reparam.engine.shapes import broadcast_shapes, summed_to
from reparam.errors import ShapeError
from reparam.real_arrays import as_real_array

__all__ = ["CLOSED_FORM", "INFINITE", "MONTE_CARLO", "SUM", "Divergence", "StandardError"]

#: The values of :attr:`Divergence.method`.
CLOSED_FORM, SUM, MONTE_CARLO, INFINITE = "closed form", "sum", "Monte Carlo", "infinite"


@dataclass(frozen=True, eq=False)
class StandardError:
    """The standard errors of a divergence: zeros if it is exact.

    Attributes
    ----------
    value
        Of the value, of its shape.
    gradient_p, gradient_q
        Of the gradients, by parameter. Infinite where an estimate has no finite variance.
    """

    value: Array
    gradient_p: dict[str, Array]
    gradient_q: dict[str, Array]


@dataclass(frozen=True, eq=False)
class Divergence:
    """The Kullback-Leibler divergence KL(p‖q), element by element, and its gradients.

    Every array has the shape that the batches of p and q broadcast to; those of gradients in a
    vector parameter have a last axis for its entries, too.

    Attributes
    ----------
    p, q
        The distributions.
    value
        KL(p‖q) = E_p[log p(y) − log q(y)] in nats; infinite where p puts mass where q has none, or
        q's tails are too light.
    gradient_p, gradient_q
        ∂KL/∂θ for each parameter of p, and of q; NaN where the value is infinite.
    standard_error
        Of the value and the gradients; zero if it is exact.
    method
        ``"closed form"``; ``"sum"`` over p's values; ``"Monte Carlo"``; or ``"infinite"``: known of
        all elements without any of these.
    notes
        What else there is to know: why the value is infinite, and which estimates have infinite
        variance.
    """

    p: Distribution
    q: Distribution
    value: Array
    gradient_p: dict[str, Array]
    gradient_q: dict[str, Array]
    standard_error: StandardError
    method: str
    notes: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether no draws were taken: then it is accurate to rounding."""
        return self.method != MONTE_CARLO

    def vjp(self, upstream: ArrayLike = 1.0) -> tuple[dict[str, Array], dict[str, Array]]:
        """Back-propagate: return ∂L/∂θ for the parameters of p and of q, given ∂L/∂KL.

        Parameters
        ----------
        upstream
            ∂L/∂KL; broadcasts to the value's shape.

        Returns
        -------
        tuple of dict
            For each parameter an array of its own shape: the sum of upstream · ∂KL/∂θ over all
            the elements that it took part in. Parameters that a distribution is not differentiated
            in are left out.

        Raises
        ------
        ShapeError
            If `upstream` doesn't broadcast to the value's shape.

        Examples
        --------
        >>> import reparam as rp
        >>> divergence = rp.kl(rp.Gaussian([0.5, -2.0], 1.0), rp.Gaussian())
        >>> in_p, in_q = divergence.vjp()
        >>> in_p["loc"].tolist(), float(in_q["loc"])
        ([0.5, -2.0], 1.5)
        """
        shape = np.shape(self.value)
        cotangent = as_real_array("upstream", upstream)
        if broadcast_shapes(upstream=cotangent.shape, value=shape) != shape:
            raise ShapeError(
                f"upstream has shape {cotangent.shape} and value has shape {shape}:"
                " pass one upstream derivative per element"
            )
        return (
            _pulled_back(cotangent, self.gradient_p, self.p),
            _pulled_back(cotangent, self.gradient_q, self.q),
        )


def _pulled_back(
    upstream: Array, gradient: dict[str, Array], distribution: Distribution
) -> dict[str, Array]:
    with np.errstate(all="ignore"):
        return {
            name: summed_to(
                aligned(upstream, event) * np.asarray(entry), np.shape(distribution[name])
            )[()]
            for (name, entry), event in zip(gradient.items(), events(distribution), strict=True)
        }
