"""Graphs with discrete draws, densities in formulas, and sums over plates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import reparam as rp
from reparam import errors
from reparam.graphs._columns import Columns
from reparam.graphs._exact import exact

N = 60_000
DATA = [1.3, 0.2, -0.4]


def normalized(logits):
    return np.exp(logits - special.logsumexp(logits))


#: A graph, its inputs, and ∂E[J]/∂input as derived by hand or enumerated here.
GRAPHS = {
    "a count": ("k ~ poisson(rate=r)\nloss = k**2", {"r": 3.0}, {"r": 7.0}),
    "a coin and a location": (
        "b ~ bernoulli(sigmoid(a))\nz ~ gaussian(b*m, s)\nloss = (z - 1)**2 + c*b",
        {"a": -0.8, "m": 2.0, "s": 0.7, "c": 0.5},
        lambda a, m, s, c: {
            "a": (p := special.expit(a)) * (1 - p) * ((m - 1) ** 2 - 1 + c),
            "m": 2 * p * (m - 1),
            "s": 2 * s,
            "c": p,
        },
    ),
    "a rate that is drawn": (  # E[k²] = E[λ² + λ] with λ = e^z
        "z ~ gaussian(m, s)\nk ~ poisson(exp(z))\nloss = k**2 + z",
        {"m": 0.2, "s": 0.3},
        lambda m, s: {
            "m": 2 * np.exp(2 * m + 2 * s**2) + np.exp(m + s**2 / 2) + 1,
            "s": 4 * s * np.exp(2 * m + 2 * s**2) + s * np.exp(m + s**2 / 2),
        },
    ),
    "a count of a count": (  # k | n: mean p n; E[k²] = p²(λ² + λ) + p (1 − p) λ
        "n ~ poisson(r)\nk ~ poisson(q*(n + 0.5))\nloss = k",
        {"r": 2.0, "q": 0.7},
        {"r": 0.7, "q": 2.5},
    ),
    "categories": (
        "k ~ categorical([a, b, 0])\nloss = (k - c)**2",
        {"a": 0.3, "b": -0.5, "c": 0.4},
        lambda a, b, c: {
            "a": (w := normalized(np.array([a, b, 0.0])))[0] * (c**2 - w @ (np.arange(3) - c) ** 2),
            "b": w[1] * ((1 - c) ** 2 - w @ (np.arange(3) - c) ** 2),
            "c": 2 * (c - w[1] - 2 * w[2]),
        },
    ),
    "a plate": (  # each coin has its own number, and the elements share z
        "z ~ gaussian(m, 1)\nb ~ bernoulli(sigmoid(x))\nloss = z*b*w",
        {"m": 0.5, "x": np.array([0.2, -1.0, 2.0]), "w": 1.5},
        lambda m, x, w: {
            "m": w * special.expit(x).sum(),
            "x": m * w * special.expit(x) * special.expit(-x),
            "w": m * special.expit(x).sum(),
        },
    ),
    "a sum over a plate": (  # E[(Σb)²] = Σp(1 − p) + (Σp)²
        "b ~ bernoulli(sigmoid(x))\nloss = sum(b)**2 - c*sum(b*b)",
        {"x": np.array([0.2, -1.0, 2.0]), "c": 0.5},
        lambda x, c: {
            "x": (q := special.expit(x)) * (1 - q) * (1 - 2 * q + 2 * q.sum() - c),
            "c": -q.sum(),
        },
    ),
    "a bound with a coin": (  # KL of coins, and a likelihood given the coin
        """
            b ~ bernoulli(sigmoid(a))
            x ~ gaussian(2*b, 1) observed(1.4)
            loss = log_prob(b) - log_prob(bernoulli(0.3), b) - log_prob(x)
        """,
        {"a": 0.4},
        lambda a: {
            "a": (q := special.expit(a)) * (1 - q) * (a - np.log(0.3 / 0.7) + (0.6**2 - 1.4**2) / 2)
        },
    ),
    "a bound with a switch": (  # given b, z ~ N(m_b, s); all is Gaussian
        """
            b ~ bernoulli(sigmoid(a))
            z ~ gaussian(b*m, s)
            q = log_prob(stop_gradient(b)) + log_prob(stop_gradient(z))
            p = log_prob(bernoulli(0.5), b) + log_prob(gaussian(0, 1), z)
            loss = q - p + sum((x - z)**2)/2
        """,
        {"a": -0.3, "m": 0.8, "s": 0.6, "x": np.array(DATA)},
        lambda a, m, s, x: {
            "a": (q := special.expit(a)) * (1 - q) * (a + 2 * m**2 - m * sum(DATA)),
            "m": q * (4 * m - sum(DATA)),
            "s": -1 / s + 4 * s,
            "x": x - q * m,
        },
    ),
    "closed forms": (
        """
            b ~ bernoulli(sigmoid(a))
            z ~ gaussian(b, s)
            free = entropy(b) - entropy(gaussian(0, s))
            loss = kl(z, gaussian(0, t)) + kl(poisson(r), poisson(2)) + free
        """,
        {"a": 0.7, "s": 0.6, "t": 1.5, "r": 1.2},
        lambda a, s, t, r: {
            "a": (q := special.expit(a)) * (1 - q) * (1 / (2 * t**2) - a),
            "s": s / t**2 - 2 / s,
            "t": 1 / t - (s**2 + q) / t**3,
            "r": np.log(r / 2),
        },
    ),
    "trials": (  # with p = σ(a) and f = e⁻ᵃ, k has mean 1 + f, and k² has 1 + 3f + 2f²
        "k ~ geometric(sigmoid(a))\nz ~ laplace(k*c, 1)\nloss = z - k*k*c",
        {"a": 0.9, "c": 0.5},
        lambda a, c: {
            "a": c * (2 * np.exp(-a) + 4 * np.exp(-2 * a)),
            "c": -2 * np.exp(-a) - 2 * np.exp(-2 * a),
        },
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_gradients_of_mixed_graphs(name):
    text, inputs, truth = GRAPHS[name]
    expected = truth if isinstance(truth, dict) else truth(**inputs)
    found = rp.Graph(text).at(**inputs).expectation(N, rng=7)
    assert found.notes == ()
    assert found.gradient.keys() == expected.keys()
    for key, value in expected.items():
        error = found.standard_error.gradient[key]
        allowed = 4.0 * error + 1e-9 * np.abs(value)
        assert np.all(np.abs(found.gradient[key] - value) <= allowed), (key, value, found)
        assert np.all(error < 0.05 * np.maximum(1.0, np.abs(value))), (key, error)


@pytest.mark.parametrize("name", GRAPHS)
def test_exact_values_of_mixed_graphs(name):
    text, inputs, truth = GRAPHS[name]
    expected = truth if isinstance(truth, dict) else truth(**inputs)
    model = rp.Graph(text).at(**inputs)
    found = exact(model, model.graph.inputs)
    assert found.unknown == ""
    for key, value in expected.items():
        np.testing.assert_allclose(found.gradient[key], value, rtol=1e-12, atol=1e-13)


class TestEstimators:
    def test_all_are_within_their_errors_of_the_exact_value(self):
        text, inputs, _ = GRAPHS["a coin and a location"]
        found = rp.Graph(text).at(**inputs).estimate(N, rng=3)
        names = ["mixed", "mixed-score", "score", "score-loo", "relaxed", "straight-through"]
        assert list(dict.fromkeys(row.estimator for row in found)) == names
        assert set(found.left_out) == {"pathwise"}
        for row in found:
            sees_values = row.estimator == "straight-through" and row.input != "a"
            is_soft = row.estimator in ("relaxed", "straight-through")
            assert row.biased == (is_soft and not sees_values)
            assert abs(row.error) <= (4.0 * row.standard_error + 1e-12) or row.biased, row
        by = {(row.estimator, row.input): row for row in found}
        assert by["mixed", "a"].variance < by["mixed-score", "a"].variance
        assert by["mixed", "m"].variance < by["score-loo", "m"].variance < by["score", "m"].variance
        # of a relaxed coin more than half of the error is bias
        assert abs(by["relaxed", "a"].error) > 8.0 * by["relaxed", "a"].standard_error

    def test_a_relaxed_node_is_compared_with_the_discrete_one(self):
        model = rp.Graph("b ~ bernoulli(p) relaxed(0.5)\nloss = (b - 0.45)**2").at(p=0.3)
        assert model.expectation(10, rng=1).notes == ("estimates are biased: b is relaxed",)
        rows = model.estimate(100, rng=1, estimators="mixed").rows
        assert [row.exact for row in rows] == [pytest.approx(0.1)]
        straight = rp.Graph("b ~ bernoulli(p) straight-through(0.5)\nloss = (b - 0.45)**2")
        draw = straight.at(p=0.3).rsample(50, rng=1)
        assert set(draw.value["b"]) == {0.0, 1.0}
        (note,) = straight.at(p=0.3).expectation(10, rng=1).notes
        assert note == "estimates in p are biased: b is straight-through"

    def test_divergences_of_a_relaxed_node_are_those_of_the_discrete_one(self):
        text = "b ~ bernoulli(p){}\nloss = b*b + kl(b, bernoulli(0.4)) + entropy(b)"
        plain, soft = (
            rp.Graph(text.format(what)).at(p=0.3).estimate(200, rng=1)
            for what in ("", " relaxed(0.5)")
        )
        assert [(row.estimator, row.value, row.exact) for row in plain] == [
            (row.estimator, row.value, row.exact) for row in soft
        ]
        assert plain.rows[0].exact == pytest.approx(1.0 + np.log(0.6 / 0.4), rel=1e-12)

    @pytest.mark.parametrize(
        ("text", "name", "message"),
        [
            ("k ~ poisson(r)\nloss = k", "pathwise", "k has no path; take mixed"),
            ("k ~ poisson(r)\nloss = k", "relaxed", "no relaxation of poisson in graphs"),
            ("k ~ poisson(r)\nloss = k", "score", "all draws are discrete"),
            ("z ~ gaussian(r)\nloss = z", "mixed", "no draw is discrete"),
            ("z ~ uniform(0, r)\nloss = z", "score", "moves an endpoint of the support"),
            ("z ~ transformed(uniform(0, r), exp())\nloss = z", "score", "base.high of z moves an"),
            ("z ~ gaussian(r)\nloss = z", "reinmax", "no estimator of graphs is called 'reinmax'"),
        ],
    )
    def test_those_that_cant_serve(self, text, name, message):
        with pytest.raises(errors.EstimatorError, match=message):
            rp.Graph(text).at(r=1.5).estimate(10, estimators=name)

    def test_an_end_that_no_input_moves_is_no_obstacle_to_the_score(self):
        model = rp.Graph("z ~ truncated(gaussian(m), low=0)\nloss = z").at(m=0.0)
        (row,) = model.estimate(N, rng=1, estimators="score").rows
        assert row.exact == pytest.approx(1.0 - 2.0 / np.pi, rel=1e-12)
        assert abs(row.error) < 4.0 * row.standard_error

    def test_what_quadrature_cant_do_is_unknown(self):
        found = rp.Graph("z ~ gaussian(m)\nloss = where(z > 1, 1, 0)").at(m=0.0)
        (row,) = found.estimate(100, rng=1, estimators="score").rows
        assert np.isnan(row.exact)


class TestDraws:
    MIXED = "z ~ gaussian(m, 1)\nk ~ poisson(exp(z))\nloss = k*z"

    def test_values_are_those_of_the_distribution_and_replay(self):
        draw = rp.Graph("k ~ poisson(r)").at(r=[2.0, 9.0]).rsample(50, rng=3)
        expected = rp.Poisson([2.0, 9.0]).sample(50, rng=3)
        np.testing.assert_array_equal(draw.value["k"], expected)
        again = draw.model.transform(**draw.noise)
        np.testing.assert_array_equal(again.value["k"], expected)

    def test_a_draw_depends_on_its_number_alone(self):
        model = rp.Graph(self.MIXED).at(m=0.3)
        few, many = model.rsample(10, rng=1), model.rsample(200_000, rng=1)
        np.testing.assert_array_equal(few.value["k"], many.value["k"][:10])

    def test_threads_change_nothing(self, monkeypatch):
        found = []
        for threads in ("1", "3"):
            monkeypatch.setenv("REPARAM_NUM_THREADS", threads)
            found.append(rp.Graph(self.MIXED).at(m=0.3).expectation(300_000, rng=1).gradient["m"])
        assert found[0] == found[1]

    def test_costs_are_those_downstream_alone(self):
        # what doesn't depend on k, however large, leaves the estimate in r as it was
        text = "k ~ poisson(r)\nz ~ gaussian(0, 1)\nloss = k{}"
        with_it, without = (
            rp.Graph(text.format(more)).at(r=2.0).rsample(1000, rng=1).gradient("r")["r"]
            for more in (" - (1e3*z - sum(1e3*exp(z)))", "")
        )
        np.testing.assert_allclose(with_it, without, rtol=1e-9)

    def test_without_baseline_if_there_is_one_draw(self):
        draw = rp.Graph("k ~ poisson(r)\nloss = k").at(r=2.0).rsample(1, rng=1)
        (k,) = draw.value["k"]
        assert draw.gradient()["r"] == pytest.approx(k * (k - 2.0) / 2.0)

    def test_columns(self):
        model = rp.Graph("b ~ bernoulli(sigmoid(x))\nloss = b*w").at(x=[0.2, -1.0], w=3.0)
        columns = Columns(model, range(1000), model._streams(1))
        (block,) = columns.blocks()
        assert list(block) == ["noise", "b", "loss", "dJ_dx", "dJ_dw"]
        q = special.expit(np.array([0.2, -1.0]))
        np.testing.assert_allclose(block["dJ_dx"].mean(axis=0), 3 * q * (1 - q), rtol=0.2)
        summed = rp.Graph("z ~ gaussian(0, 1)\nloss = z*x + sum(x)").at(x=[1.0, 2.0])
        with pytest.raises(errors.ShapeError, match="sum the whole loss, or write totals only"):
            _ = Columns(summed, range(3), summed._streams(1)).names

    def test_what_is_left_out_has_a_reason(self):
        found = rp.Graph("k ~ binomial(n, p)\nloss = k").at(n=4.0, p=0.3).expectation(500, rng=1)
        assert found.notes == (
            "the derivative in n leaves k.total out: it moves an endpoint of the support",
        )
        assert found.gradient["n"] == 0.0

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda draw: draw.vjp(loss=1.0), "k can't be back-propagated through"),
            (lambda draw: draw.gradient("k"), "k is discrete, and nothing can be differentiated"),
        ],
    )
    def test_refusals(self, call, message):
        draw = rp.Graph(self.MIXED).at(m=0.3).rsample(3, rng=1)
        with pytest.raises(errors.GraphError, match=message):
            call(draw)


class TestDensities:
    def test_derivatives_are_exact(self):
        # differences by replaying the noise, through draw and parameters
        text = """
            z ~ gamma(exp(a), s)
            y ~ laplace(z, s)
            mixed = log_prob(mixture([0.3, 0.7], gaussian, gumbel(y, s)), z)
            loss = log_prob(z)*log_prob(y) + mixed
            surprise = entropy(gamma(exp(a), s)) + entropy(student-t(s + 3, a, s))
            other = kl(z, gamma(2, a + 2)) + surprise
        """
        at = {"a": 0.3, "s": 0.7}
        draw = rp.Graph(text).at(**at).rsample(5, rng=1)
        upstream = {"loss": np.arange(5.0), "other": np.ones(5)}
        found = draw.vjp(**upstream)
        for name, value in at.items():
            moved = [
                rp.Graph(text).at(**at | {name: value + step}).transform(**draw.noise).value
                for step in (1e-5, -1e-5)
            ]
            rise = sum((upstream[key] * (moved[0][key] - moved[1][key])).sum() for key in upstream)
            assert found[name] == pytest.approx(rise / 2e-5, rel=1e-6)

    def test_sticking_the_landing_has_no_variance_at_the_posterior(self):
        # z | x ~ N(x/2, 1/2)
        text = """
            z ~ gaussian(m, s)
            x ~ gaussian(z, 1) observed(1.4)
            loss = log_prob({}) - log_prob(gaussian(0, 1), z) - log_prob(x)
        """
        inputs = {"m": 0.7, "s": np.sqrt(0.5)}
        landed, plain = (
            rp.Graph(text.format(q)).at(**inputs).expectation(1000, rng=1)
            for q in ("stop_gradient(z)", "z")
        )
        assert landed.standard_error.gradient["s"] < 1e-15 < plain.standard_error.gradient["s"]
        assert landed.gradient["m"] == pytest.approx(0.0, abs=1e-14)
        evidence = rp.Gaussian(0.0, np.sqrt(2.0)).log_prob(1.4)
        assert plain.value == pytest.approx(-evidence, rel=1e-13)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("1 + log_prob(zz)", r"column 14: zz is not drawn or observed; did you mean 'z'\? \(t"),
            ("log_prob(gausian(0, 1), 2)", "column 10: no distribution is called 'gausian'; did"),
            ("log_prob(gaussian(0, 1 +), 2)", r"column 10: scale: '1 \+', column 4: there is no v"),
            ("1 + log_prob(gaussian(0, 1), 2 +)", "column 33: there is no value after"),
            ("z + log_prob(z) 3", "column 17: there is no operator before '3'"),
            ("kl(z)", "column 1: kl takes 2 arguments, not 1; write kl"),
            ("1 + sum()", "column 5: sum takes 1 argument, not 0"),
            ("2*sum(z", "column 6: this '.' is never closed"),
            ("log_prob(gaussian(0, 1))", "column 10: this is a distribution, and the value is mi"),
            ("sum(" * 30 + "z" + ")" * 30, "column 81: calls nest more than 20 deep"),
            ("kl(student-t(3), z)", "there is no closed form of kl of student-t and gaussian; dr"),
            ("log_prob(gaussian(0, -1), z)", "loss: log_prob.gaussian.* scale=-1 is not in"),
            ("log_prob(loss)", "column 10: loss is not drawn"),
            (
                "z + normal(0, 1)",
                "column 5: normal is a distribution, not a function; write a line",
            ),
            ("z + entropy(truncated(z))", "column 13: no distribution is called 'z'"),
            (
                "entropy(truncated(gaussian, low=0))",
                "column 1: truncated has no formula of the ent",
            ),
        ],
    )
    def test_mistakes_in_formulas(self, text, message):
        with pytest.raises(rp.ReparamError, match=message):
            rp.Graph(f"z ~ gaussian(0, 1)\nloss = {text}").at().expectation(2)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("bernoulli(0.5) relax(0.5)", "column 16: there is no 'relax' of a draw; did you mean"),
            ("poisson(2) relaxed(0.5)", "column 12: there is no relaxation of poisson"),
            ("bernoulli(0.5) relaxed()", "column 24: there is no formula here"),
            ("gaussian(0, 1) observed(2 2)", "column 27: there is no operator"),
            ("bernoulli(0.5) relaxed(-1)", "temperature=-1 is not in"),
        ],
    )
    def test_mistakes_in_what_follows_a_distribution(self, text, message):
        with pytest.raises(rp.ReparamError, match=message):
            rp.Graph(f"b ~ {text}\nloss = b").at()

    def test_names_of_calls_are_free_for_nodes(self):
        graph = rp.Graph("sum = kl + 1\nloss = sum*entropy")
        assert graph.at(kl=2.0, entropy=0.5).expectation(1).value == 1.5


WORDS = (
    *(
        "z",
        "k",
        "x",
        "0.5",
        "-1",
        "(",
        ")",
        ", ",
        " + ",
        "*",
        "[",
        "loc=",
        "#",
        "\n",
        "_____0",
        "µ",
    ),
    *("log_prob(", "entropy(", "kl(", "sum(", "stop_gradient(", "gaussian(", "poisson(", "exp("),
    *("dot(", "[0]", "[k]", "[1:]", "]", "mvn(", "categorical(", "dirichlet(", "[0.5, x]"),
    *(" relaxed(", " observed(", " straight-through(", "().__class__", "__import__('os')"),
)
LINES = (
    "z ~ gaussian({}, {})\nloss = log_prob({}) - {}",
    "k ~ poisson({}){}\nloss = kl({}, {}) + sum({})",
    "z ~ gaussian(0, 1)\nk ~ bernoulli(sigmoid(z)){}\nloss = log_prob({}, {}) - entropy({})",
    "z ~ mvn([x, {}], {})\nk ~ categorical(logits=z){}\nloss = dot(z, {}) + z[{}]",
)


@given(st.sampled_from(LINES), st.data())
@settings(max_examples=150)
def test_text_is_a_graph_or_an_error_of_one_sentence(lines, data):
    part = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("".join)
    text = lines.format(*(data.draw(part) for _ in range(lines.count("{}"))))
    try:
        graph = rp.Graph(text)
        graph.at(**dict.fromkeys(graph.inputs, 0.5)).expectation(5, rng=1)
    except rp.ReparamError as error:
        sentences = str(error).splitlines()
        assert len(sentences) == 1
