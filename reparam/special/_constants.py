"""Constants that NumPy's formulas and the compiled kernels share: nothing is imported here."""

from __future__ import annotations

#: B_2k/2k for k = 1, 2, … in ψ(z) ~ ln z − 1/2z − Σ (B_2k/2k) z^−2k (DLMF 5.11.2).
BERNOULLI = (
    1 / 12,
    -1 / 120,
    1 / 252,
    -1 / 240,
    1 / 132,
    -691 / 32760,
    1 / 12,
    -3617 / 8160,
)

#: B_2k/(2k(2k−1)) for k = 1, 2, … in ln Γ*(α) ~ Σ (B_2k/(2k(2k−1))) α^(1−2k), for α ≥ 8.
STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)

#: Terms of the series of a step up from α ≥ 1, 2, …, 7: the rest is below 1e-16 of it.
STEP_TERMS = (16, 12, 10, 9, 8, 8, 7)

#: Where the weight falls, after the end of a plateau: edges of panels, as parts of what is left.
PANEL_FALL = (0.0, 0.125, 0.25, 0.5, 1.0)
#: Edges of panels before the end of a plateau, which may be 10³ long.
PANEL_BEFORE = (-2187.0, -729.0, -243.0, -81.0, -27.0, -9.0, -3.0)
#: How many nodes the Gauss-Legendre rule of one panel has.
PANEL_ORDER = 20
