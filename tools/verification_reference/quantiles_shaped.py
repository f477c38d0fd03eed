"""Quantiles of laws with shapes that are maps of simpler ones: see ``quantiles.py``."""

from __future__ import annotations

from typing import Any

from mpmath import mp, mpf
from quantiles import Near, Quantile, gamma_of, logit_of
from quantiles_elementary import with_tail


def normal_quantile(near: Near, lower: Any, upper: Any) -> Any:
    """z with Φ(z) = lower = 1 − upper: z²/2 ~ Gamma(½), of whose tails z has one."""
    tails = 2 * min(lower, upper)
    if tails == 1:
        return mpf(0)
    root = mp.sqrt(2 * gamma_of(near, mpf(1) / 2, 1 - tails, tails))
    return root if lower > upper else -root


def generalized_extreme_value(near: Near, u: Any, concentration: Any, loc: Any, scale: Any) -> Any:
    t = -mp.log(-mp.log(u))
    return loc + scale * (mp.expm1(concentration * t) / concentration if concentration else t)


def moyal(near: Near, u: Any, loc: Any, scale: Any) -> Any:
    return loc - scale * mp.log(2 * gamma_of(near, mpf(1) / 2, 1 - u, u))


def johnson_su(near: Near, z: Any, skewness: Any, tailweight: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * mp.sinh((z - skewness) / tailweight)


def johnson_sb(near: Near, z: Any, skewness: Any, tailweight: Any) -> Any:
    return 1 / (1 + mp.exp((skewness - z) / tailweight))


def sinh_arcsinh(near: Near, z: Any, skewness: Any, tailweight: Any, loc: Any, scale: Any) -> Any:
    factor = 2 / mp.sinh(tailweight * mp.asinh(mpf(2)))
    return loc + scale * factor * mp.sinh((mp.asinh(z) + skewness) * tailweight)


def exp_gamma(near: Near, u: Any, concentration: Any, loc: Any, scale: Any) -> Any:
    return loc + scale * mp.log(gamma_of(near, concentration, u, 1 - u))


def generalized_gamma(near: Near, u: Any, concentration: Any, scale: Any, power: Any) -> Any:
    return scale * gamma_of(near, concentration, u, 1 - u) ** (1 / power)


def nakagami(near: Near, u: Any, concentration: Any, scale: Any) -> Any:
    return scale * mp.sqrt(gamma_of(near, concentration, u, 1 - u) / concentration)


def half_student_t(near: Near, u: Any, df: Any, scale: Any) -> Any:
    """ν/(ν + t²) ~ Beta(ν/2, ½)."""
    return scale * mp.sqrt(df) * mp.exp(-logit_of(near, df / 2, mpf(1) / 2, 1 - u, u) / 2)


def generalized_logistic(near: Near, u: Any, concentration: Any, loc: Any, scale: Any) -> Any:
    return loc - scale * mp.log(mp.expm1(-mp.log(u) / concentration))


def burr(near: Near, u: Any, concentration: Any, scale: Any, power: Any) -> Any:
    return scale * mp.expm1(-mp.log(1 - u) / concentration) ** (1 / power)


def dagum(near: Near, u: Any, concentration: Any, scale: Any, power: Any) -> Any:
    return scale * mp.expm1(-mp.log(u) / concentration) ** (-1 / power)


def gompertz(near: Near, u: Any, concentration: Any, rate: Any) -> Any:
    return mp.log1p(-mp.log(1 - u) / concentration) / rate


def sigmoid_beta(near: Near, u: Any, concentration1: Any, concentration0: Any) -> Any:
    logit = logit_of(near, concentration1, concentration0, u, 1 - u)
    return logit if abs(logit) > mpf(10) ** -100 else mpf(0)


def two_piece_normal(near: Near, u: Any, skewness: Any, loc: Any, scale: Any) -> Any:
    below = 1 / (1 + skewness**2)
    if u < below:
        return loc + scale * normal_quantile(near, u / below / 2, 1 - u / below / 2) / skewness
    part = (1 - u) / (1 - below) / 2
    return loc + scale * normal_quantile(near, 1 - part, part) * skewness


def typical(*kinds: str) -> Any:
    """Return what makes shapes of these kinds so modest that values are doubles."""

    def made(*theta: float) -> tuple[float, ...]:
        return tuple(
            max(size, 0.1) if kind == "tail" else size
            for kind, size in zip(kinds, theta, strict=True)
        )

    return made


def skewed(
    skewness: float, tailweight: float, loc: float, scale: float
) -> tuple[float, float, float, float]:
    """Return a skewness up to 2, not 0 (subnormal noise would round), and a weight up to 150."""
    skewness, tailweight = skewness or 0.25, min(max(tailweight, 0.05), 150.0)
    return 2.0 * skewness / (1.0 + abs(skewness)), tailweight, loc, scale


def bounded(skewness: float, tailweight: float, *rest: float) -> tuple[float, ...]:
    """Return a skewness up to 3, not 0 (subnormal noise would round), and δ of at least 0.2."""
    skewness = skewness or 0.25
    return 3.0 * skewness / (1.0 + abs(skewness)), max(tailweight, 0.2), *rest


PLACED = {"loc": "loc", "scale": "shape"}
POWERED = {"concentration": "shape", "scale": "shape", "power": "shape"}

DISTRIBUTIONS = {
    "generalized-extreme-value": Quantile(
        generalized_extreme_value, {"concentration": "shape", **PLACED}, made=with_tail
    ),
    "moyal": Quantile(moyal, {"loc": "loc", "scale": "scale"}),
    "johnson-su": Quantile(
        johnson_su,
        {"skewness": "loc", "tailweight": "shape", **PLACED},
        noise="normal",
        made=bounded,
    ),
    "johnson-sb": Quantile(
        johnson_sb, {"skewness": "loc", "tailweight": "shape"}, noise="normal", made=bounded
    ),
    "sinh-arcsinh": Quantile(
        sinh_arcsinh,
        {"skewness": "loc", "tailweight": "shape", **PLACED},
        noise="normal",
        made=skewed,
    ),
    "exp-gamma": Quantile(exp_gamma, {"concentration": "shape", **PLACED}),
    "generalized-gamma": Quantile(
        generalized_gamma, POWERED, made=typical("shape", "shape", "tail")
    ),
    "nakagami": Quantile(
        nakagami, {"concentration": "shape", "scale": "scale"}, also_blurred=("concentration",)
    ),
    "half-student-t": Quantile(half_student_t, {"df": "df", "scale": "scale"}),
    "generalized-logistic": Quantile(generalized_logistic, {"concentration": "shape", **PLACED}),
    "burr-xii": Quantile(burr, POWERED, made=typical("tail", "shape", "tail")),
    "dagum": Quantile(dagum, POWERED, made=typical("tail", "shape", "tail")),
    "gompertz": Quantile(gompertz, {"concentration": "shape", "rate": "scale"}),
    "sigmoid-beta": Quantile(sigmoid_beta, {"concentration1": "shape", "concentration0": "shape"}),
    "two-piece-normal": Quantile(two_piece_normal, {"skewness": "shape", **PLACED}),
}
