"""Draw the pictures of the idea as SVG: ``python tools/lesson_pictures.py``.

``docs/images/lesson.svg`` stands for the interactive lesson where scripts don't run; the others
show a smooth path beside a step, and a rejection sampler's jumps. They have a background of their
own and follow the reader's colour scheme, so that they are legible on light and on dark pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

import reparam as rp

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"

#: Colours of the classes, in light and in dark: those of the lesson.
COLOURS = {
    "ink": ("#1d2126", "#e8eaed"),
    "soft": ("#545b66", "#aab1bb"),
    "line": ("#c9ced6", "#434a54"),
    "theta": ("#0b5cad", "#7cb8ff"),
    "grad": ("#a34700", "#ffb066"),
    "bad": ("#b3141d", "#ff8a84"),
}
PAGE = ("#ffffff", "#15181c")
FONT = 'font-family="system-ui, -apple-system, Segoe UI, DejaVu Sans, sans-serif"'


def style(scheme: int) -> str:
    """Return the rules of a colour scheme, 0 for light and 1 for dark."""
    rules = [f".f-page{{fill:{PAGE[scheme]}}}"]
    for name, colours in COLOURS.items():
        rules.append(f".s-{name}{{stroke:{colours[scheme]}}}.f-{name}{{fill:{colours[scheme]}}}")
    return "".join(rules)


def picture(width: int, height: int, title: str, body: Iterable[str]) -> str:
    """Return a whole SVG file."""
    dark = f"@media (prefers-color-scheme: dark){{{style(1)}}}"
    size = f'viewBox="0 0 {width} {height}" width="{width}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}"',
        f'{FONT} font-size="14">',
        f"<style>{style(0)}{dark}</style>",
        f'<rect class="f-page" width="{width}" height="{height}" rx="10"/>',
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def inline(svg: str) -> str:
    """Return a picture for use inside a page, as wide as there is room."""
    return re.sub(r' width="\d+"', ' style="max-width:100%;height:auto"', svg, count=1).strip()


def text(
    x: float, y: float, words: str, kind: str = "ink", anchor: str = "middle", size: float = 14
) -> str:
    """Return text."""
    bold = ' font-weight="600"' if kind in {"grad", "bad", "theta"} else ""
    place = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}"'
    return f'<text class="f-{kind}" {place} font-size="{size}"{bold}>{words}</text>'


def line(points: Iterable[tuple[float, float]], kind: str, width: float = 2, dash: str = "") -> str:
    """Return a line through points."""
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    pen = f'class="s-{kind}" fill="none" stroke-width="{width}"{dashes}'
    return f'<polyline {pen} points="{joined}"/>'


def dot(x: float, y: float, kind: str) -> str:
    """Return a dot."""
    return f'<circle class="f-{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'


# The lesson's graphs ------------------------------------------------------------------------------


def lesson() -> str:
    """Return the broken graph beside the one with the noise outside."""
    draw = rp.Gaussian(loc=0.6, scale=0.4).transform(-0.7)
    gradient = draw.vjp(1.5)
    numbers = [shown(float(gradient[name])) for name in ("loc", "scale")]
    body = [
        text(180, 30, "direct: the die is inside", size=16),
        text(540, 30, "reparameterized: the die is outside", size=16),
        line([(360, 16), (360, 264)], "line", 1),
        *graph(0, "draw y", "~ N(μ, σ²)", "bad"),
        *graph(360, "f(z; θ)", "μ + σz", "ink"),
        *die(216, 107),
        *box(530, 66, 104, 30, ["z = −0.7"]),
        *die(581, 52),
        *arrow([(530, 81), (530, 105)], "ink"),
        *arrow([(318, 156), (318, 178), (255, 178)], "grad"),
        text(340, 198, "∂L/∂y = 1.5", "grad", "end"),
        line([(80, 132), (93, 132)], "bad", 3),
        line([(106, 132), (118, 132)], "bad", 3),
        line([(92, 124), (107, 140)], "bad", 3.5),
        line([(107, 124), (92, 140)], "bad", 3.5),
        text(12, 198, "no edge to follow", "bad", "start"),
        text(12, 228, "∂L/∂μ = none", "bad", "start", 16),
        text(12, 250, "∂L/∂σ = none", "bad", "start", 16),
        *arrow([(678, 156), (678, 178), (615, 178)], "grad"),
        *arrow([(607, 178), (405, 178), (405, 158)], "grad"),
        text(704, 198, "∂L/∂y = 1.5", "grad", "end"),
        text(372, 198, "× ∂y/∂μ = 1,  × ∂y/∂σ = z", "grad", "start"),
        text(372, 228, f"∂L/∂μ = {numbers[0]}", "grad", "start", 16),
        text(372, 250, f"∂L/∂σ = {numbers[1]}", "grad", "start", 16),
    ]
    title = (
        "Left: parameters go into a node that draws y, and the derivative stops there. "
        "Right: noise z comes from outside, and the derivative goes through y = μ + σz."
    )
    return picture(720, 270, title, body)


def shown(number: float) -> str:
    """Return a number with a true minus sign."""
    return f"{number:.6g}".replace("-", "−")


def graph(left: float, first: str, second: str, kind: str) -> list[str]:
    """Return θ → node → y → L."""
    forward = [] if kind == "bad" else arrow([(left + 80, 132), (left + 117, 132)], "ink")
    return [
        *forward,
        *arrow([(left + 222, 132), (left + 234, 132)], "ink"),
        *arrow([(left + 276, 132), (left + 296, 132)], "ink"),
        *box(left + 45, 132, 70, 48, ["μ = 0.6", "σ = 0.4"], "theta"),
        *box(left + 170, 132, 104, 52, [first, second], kind),
        *box(left + 255, 132, 42, 44, ["y", "0.32"]),
        *box(left + 318, 132, 42, 44, ["L"], "grad"),
    ]


def box(
    x: float, y: float, width: float, height: float, lines: list[str], kind: str = "ink"
) -> list[str]:
    """Return a node with one line or two."""
    corner = f'x="{x - width / 2:g}" y="{y - height / 2:g}" width="{width:g}" height="{height:g}"'
    colour = kind if kind == "theta" else "ink"
    return [
        f'<rect class="f-page s-{kind}" stroke-width="2" rx="9" {corner}/>',
        *(
            text(x, y + 5 + 17 * (k - (len(lines) - 1) / 2), row, colour)
            for k, row in enumerate(lines)
        ),
    ]


def die(x: float, y: float) -> list[str]:
    """Return a die."""
    corner = f'x="{x - 9}" y="{y - 9}" width="18" height="18" transform="rotate(-10 {x} {y})"'
    pips = [(-4, -4), (4, -4), (0, 0), (-4, 4), (4, 4)]
    return [
        f'<rect class="f-ink" rx="4" {corner}/>',
        *(
            f'<circle class="f-page" cx="{x + across}" cy="{y + down}" r="1.8"/>'
            for across, down in pips
        ),
    ]


def arrow(points: list[tuple[float, float]], kind: str) -> list[str]:
    """Return a line with a head."""
    (x0, y0), (x1, y1) = points[-2:]
    length = max(abs(x1 - x0), abs(y1 - y0))
    along, aside = ((x1 - x0) / length, (y1 - y0) / length), 4
    base = (x1 - 8 * along[0], y1 - 8 * along[1])
    corners = [
        (base[0] + aside * along[1], base[1] + aside * along[0]),
        (x1, y1),
        (base[0] - aside * along[1], base[1] - aside * along[0]),
    ]
    head = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return [
        line([*points[:-1], base], kind, 2.5 if kind == "grad" else 2),
        f'<polygon class="f-{kind}" points="{head}"/>',
    ]


# Paths over θ -------------------------------------------------------------------------------------


def panel(
    left: float,
    title: str,
    across: tuple[float, float],
    up: tuple[float, float],
    marks: tuple[list[float], list[float]],
    names: tuple[str, str],
) -> tuple[Callable[[float], float], Callable[[float], float], list[str]]:
    """Return scales of a plot 300 wide, and its frame."""
    right, top, bottom = left + 286.0, 66.0, 236.0

    def x(number: float) -> float:
        return left + (number - across[0]) / (across[1] - across[0]) * (right - left)

    def y(number: float) -> float:
        return bottom - (number - up[0]) / (up[1] - up[0]) * (bottom - top)

    frame = [text(left - 6, 28, title, anchor="start", size=15)]
    for mark in marks[0]:
        frame.append(line([(x(mark), top), (x(mark), bottom)], "line", 0.8))
        frame.append(text(x(mark), bottom + 18, shown(mark), "soft", size=13))
    for mark in marks[1]:
        frame.append(line([(left, y(mark)), (right, y(mark))], "line", 0.8))
        frame.append(text(left - 7, y(mark) + 4, shown(mark), "soft", "end", 13))
    frame.append(text(right, bottom + 36, names[0], "soft", "end", 13))
    frame.append(text(left - 7, top - 11, names[1], "soft", "end", 13))
    return x, y, frame


def path_and_step() -> str:
    """Return a Gaussian draw over σ beside a Bernoulli draw over its probability."""
    grid = np.linspace(0.0, 1.0, 51)
    x, y, body = panel(
        44,
        "A Gaussian draw: y = 0.6 + σz",
        (0.0, 1.0),
        (-1.0, 2.0),
        ([0.0, 0.5, 1.0], [-1.0, 0.0, 1.0, 2.0]),
        ("σ", "y"),
    )
    for z in (-1.5, -0.7, 0.3, 1.2):
        body.append(line([(x(s), y(0.6 + s * z)) for s in grid], "theta", 3 if z == -0.7 else 1.5))
    at = 0.4
    body.append(line([(x(s), y(0.6 - 0.7 * s)) for s in (at - 0.2, at + 0.2)], "grad", 4))
    body += [dot(x(at), y(0.6 - 0.7 * at), "grad")]
    body.append(text(x(0.03), y(-0.75), "slope ∂y/∂σ = z = −0.7", "grad", "start"))
    x, y, second = panel(
        418,
        "A coin: y = 1 if u &gt; 1 − p",
        (0.0, 1.0),
        (-0.25, 1.25),
        ([0.0, 0.5, 1.0], [0.0, 1.0]),
        ("p", "y"),
    )
    for u, lift in ((0.15, 0.05), (0.88, -0.05), (0.4, 0.0)):
        kind, width = ("theta", 3) if u == 0.4 else ("theta", 1.5)
        flip = 1.0 - u
        points = [(0.0, lift), (flip, lift), (flip, 1.0 + lift), (1.0, 1.0 + lift)]
        second.append(line([(x(p), y(v)) for p, v in points[:2]], kind, width))
        second.append(line([(x(p), y(v)) for p, v in points[1:3]], kind, width, "4 4"))
        second.append(line([(x(p), y(v)) for p, v in points[2:]], kind, width))
    second.append(line([(x(0.2), y(0.0)), (x(0.5), y(0.0))], "grad", 4))
    second += [dot(x(0.35), y(0.0), "grad"), text(x(0.35), y(-0.17), "slope 0", "grad")]
    second.append(text(x(0.36), y(0.55), "all the change", "bad"))
    second.append(text(x(0.36), y(0.42), "is in the jump", "bad"))
    title = (
        "Left: draws of a Gaussian over σ with their noise fixed are straight lines. "
        "Right: draws of a coin over p are steps, flat except for one jump."
    )
    return picture(720, 284, title, [*body, *second])


def rejection(alpha: float, normals: np.ndarray, uniforms: np.ndarray) -> tuple[float, int]:
    """Return a gamma draw by Marsaglia and Tsang (2000), and the number of its proposal."""
    d = alpha - 1.0 / 3.0
    for number, (normal, uniform) in enumerate(zip(normals, uniforms, strict=True)):
        v = (1.0 + normal / np.sqrt(9.0 * d)) ** 3
        if v > 0.0 and np.log(uniform) < 0.5 * normal**2 + d - d * v + d * np.log(v):
            return float(d * v), number
    raise RuntimeError("no proposal was accepted; give it more")


def rejection_jump() -> str:
    """Return a rejection sampler's draw over the shape, and the quantile path through it."""
    # the first proposal passes its test for α above 2 or so, else the second is taken
    normals, uniforms = np.array([-2.0, 0.9]), np.array([0.86, 0.3])
    grid = np.linspace(1.0, 3.0, 401)
    draws = [rejection(alpha, normals, uniforms) for alpha in grid]
    x, y, body = panel(
        44,
        "One seed: the accepted value jumps",
        (1.0, 3.0),
        (0.0, 5.0),
        ([1.0, 1.5, 2.0, 2.5, 3.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("α", "y"),
    )
    pieces: list[list[tuple[float, float]]] = []
    last = -1
    for alpha, (value, number) in zip(grid, draws, strict=True):
        if number != last:
            if pieces:
                body.append(line([pieces[-1][-1], (x(alpha), y(value))], "bad", 2, "4 4"))
            pieces.append([])
            last = number
        pieces[-1].append((x(alpha), y(value)))
    body += [line(piece, "theta", 3) for piece in pieces]
    body.append(text(x(1.02), y(4.55), "another proposal is accepted", "bad", "start"))
    x, y, second = panel(
        418,
        "The quantile path: smooth",
        (1.0, 3.0),
        (0.0, 5.0),
        ([1.0, 1.5, 2.0, 2.5, 3.0], [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        ("α", "y"),
    )
    at = 1.5
    value = rejection(at, normals, uniforms)[0]
    u = rp.Gamma(alpha=at).cdf(value)
    path = [(x(a), y(float(rp.Gamma(alpha=a).icdf(u)))) for a in grid[::8]]
    second.append(line(path, "theta", 3))
    slope = float(rp.Gamma(alpha=at).pathwise(value)["alpha"])
    second.append(line([(x(at + s), y(value + s * slope)) for s in (-0.35, 0.35)], "grad", 4))
    second.append(dot(x(at), y(value), "grad"))
    second.append(text(x(1.6), y(1.0), f"slope −F_α/p = {slope:.2f}", "grad", "start"))
    title = (
        "Left: a rejection sampler's value over α, with all its random numbers fixed, has a jump. "
        "Right: the quantile path through the same value is smooth."
    )
    return picture(720, 284, title, [*body, *second])


PICTURES = {
    "lesson.svg": lesson,
    "path-and-step.svg": path_and_step,
    "rejection-jump.svg": rejection_jump,
}


def main() -> None:
    """Write the pictures."""
    for name, drawn in PICTURES.items():
        (IMAGES / name).write_text(drawn(), "utf-8")


if __name__ == "__main__":
    main()
