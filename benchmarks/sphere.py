"""Compare the variance of gradients on the sphere with TensorFlow Probability's.

For draws y of both libraries at the same parameters: the variance of dJ(y)/dθ for one draw, with
J(y) = exp(aᵀy), in the concentration κ and, summed over its entries, in the mean direction μ, as a
function of μ/‖μ‖. Both have one mean if both are unbiased: the last column is the distance of the
means in standard errors. TFP has no derivative in κ for vMF but in 3 dimensions. ``python
benchmarks/sphere.py``, with JAX and TFP.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import numpy as np

import reparam as rp

DRAWS = 40_000
#: Law, dimension, concentration, and the angle between μ and the first axis.
CASES = (
    ("VonMisesFisher", 3, 1.0, 1.5),
    ("VonMisesFisher", 3, 30.0, 1.5),
    ("VonMisesFisher", 3, 30.0, 0.1),
    ("VonMisesFisher", 3, 30.0, 0.001),
    ("VonMisesFisher", 10, 10.0, 1.5),
    ("PowerSpherical", 3, 1.0, 1.5),
    ("PowerSpherical", 3, 30.0, 0.1),
    ("PowerSpherical", 10, 10.0, 1.5),
)


def ours(law: str, mean: Any, kappa: float, a: Any) -> tuple[Any, Any]:
    """Return gradients of J in μ and in κ, one row per draw."""
    draw = getattr(rp, law)(mean, kappa).rsample(DRAWS, rng=1)
    slope = np.exp(draw.value @ a)[:, np.newaxis] * a
    jacobian = draw.jacobian()
    in_mean = np.einsum("ni,nij->nj", slope, jacobian["mean_direction"])
    return in_mean, np.sum(slope * jacobian["concentration"], axis=1)


def theirs(law: str, mean: Any, kappa: float, a: Any) -> tuple[Any, Any]:
    """Return the same by TensorFlow Probability on JAX."""
    import jax
    import jax.numpy as jnp
    from tensorflow_probability.substrates import jax as tfp

    jax.config.update("jax_enable_x64", True)

    def value(mean: Any, kappa: Any, key: Any) -> Any:
        direction = mean / jnp.linalg.norm(mean)
        return jnp.exp(
            jnp.dot(a, getattr(tfp.distributions, law)(direction, kappa).sample(seed=key))
        )

    keys = jax.random.split(jax.random.PRNGKey(0), DRAWS)
    slopes = jax.vmap(jax.grad(value, (0, 1)), (None, None, 0))(jnp.asarray(mean), kappa, keys)
    return tuple(map(np.asarray, slopes))  # type: ignore[return-value]


def main() -> None:
    """Print one row per case and parameter."""
    print(f"reparam {version('reparam')}, TFP {version('tfp-nightly')}, {DRAWS} draws")
    print(
        f"{'law':16}{'d':>4}{'κ':>6}{'angle':>7} {'in':4}{'ours':>11}{'TFP':>11}{'TFP/ours':>10}"
        f"{'apart':>7}"
    )
    for law, dim, kappa, angle in CASES:
        mean = np.zeros(dim)
        mean[0], mean[1] = np.cos(angle), np.sin(angle)
        a = np.cos(np.arange(dim) + 0.5)
        try:
            other = theirs(law, mean, kappa, a)
        except Exception as error:  # a while loop has no reverse derivative
            print(f"{law:16}{dim:4}{kappa:6g}{angle:7g} TFP: {type(error).__name__}")
            continue
        for name, own, its in zip(("μ", "κ"), ours(law, mean, kappa, a), other, strict=True):
            variances = [float(np.sum(np.var(each, axis=0))) for each in (own, its)]
            gap = np.sqrt(np.sum((np.mean(own, axis=0) - np.mean(its, axis=0)) ** 2))
            print(
                f"{law:16}{dim:4}{kappa:6g}{angle:7g} {name:4}{variances[0]:11.4g}"
                f"{variances[1]:11.4g}{variances[1] / variances[0]:10.3g}"
                f"{gap / np.sqrt(sum(variances) / DRAWS):7.2f}"
            )


if __name__ == "__main__":
    main()
