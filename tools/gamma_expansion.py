"""Make the large-shape expansion of ``reparam.special.gamma``: ``python tools/gamma_expansion.py``.

With h = ∂ln x/∂α on the quantile path of Gamma(α), G(w, ε) = α h is a smooth function of
w = ln(x/α) and ε = 1/α, ε = 0 included: by Temme's uniform expansion (DLMF 8.12) the complementary
error function drops out of the quotient −F_α/(x p), and what is left is

    G = Γ*(α) (μ/η − η/2 + S (w − ε/2) + S_α − μ S_η ε/η),   S ~ Σ C_k(η) ε^k,

with μ = e^w − 1, η²/2 = μ − w. It is fitted by polynomials Σ c_jk w^j ε^k, j + 2k ≤ M, since w is
of order √ε where a draw can be: one table for each range of α, over
−LOW √ε ≤ w ≤ HIGH √ε, with M the least that leaves a relative error below 1e-15. Values to fit come
from the series and the integral of h in mpmath at 34 digits.

The result is written to ``reparam/special/_expansions.py``.
"""

from __future__ import annotations

from pathlib import Path

import mpmath as mp

#: Each table's α from, α to (the last serves to infinity), and how far w reaches either way.
RANGES = [
    (8, 16, 5.0, 5.0),
    (16, 40, 5.5, 5.0),
    (40, 150, 5.5, 5.0),
    (150, 1000, 6.0, 5.5),
    (1000, 20_000, 6.0, 6.0),
    (20_000, 1_000_000, 6.5, 6.5),
    (1_000_000, 100_000_000, 7.0, 7.0),
]
DIGITS, TOLERANCE = 34, mp.mpf("1e-15")


def log_derivative(alpha: mp.mpf, x: mp.mpf) -> mp.mpf:
    """Return h = −(∂P(α, x)/∂α) / (x p(x)): the series below the mean, the integral above."""
    log_x = mp.log(x)
    if x <= alpha:
        term, psi, total, k = 1 / alpha, mp.digamma(alpha + 1), mp.mpf(0), 0
        while True:
            total += term * (psi - log_x)
            k += 1
            term *= x / (alpha + k)
            psi += 1 / (alpha + k)
            if term * (psi - log_x) < total * mp.mpf(10) ** (-DIGITS):
                return total
    distance = log_x - mp.digamma(alpha)
    end = 1 / max(x - alpha, mp.sqrt(x))
    while x * mp.expm1(end) - alpha * end < 90:
        end *= mp.mpf("1.3")
    return mp.quad(
        lambda s: (distance + s) * mp.exp(alpha * s - x * mp.expm1(s)), mp.linspace(0, end, 9)
    )


def samples(
    first: float, last: float, low: float, high: float
) -> list[tuple[mp.mpf, mp.mpf, mp.mpf]]:
    """Return (w, ε, G) on a Chebyshev grid of √ε and w/√ε."""
    count, points = (10 if last / first < 4 else 14), 28
    ends = 1 / mp.sqrt(last), 1 / mp.sqrt(first)
    found = []
    for i in range(count):
        root = sum(ends) / 2 + (ends[1] - ends[0]) / 2 * mp.cos(mp.pi * (i + 0.5) / count)
        alpha = 1 / root**2
        for j in range(points):
            w = root * ((high - low) / 2 + (high + low) / 2 * mp.cos(mp.pi * (j + 0.5) / points))
            found.append((w, root**2, alpha * log_derivative(alpha, alpha * mp.exp(w))))
    return found


def fit(
    data: list[tuple[mp.mpf, mp.mpf, mp.mpf]], degree: int
) -> tuple[list[list[mp.mpf]], mp.mpf]:
    """Return rows c_j0, c_j1, … and the largest relative residual of the least-squares fit."""
    widest, largest = max(abs(w) for w, _, _ in data), max(eps for _, eps, _ in data)
    powers = [(j, k) for j in range(degree + 1) for k in range((degree - j) // 2 + 1)]
    matrix = mp.matrix(
        [[(w / widest) ** j * (eps / largest) ** k / g for j, k in powers] for w, eps, g in data]
    )
    with mp.workdps(90):  # normal equations square the condition number
        solution = mp.lu_solve(matrix.T * matrix, matrix.T * mp.matrix([mp.mpf(1)] * len(data)))
    residual = max(abs(value - 1) for value in matrix * solution)
    rows: list[list[mp.mpf]] = [[] for _ in range(degree + 1)]
    for (j, k), value in zip(powers, solution, strict=True):
        rows[j].append(value / widest**j / largest**k)
    return rows, residual


HEADER = '''\
"""Large-shape expansion of the gamma kernel: made by ``tools/gamma_expansion.py``, not by hand.

Each table holds from its least α on, for |w| ≤ 5/√α: rows c_j0, c_j1, … of Σ c_jk w^j α^−k.
"""

from __future__ import annotations

from typing import NamedTuple


class Table(NamedTuple):
    """One range of α."""

    least: float
    rows: tuple[tuple[float, ...], ...]


TABLES = (
'''


def main() -> None:
    text = HEADER
    for first, last, low, high in RANGES:
        data = samples(first, last, low, high)
        degree = 4
        rows, residual = fit(data, degree)
        while residual > TOLERANCE:
            degree += 1
            rows, residual = fit(data, degree)
        print(f"{first}: {sum(map(len, rows))} coefficients, error {mp.nstr(residual, 2)}")
        text += f"    Table(\n        {float(first)!r},\n        (\n"
        for row in rows:
            text += "            (\n"
            text += "".join(f"                {float(value)!r},\n" for value in row)
            text += "            ),\n"
        text += "        ),\n    ),\n"
    path = Path(__file__).parents[1] / "reparam" / "special" / "_expansions.py"
    path.write_text(text + ")\n")


if __name__ == "__main__":
    mp.mp.dps = DIGITS
    main()
