"""Pictures show the library's numbers: densities, paths, derivatives and draws."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from facts import lacks_mean
from kinds import DISCRETE, REPARAMETERIZED

import reparam as rp
from reparam.errors import CountError, MissingExtraError, NoFormulaError, ParameterError, ShapeError
from reparam.plots import Bars, Curve, Points, Stems, picture, plot
from reparam.plots._laws import quantile

#: Densities with poles, heavy tails, and parameters far from 1.
DIFFICULT = [
    rp.Gamma(0.1),
    rp.Gamma(1e6),
    rp.Gamma(1e-4),
    rp.Beta(0.5, 0.5),
    rp.Beta(1e-3, 2.0),
    rp.StudentT(1.0),
    rp.StudentT(0.1),
    rp.InverseGamma(0.5),
    rp.F(1.0, 2.0),
    rp.RelaxedBernoulli(0.05),
    rp.Gaussian(1e6, 1e-3),
    rp.Gaussian(0.0, 1e-300),
]
#: Draws of which most are one number, or infinite.
EXTREME = [
    rp.Gaussian(1e15, 1e-3),
    rp.Gaussian(1e300, 1.0),
    rp.InverseGamma(1e-3),
    rp.F(1e-3, 1e-3),
]
LAWS = [*(rp.get(name)() for name in REPARAMETERIZED), *DIFFICULT]


@cache
def pictured(law):
    return picture(law, grad=True)


def layers(panel, kind, **attributes):
    return [
        layer
        for layer in panel.layers
        if isinstance(layer, kind)
        and all(getattr(layer, name) == value for name, value in attributes.items())
    ]


@pytest.mark.parametrize("law", LAWS, ids=repr)
class TestContinuous:
    def test_density_is_the_library_s_and_has_its_area(self, law):
        panel = pictured(law).density
        (curve,) = layers(panel, Curve)
        finite = np.isfinite(curve.y)
        np.testing.assert_array_equal(curve.y[finite], np.exp(law.log_prob(curve.x[finite])))
        assert np.all(np.diff(curve.x) > 0.0)
        # between poles, where straight lines are enough, the area is the probability
        inside = finite & (curve.y <= panel.y_limits[1])
        joined = inside[1:] & inside[:-1]
        area = np.sum((np.diff(curve.x) * 0.5 * (curve.y[1:] + curve.y[:-1]))[joined])
        assert area == pytest.approx(np.sum(np.diff(law.cdf(curve.x))[joined]), abs=0.03)

    def test_window_holds_what_is_typical(self, law):
        low, high = pictured(law).density.x_limits
        least = 0.35 if law in DIFFICULT else 0.8 if lacks_mean(law) else 0.95
        assert law.cdf(high) - law.cdf(low) > least
        assert low <= law.icdf(0.5) <= high

    def test_tangents_have_the_slope_of_the_paths(self, law):
        for path, _ in pictured(law).derivatives:
            name = path.x_label
            (dots,) = layers(path, Points)
            for k, tangent in enumerate(layers(path, Curve, role="tangent")):
                slope = law.pathwise(dots.y[k])[name]
                rise = np.diff(tangent.y)[0]
                assert rise == pytest.approx(slope * np.diff(tangent.x)[0], rel=1e-6, abs=1e-12)

    def test_paths_keep_u(self, law):
        for path, _ in pictured(law).derivatives:
            for curve in layers(path, Curve, role="line"):
                values = {name: getattr(law, name) for name in law.parameters}
                moved = type(law)(**(values | {path.x_label: curve.x}))
                u = float(curve.label.removeprefix("u = "))
                np.testing.assert_array_equal(curve.y, moved.icdf(u))

    def test_gradients_are_the_library_s(self, law):
        for _, panel in pictured(law).derivatives:
            (curve,) = layers(panel, Curve)
            expected = law.pathwise(curve.x)[panel.name.removeprefix("gradient ")]
            finite = np.isfinite(expected)
            np.testing.assert_array_equal(curve.y[finite], expected[finite])
            assert np.all(np.isnan(curve.y[~finite]))


@pytest.mark.parametrize("law", [*LAWS, *EXTREME], ids=repr)
def test_limits_are_finite(law):
    for panel in pictured(law).panels:
        assert np.all(np.isfinite([*panel.x_limits, *panel.y_limits]))
        assert panel.x_limits[0] < panel.x_limits[1]
        assert panel.y_limits[0] < panel.y_limits[1]
        assert not any(np.any(np.isinf(layer.y)) for layer in panel.layers)


def test_a_pole_is_noted_and_does_not_set_the_scale():
    made = picture(rp.Gamma(0.1))
    assert made.notes == ("gamma: p(y) → ∞ at y = 0",)
    assert made.density.y_limits[1] < 20.0
    (curve,) = layers(made.density, Curve)
    assert np.nanmax(curve.y) > 1e6


def test_a_kink_is_sharp():
    (curve,) = layers(picture(rp.Laplace(0.1234, 1.0)).density, Curve)
    assert curve.y.max() == pytest.approx(0.5, rel=2e-3)


@pytest.mark.parametrize("name", DISCRETE)
def test_discrete_ones_are_stems_with_steps_and_scores(name):
    law = rp.get(name)()
    if not np.isfinite(law.variance):
        law = law.replace({key: own.typical[1] for key, own in law.parameters.items()})
    made = picture(law, grad=bool(law.parameters.differentiable))
    (stems,) = layers(made.density, Stems)
    np.testing.assert_array_equal(stems.x, np.floor(stems.x))
    np.testing.assert_allclose(stems.y, np.exp(law.log_prob(stems.x)), rtol=1e-12)
    assert stems.y.sum() > 0.99
    wanted = any("step function" in note for note in made.notes)
    assert wanted == bool(law.parameters.differentiable)
    for path, gradient in made.derivatives:
        assert layers(path, Curve, role="steps")
        assert not layers(path, Curve, role="tangent")
        assert gradient.y_label.startswith("∂ log p/∂")


@pytest.mark.parametrize(
    "law",
    [rp.Poisson([0.01, 3.0, 1e9]), rp.Geometric([1e-9, 0.5, 1.0 - 1e-9]), rp.Binomial(1e6, 0.3)],
    ids=lambda law: law.name,
)
@pytest.mark.parametrize("u", [1e-9, 0.05, 0.5, 0.999])
def test_quantiles_of_integers(law, u):
    y = quantile(law, np.array(u))
    assert np.all(law.cdf(y) >= u)
    low, _ = law.support
    assert np.all((law.cdf(y - 1.0) < u) | (y == low))


def test_many_integers_are_a_line():
    made = picture(rp.Poisson(1e6))
    assert layers(made.density, Curve)
    assert any("drawn as a line" in note for note in made.notes)


def test_parameters_beyond_the_sixth_are_noted():
    made = picture(rp.Categorical(np.arange(8.0)), grad=True)
    assert len(made.derivatives) == 6
    assert "categorical: 2 more parameters are not shown" in made.notes


class TestDraws:
    def test_histogram_has_the_draws(self):
        law = rp.Exponential(2.0)
        (bars,) = layers(picture(law, draws=5000, rng=3).density, Bars)
        values = law.sample(5000, rng=3)
        counts, _ = np.histogram(values[values <= bars.edges[-1]], bars.edges)
        np.testing.assert_allclose(bars.y * np.diff(bars.edges) * 5000, counts, rtol=1e-12)
        assert bars.total == 5000
        assert bars.outside == 5000 - counts.sum()

    def test_shards_add_up(self):
        law = rp.Poisson(4.0)
        whole, *parts = (
            layers(picture(law, draws=draws, rng=3).density, Bars)[0]
            for draws in (range(3000), range(1000), range(1000, 3000))
        )
        np.testing.assert_allclose(
            3000 * whole.y, sum(part.total * part.y for part in parts), rtol=1e-12
        )

    def test_a_draw_is_its_values_and_derivatives(self):
        draw = rp.Gamma([0.5, 3.0]).rsample(200, rng=1)
        made = picture(draw, grad=True)
        assert [bars.total for bars in layers(made.density, Bars)] == [200, 200]
        panel = made.derivatives[0][1]
        first, second = layers(panel, Points, label="draws")
        np.testing.assert_array_equal(first.x, draw.value[:, 0])
        np.testing.assert_array_equal(second.y, draw.jacobian()["alpha"][:, 1])

    def test_noise_that_broadcasts(self):
        draw = rp.Gaussian(loc=[[0.0], [1.0]]).transform(np.zeros((2, 50)))
        assert [bars.total for bars in layers(picture(draw).density, Bars)] == [50, 50]

    def test_atoms_are_noted_beside_the_density(self):
        law = rp.Clipped(rp.Gaussian(), low=-1.0, high=0.5)
        made = picture(law)
        assert made.notes == (
            "clipped: P(y = -1) = 0.159 is not part of the density",
            "clipped: P(y = 0.5) = 0.309 is not part of the density",
        )
        (curve,) = layers(made.density, Curve)
        np.testing.assert_allclose(curve.y, np.exp(rp.Gaussian().log_prob(curve.x)), rtol=1e-12)
        assert picture(rp.Clipped(rp.Exponential(), low=-1.0)).notes == ()

    def test_vectors_are_histograms_of_their_entries(self):
        law = rp.Concrete(0.5, [0.0, 1.0])
        made = picture(law.rsample(1000, rng=1))
        assert len(layers(made.density, Bars)) == 2
        assert layers(picture(law, rng=1).density, Bars)[0].total == 10_000
        with pytest.raises(NoFormulaError, match="concrete draws vectors, and a picture"):
            picture(law, grad=True)


class TestErrors:
    def test_too_many(self):
        with pytest.raises(ShapeError, match="1 to 6 distributions, and this batch has 7"):
            picture(rp.Gaussian(np.arange(7.0)))
        with pytest.raises(ShapeError, match="at most 6 distributions; got 8"):
            picture(*[rp.Gaussian([0.0, 1.0])] * 4)

    def test_none(self):
        with pytest.raises(ShapeError, match="needs a distribution or a draw"):
            picture()
        with pytest.raises(ShapeError, match="1 to 6 distributions, and this batch has 0"):
            picture(rp.Gaussian(np.empty(0)))

    def test_negative(self):
        with pytest.raises(CountError, match="draws=-1 is negative"):
            picture(rp.Gaussian(), draws=-1)

    @pytest.mark.parametrize("law", [rp.Gaussian(scale=1e308), rp.Gamma(rate=1e-308)])
    def test_too_large_and_too_small(self, law):
        with pytest.raises(ParameterError, match="beyond 1e-300 or 1e\\+300"):
            picture(law)

    def test_vectors_and_others(self):
        with pytest.raises(ShapeError, match="concrete draws vectors"):
            picture(rp.Concrete(), rp.Concrete())


class TestFigures:
    @pytest.mark.parametrize("law", [rp.Gamma(0.1), rp.Poisson(3.0), rp.Concrete()], ids=repr)
    def test_panels_become_axes(self, law):
        grad = law.event_shape == ()
        made, figure = picture(law, grad=grad, rng=1), plot(law, grad=grad, rng=1)
        assert len(figure.axes) == len(made.panels)
        for axes, panel in zip(figure.axes, made.panels, strict=True):
            assert axes.get_ylabel() == panel.y_label
            np.testing.assert_allclose(axes.get_xlim(), panel.x_limits)
        figure.canvas.draw()

    def test_draws_have_a_method(self):
        figure = rp.Gamma(2.0).rsample(100, rng=1).plot(grad=True)
        assert len(figure.axes) == 5
        assert "100 draws" in figure.axes[0].get_legend().get_texts()[0].get_text()

    def test_pyplot_stays_out_of_it(self):
        code = (
            "import sys, reparam as rp; from reparam.plots import plot;"
            " plot(rp.Gamma(), grad=True, draws=9).canvas.draw();"
            " assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_the_extra_is_named_where_it_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'reparam\[plot\]'"):
            plot(rp.Gaussian())
        assert picture(rp.Gaussian()).titles == ("gaussian(loc=0, scale=1)",)
