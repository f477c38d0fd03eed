"""The directive ``gallery``: a card with a picture for each built-in distribution.

Pictures are SVG inside the page, in the theme's colours. A scalar distribution is shown by its
density or probabilities, any other by draws: first component to the right, second one upwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from reparam import registry
from reparam.base.discrete import Discrete
from reparam.base.distribution import Distribution
from reparam.plots import Curve, picture

WIDTH, HEIGHT, DRAWS = 160, 80, 400

#: Parameters of those whose defaults hide the shape; all others have their defaults.
SHOWN: dict[str, dict[str, Any]] = {
    "bernoulli": {"probs": 0.3},
    "beta": {"alpha": 2.0, "beta": 4.0},
    "binomial": {"total": 12, "probs": 0.4},
    "categorical": {"logits": [0.0, 1.0, 0.4, -0.5]},
    "chi": {"df": 3.0},
    "chi-square": {"df": 4.0},
    "concrete": {"temperature": 0.6, "logits": [0.0, 0.5, 1.0]},
    "continuous-bernoulli": {"logits": 2.0},
    "dirichlet": {"concentration": [2.0, 3.0, 4.0]},
    "dirichlet-multinomial": {"total_count": 12, "concentration": [2.0, 3.0, 4.0]},
    "discrete-uniform": {"low": 1, "high": 6},
    "gamma": {"alpha": 3.0},
    "generalized-gamma": {"concentration": 2.0, "power": 1.5},
    "generalized-normal": {"power": 6.0},
    "kumaraswamy": {"concentration1": 2.0, "concentration0": 3.0},
    "multinomial": {"total_count": 12, "probs": [0.2, 0.3, 0.5]},
    "multivariate-gaussian": {"scale_tril": [[1.0, 0.0], [0.8, 0.6]]},
    "multivariate-student-t": {"df": 4.0, "scale_tril": [[1.0, 0.0], [-0.8, 0.6]]},
    "negative-binomial": {"total": 4.0, "probs": 0.4},
    "poisson": {"rate": 4.0},
    "power-spherical": {"mean_direction": [1.0, 0.0, 0.0], "concentration": 6.0},
    "projected-normal": {"loc": [1.0, 1.0, 0.5]},
    "relaxed-bernoulli": {"temperature": 0.6},
    "sigmoid-beta": {"concentration1": 2.0},
    "skellam": {"rate1": 4.0, "rate2": 2.0},
    "skew-normal": {"alpha": 4.0},
    "two-piece-normal": {"skewness": 0.5},
    "von-mises-fisher": {"mean_direction": [0.0, 1.0, 0.0], "concentration": 6.0},
    "weibull": {"concentration": 2.0},
}

GROUPS = ("Real numbers", "Integers", "Vectors and matrices")


def group(cls: type[Distribution]) -> str:
    """Return the heading under which a distribution is shown."""
    if cls._support.rank:
        return GROUPS[2]
    return GROUPS[1] if issubclass(cls, Discrete) else GROUPS[0]


def card(name: str) -> str:
    """Return a distribution's card, as HTML."""
    cls = registry.get(name)
    label = f"{cls.__name__}({', '.join(cls.parameters)})"
    return (
        f'<a class="law" href="distributions.html#{cls.__name__.lower()}" title="{escape(label)}">'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">{"".join(shapes(name))}</svg>'
        f"<span>{breakable(cls.__name__)}</span></a>"
    )


def breakable(name: str) -> str:
    """Return a class's name as HTML that may break before a capital letter."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "<wbr>", name)


def shapes(name: str) -> Iterator[str]:
    """Yield the shapes of a distribution's picture."""
    law = registry.get(name)(**SHOWN.get(name, {}))
    if law._support.rank:
        yield from dots(law)
        return
    panel = picture(law).panels[0]
    x_limits, y_limits = panel.x_limits, panel.y_limits
    for layer in panel.layers:
        known = ~np.isnan(layer.y)
        x = scaled(layer.x[known], *x_limits, 0, WIDTH)
        y = scaled(np.clip(layer.y[known], *y_limits), *y_limits, HEIGHT - 3, 3)
        if isinstance(layer, Curve):
            line = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
            base = HEIGHT - 3
            yield f'<polygon points="{x[0]:.1f},{base} {line} {x[-1]:.1f},{base}"/>'
            yield f'<polyline points="{line}"/>'
        else:
            stems = (f"M{a:.1f} {HEIGHT - 3}V{b:.1f}" for a, b in zip(x, y, strict=True))
            yield f'<path d="{"".join(stems)}"/>'


def dots(law: Distribution) -> Iterator[str]:
    """Yield draws as dots: the first two components, below the diagonal of a matrix."""
    value = law.sample(DRAWS, rng=0)
    value = value.reshape(DRAWS, -1) if value.ndim == 2 else value[:, -1, :2]
    x, y = (np.asarray(value[:, k], dtype=float) for k in (0, 1))
    if isinstance(law, Discrete):  # apart, where many are the same
        moved = np.random.default_rng(0).uniform(-0.3, 0.3, (2, DRAWS))
        x, y = x + moved[0], y + moved[1]
    (left, right), (low, high) = (np.quantile(v, [0.005, 0.995]) for v in (x, y))
    inside = (x >= left) & (x <= right) & (y >= low) & (y <= high)
    across = scaled(x[inside], left, right, 6, WIDTH - 6)
    up = scaled(y[inside], low, high, HEIGHT - 6, 6)
    marks = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(across, up, strict=True))
    yield f'<path class="dots" d="{marks}"/>'


def scaled(values: np.ndarray, low: float, high: float, start: float, stop: float) -> np.ndarray:
    """Map numbers from one interval to another."""
    return start + (np.asarray(values, dtype=float) - low) * (stop - start) / (high - low)


class Gallery(SphinxDirective):
    """Cards of the built-in distributions of one group, ordered by name."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Return the cards."""
        names = [
            n for n in sorted(registry.BUILT_IN) if group(registry.get(n)) == self.arguments[0]
        ]
        html = f'<div class="gallery">{"".join(map(card, names))}</div>'
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True}
