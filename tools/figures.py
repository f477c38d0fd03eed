"""Make the figures of the documentation: ``python tools/figures.py [NAME ...]``.

They go to ``docs/images`` as SVG, without a background, in colours that have a contrast of at least
3 (text: 4) with white and with the dark theme's #131416. ``--preview FOLDER`` writes PNG on both
backgrounds, too. Seeds are fixed; all take about half a minute together.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import reparam as rp
from reparam.estimators import Estimates, estimate
from reparam.plots import plot
from reparam.plots._matplotlib import COLOURS

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs/images"

#: Text and axes; and the backgrounds of the two themes.
GREY, BACKGROUNDS = "#7e7e7e", {"light": "#ffffff", "dark": "#131416"}

PARAMETERS = {"loc": "∂/∂μ", "scale": "∂/∂σ"}


def variance() -> Figure:
    """Return the variance of a draw by the frequency of the objective, for a Gaussian."""
    names = ["pathwise", "score", "score-loo", "score-optimal", "measure-valued"]
    frequencies = np.geomspace(0.25, 20.0, 121)
    runs = [
        estimate(rp.Gaussian(1.0, 1.0), f"cos({k!r}*y)", 100_000, estimators=names, rng=1)
        for k in frequencies.tolist()
    ]
    figure, panels = new(1, 2, sharey=True)
    for axes, (parameter, title) in zip(panels, PARAMETERS.items(), strict=True):
        for colour, name in zip(COLOURS, names, strict=False):
            values = [run[name, parameter].variance for run in runs]
            axes.loglog(frequencies, values, color=colour, label=name, linewidth=1.8)
        axes.set(title=title, xlabel="k")
        axes.set_xticks([0.5, 1, 2, 5, 10, 20], ["0.5", "1", "2", "5", "10", "20"])
        axes.minorticks_off()
    panels[0].set_ylabel("variance of a draw, J(y) = cos(ky)")
    return finished(figure, panels, columns=5)


def published() -> Figure:
    """Return the variance of a draw for the other two objectives of Mohamed et al. (2020)."""
    names = ["pathwise", "score", "score-loo", "score-optimal", "measure-valued"]
    figure, panels = new(1, 2)
    cases = [
        ("J(y) = (y − k)²", "(y - ({k!r}))**2", np.linspace(-3.0, 3.0, 61), "linear"),
        ("J(y) = exp(−k y²)", "exp(-{k!r}*y**2)", np.geomspace(0.01, 100.0, 61), "log"),
    ]
    for axes, (title, text, ks, scale) in zip(panels, cases, strict=True):
        runs = [
            estimate(rp.Gaussian(1.0, 1.0), text.format(k=k), 100_000, estimators=names, rng=1)
            for k in ks.tolist()
        ]
        for colour, name in zip(COLOURS, names, strict=False):
            values = [run[name, "loc"].variance for run in runs]
            axes.plot(ks, values, color=colour, label=name, linewidth=1.8)
        axes.set(title=title, xlabel="k", xscale=scale, yscale="log")
        axes.minorticks_off()
    panels[0].set_ylim(0.1, 2000.0)  # measure-valued falls to 0 at k = μ
    panels[0].set_ylabel("variance of a draw, ∂/∂μ")
    return finished(figure, panels, columns=5)


def discrete() -> Figure:
    """Return the variance of a draw of discrete distributions, by their parameters."""
    names = ["score", "score-loo", "unordered-set", "measure-valued", "smoothed"]
    figure, panels = new(1, 2)
    cases: list[tuple[str, str, Callable[[float], rp.Distribution], np.ndarray, str]] = [
        ("categorical, logits 0, a, 2a", "a", _ramp, np.linspace(-3.0, 3.0, 49), "linear"),
        ("Poisson", "λ", rp.Poisson, np.geomspace(0.1, 100.0, 49), "log"),
    ]
    for axes, (title, symbol, law, values, scale) in zip(panels, cases, strict=True):
        runs = [
            estimate(law(value), "sqrt(y + 1)", 100_000, estimators=names, rng=1)
            for value in values.tolist()
        ]
        for colour, name in zip(COLOURS, names, strict=False):
            found = [sum(row.variance for row in run if row.estimator == name) for run in runs]
            axes.plot(values, found, color=colour, label=name, linewidth=1.8)
        axes.set(title=title, xlabel=symbol, xscale=scale, yscale="log")
        axes.minorticks_off()
    panels[0].set_ylabel("variance of a draw, J(y) = √(y + 1)")
    return finished(figure, panels, columns=5)


def _ramp(step: float) -> rp.Distribution:
    return rp.Categorical([0.0, step, 2.0 * step])


def temperature() -> Figure:
    """Return bias and standard deviation of a draw of relaxations, by temperature."""
    names = ["relaxed", "straight-through"]
    law, objective = rp.Bernoulli(0.3), "(y - 0.45)**2"
    heats = np.geomspace(0.05, 5.0, 25)
    runs = [
        estimate(law, objective, 400_000, estimators=names, temperature=heat, rng=1)
        for heat in heats.tolist()
    ]
    plain = estimate(law, objective, 400_000, estimators=["score", "score-loo"], rng=1)
    figure, panels = new(1, 2)

    def curves(axes: Axes, value: Callable[[Estimates, str], float]) -> None:
        for colour, name in zip(COLOURS, names, strict=False):
            axes.semilogx(
                heats, [value(run, name) for run in runs], color=colour, label=name, linewidth=1.8
            )
        for colour, name in zip(COLOURS[2:], ("score", "score-loo"), strict=False):
            level = value(plain, name)
            axes.axhline(level, color=colour, label=f"{name} (unbiased)", linestyle="--")
        axes.set(xlabel="temperature")
        axes.set_xticks([0.05, 0.2, 1, 5], ["0.05", "0.2", "1", "5"])
        axes.minorticks_off()

    curves(panels[0], lambda run, name: run[name, "probs"].bias)
    curves(panels[1], lambda run, name: float(np.sqrt(run[name, "probs"].variance)))
    panels[0].set(ylabel="bias")
    panels[1].set(ylabel="standard deviation of a draw", yscale="log")
    panels[1].set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
    return finished(figure, panels, columns=4)


def vae() -> Figure:
    """Return the variance of the gradient in the encoder's weights, in the course of training."""
    sys.path.insert(0, str(ROOT / "examples"))
    import vae as example

    order = np.random.default_rng(0).permutation(1797)
    x = example.load_digits().data[order][360:]
    epochs = [0, 1, 2, 3, 5, 8, 12, 20, 35, 60, 100, 150, 200]
    values: dict[str, list[float]] = {name: [] for name in example.ESTIMATORS}
    with example.threadpool_limits(1):
        for epoch, model in enumerate(example.train(x, "pathwise", 200, 1e-3, 1)):
            if epoch in epochs:
                for name, found in values.items():
                    found.append(example.variance(model, x[: example.BATCH], name))
    figure, panels = new(1, 1)
    for name, found in values.items():
        colour = example.ESTIMATORS[name]
        panels[0].plot(epochs, found, color=colour, label=name, marker="o", markersize=4)
    panels[0].set_yscale("log")
    panels[0].set_xscale("symlog", linthresh=1.0)
    panels[0].set_xticks([0, 1, 2, 5, 10, 20, 50, 100, 200])
    panels[0].set_xticklabels(["0", "1", "2", "5", "10", "20", "50", "100", "200"])
    panels[0].minorticks_off()
    panels[0].set_xlim(-0.1, 230.0)
    panels[0].set(xlabel="epoch", ylabel="variance of the encoder's gradient")
    return finished(figure, panels, columns=3)


def logistic_regression() -> Figure:
    """Return the ELBO of both approximations by step, and their standard deviations."""
    sys.path.insert(0, str(ROOT / "examples"))
    import logistic_regression as example

    found = example.compare(example.load(), steps=5000, walk=20_000, seed=1)
    figure, (curve, spread) = new(1, 2)
    exact = found.deviations["Metropolis"]
    for colour, (name, values) in zip(COLOURS, found.curves.items(), strict=False):
        means = np.reshape(values, (-1, 25)).mean(axis=1)
        curve.plot(25 * np.arange(len(means)) + 12, means, color=colour, label=name, linewidth=1.5)
        spread.scatter(exact, found.deviations[name], color=colour, label=name, s=14)
    curve.set(xlabel="step", ylabel="ELBO, mean of 25 steps", ylim=(-120.0, -50.0))
    ends = np.array([0.0, 1.05 * exact.max()])
    spread.plot(ends, ends, color=GREY, linewidth=0.8, linestyle="--")
    spread.set(xlabel="standard deviation by Metropolis", ylabel="by the approximation")
    return finished(figure, [curve, spread], columns=2)


def flow() -> Figure:
    """Return how far each bound is from the evidence by step, and the densities of τ."""
    sys.path.insert(0, str(ROOT / "examples"))
    import flow as example

    log_evidence, *_ = example.exact()
    figure, (curve, densities) = new(1, 2)
    tau = np.linspace(0.02, 20.0, 500)
    posterior = [example.density(x)[0] for x in tau.tolist()] / np.exp(log_evidence)
    densities.plot(tau, posterior, color=GREY, label="posterior", linestyle="--")
    for colour, (name, form) in zip(COLOURS, example.FORMS.items(), strict=False):
        found, values = example.train(form, steps=3000, seed=1)
        gaps = log_evidence - np.reshape(values, (-1, 50)).mean(axis=1)
        curve.semilogy(50 * np.arange(len(gaps)) + 25, gaps, color=colour, linewidth=1.5)
        density = np.exp(found.tau.log_prob(tau))
        densities.plot(tau, density, color=colour, label=name, linewidth=1.5)
    curve.set(xlabel="step", ylabel="KL, mean of 50 steps")
    densities.set(xlabel="τ", ylabel="density")
    return finished(figure, [curve, densities], columns=4)


def topics() -> Figure:
    """Return the topics of the corpus, and those that both modules found."""
    sys.path.insert(0, str(ROOT / "examples"))
    import topics as example

    rows = {"of the corpus": example.corpus(1, seed=0).topics}
    rows |= {name: example.fit(module, 150, 1)[1] for name, module in example.MODULES.items()}
    figure = Figure(figsize=(7.6, 2.6), layout="constrained", facecolor="none")
    panels = figure.subplots(len(rows), 2 * example.SIDE)
    for line, (name, found) in zip(panels, rows.items(), strict=True):
        for axes, topic in zip(line, found, strict=True):
            axes.imshow(topic.reshape(example.SIDE, -1), cmap="Greys", vmin=0.0, vmax=0.25)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    recolour(panels.flat)
    return figure


def speed() -> Figure:
    """Return the first table of docs/speed.md, of parameters per element, as bars."""
    page = (ROOT / "docs/speed.md").read_text(encoding="utf-8")
    table = page.partition("<!-- table: benchmarks/speed.py -->")[2].split("```")[1]
    head, *lines = table.splitlines()[2:]
    libraries = head.partition("ns per draw")[2].split()[:4]
    ends = ", per element "  # a space: not the derivative alone
    rows = [line.partition(ends) for line in lines if ends in line]
    figure = Figure(figsize=(7.6, 6.4), layout="constrained", facecolor="none")
    axes = figure.subplots()
    places = np.arange(len(rows))
    for k, (library, colour) in enumerate(zip(libraries, COLOURS[:4], strict=True)):
        times = [float(figures.split()[k]) for *_, figures in rows]
        name = "PyTorch" if library == "torch" else f"reparam, {library}"
        axes.barh(places + 0.2 * k - 0.3, times, 0.2, color=colour, label=name)
    axes.set_yticks(places, [name for name, *_ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("ns per draw with back-propagation, two cores")
    return finished(figure, [axes], columns=4)


def gamma() -> Figure:
    """Return what ``reparam plot gamma -p alpha=2 --grad -n 1000 --seed 1`` draws."""
    figure = plot(rp.Gamma(2.0), grad=True, draws=1000, rng=1)
    figure.set_facecolor("none")
    recolour(figure.axes)
    figure.axes[0].get_legend().get_texts()[0].set_color(GREY)
    return figure


FIGURES = {
    "speed": speed,
    "gamma": gamma,
    "estimators-variance": variance,
    "estimators-published": published,
    "estimators-discrete": discrete,
    "estimators-temperature": temperature,
    "vae-variance": vae,
    "logistic-regression": logistic_regression,
    "flow": flow,
    "topics": topics,
}


def new(rows: int, columns: int, *, sharey: bool = False) -> tuple[Figure, list[Axes]]:
    """Return a figure without a background, and its axes."""
    figure = Figure(figsize=(7.6, 3.6), layout="constrained", facecolor="none")
    return figure, list(figure.subplots(rows, columns, sharey=sharey, squeeze=False).flat)


def finished(figure: Figure, panels: Iterable[Axes], columns: int) -> Figure:
    """Colour what is not data, and put one legend above all panels."""
    recolour(panels)
    for axes in panels:
        axes.grid(color=GREY, alpha=0.3, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=columns,
        frameon=False,
        labelcolor="linecolor",
        fontsize="small",
    )
    return figure


def recolour(panels: Iterable[Axes]) -> None:
    """Give axes and texts a colour that both themes have room for."""
    for axes in panels:
        axes.set_facecolor("none")
        axes.spines[:].set_color(GREY)
        axes.tick_params(which="both", colors=GREY)
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts):
            text.set_color(GREY)


def main() -> None:
    """Write the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FIGURES)}")
    parser.add_argument("--preview", type=Path, metavar="FOLDER", help="write PNG there, too")
    options = parser.parse_args()
    style = {"svg.hashsalt": "reparam", "svg.fonttype": "none", "font.family": "sans-serif"}
    for name in options.names or FIGURES:
        with matplotlib.rc_context(style):
            figure = FIGURES[name]()
            figure.savefig(IMAGES / f"{name}.svg", metadata={"Date": None})
        if options.preview:
            for theme, colour in BACKGROUNDS.items():
                figure.savefig(options.preview / f"{name}-{theme}.png", facecolor=colour, dpi=90)
        print(f"docs/images/{name}.svg")


if __name__ == "__main__":
    main()
