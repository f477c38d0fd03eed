"""Vectors and matrices in graphs: whole parameters, entries, products, relaxed categories."""

import numpy as np
import pytest
from scipy.special import polygamma

import reparam as rp
from reparam.base.numerical import in_members
from reparam.graphs._columns import Columns
from reparam.graphs._exact import exact

N = 8_000
M = np.array([0.5, -1.0, 2.0])
L = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.3, 0.2, 0.7]])
EYE, COVARIANCE = np.eye(3), L @ L.T
SOME = np.random.default_rng(5)
X, T = SOME.normal(size=(2, 7, 3)), SOME.normal(size=7)
P = np.array([0.2, 0.3, 0.5])
MU = np.array([[1.0, -1.0, 0.5], [0.0, 2.0, 1.0], [-1.0, 0.5, 0.0]])


def regression(m, scale, x, t):
    # E Σ ½ (t − x·w)² + KL(N(m, LLᵀ) ‖ N(0, I))
    slope = x.T @ x @ scale + scale - np.diag(1.0 / np.diag(scale))
    return {"m": x.T @ (x @ m - t) + m, "L": np.tril(slope)}


def groups(p, mu, scale, x):
    # E[Σ_i −log N(x_i; mu_k, LLᵀ)] with one k for each i
    inverse = np.linalg.inv(scale @ scale.T)
    apart = x[:, np.newaxis] - mu  # of point i and group k
    q = 0.5 * np.einsum("ikd,de,ike->ik", apart, inverse, apart)
    pulled = -p[:, np.newaxis] * (apart @ inverse).sum(0)
    return {"p": q - (q @ p)[:, np.newaxis], "mu": pulled}


#: Text, inputs, and derivatives in some of these by hand.
GRAPHS = {
    "squared length": (
        "w ~ multivariate-gaussian(loc=m, scale_tril=L)\nloss = dot(w, w)",
        {"m": M, "L": L},
        {"m": 2.0 * M, "L": 2.0 * L},
    ),
    "regression": (
        """
            w ~ mvn(m, L)
            y ~ gaussian(dot(X, w), 1) observed(t)
            loss = kl(w, mvn(z, I)) - sum(log_prob(y))
        """,
        {"m": M, "L": L, "X": X[0], "t": T, "z": np.zeros(3), "I": EYE},
        regression(M, L, X[0], T),
    ),
    "category of a random vector": (  # E v[k] = α·v/α₀
        "p ~ dirichlet(a)\nk ~ categorical(probs=p)\nloss = v[k]",
        {"a": np.array([1.0, 2.0, 3.0]), "v": M},
        {"a": M / 6.0 - np.dot([1.0, 2.0, 3.0], M) / 36.0, "v": np.array([1.0, 2.0, 3.0]) / 6.0},
    ),
    "density of shares": (  # −∂H/∂α = (α − 1) ψ′(α) − (α₀ − K) ψ′(α₀)
        "p ~ dirichlet(a)\nloss = log_prob(p)",
        {"a": np.array([1.5, 2.0, 3.0])},
        {"a": (A := np.array([0.5, 1.0, 2.0])) * polygamma(1, A + 1.0) - 3.5 * polygamma(1, 6.5)},
    ),
    "entries of several laws": (  # ∂KL/∂m = m, ∂KL/∂a = (a − 1) ψ′(a), ∂E y_0 y_1 = ∂(m a/2)
        """
            y ~ independent(gaussian(m, 1), gamma(a, 2))
            loss = kl(y, independent(gaussian(0, 1), gamma(1, 2))) + y[0]*y[1]
        """,
        {"m": 0.3, "a": 2.5},
        {"m": 0.3 + 1.25, "a": 1.5 * polygamma(1, 2.5) + 0.15},
    ),
    "counts": (  # E k_0 k_1 = n (n − 1) w_0 w_1/(Σw)²
        "k ~ multinomial(4, probs=w)\nloss = k[0]*k[1]",
        {"w": P},
        {"w": 12.0 * (np.array([0.3, 0.2, 0.0]) - 2.0 * 0.06)},
    ),
    "groups of points": (
        """
            k ~ categorical(probs=p)
            x ~ mvn(loc=mu[k], scale_tril=L) observed(X)
            loss = -sum(log_prob(x))
        """,
        {"p": np.tile(P, (7, 1)), "mu": MU, "L": L, "X": X[0]},
        groups(P, MU, L, X[0]),
    ),
    # as many choices as there are entries of what is chosen: no axis stands for another
    "a square of choices": (  # E Σ_ij x_ij u_ij with x_i around v[k_i]
        "k ~ categorical(probs=p)\nx ~ gaussian(v[k], 0.5)\nloss = x*u",
        {"p": (q := np.array([P, P[::-1], P[[1, 0, 2]]])), "v": MU, "u": X[0, :3]},
        {
            "p": (c := X[0, :3] @ MU.T) - (q * c).sum(axis=1, keepdims=True),
            "v": q.T @ X[0, :3],
            "u": q @ MU,
        },
    ),
    "entries of parameters": (  # loc and scale_tril by formulas
        "w ~ mvn(loc=[a, 2*a], scale_tril=[[1, 0], [b, 2]])\nloss = w[1]**2 + w[0]*w[-1]",
        {"a": 0.7, "b": -0.4},
        {"a": 8.0 * 0.7 + 4.0 * 0.7, "b": 2.0 * -0.4 + 1.0},
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_gradients_by_hand(name):
    text, inputs, expected = GRAPHS[name]
    found = rp.Graph(text).at(**inputs).expectation(N, rng=3, wrt=tuple(expected))
    for key, value in expected.items():
        error = found.standard_error.gradient[key]
        assert found.gradient[key].shape == np.shape(value) == error.shape
        assert np.all(np.abs(found.gradient[key] - value) <= 4.5 * error + 1e-9), (key, found)
        assert np.all(error < 0.08 * np.max(np.abs(value), initial=1.0)), (key, error)


def test_sticking_the_landing_on_the_simplex_has_no_variance_at_the_posterior():
    text = """
        p ~ dirichlet(a)
        k ~ multinomial(7, probs=p) observed(n)
        loss = log_prob({}) - log_prob(dirichlet(b), p) - log_prob(k)
    """
    prior, counts = np.array([0.5, 2.0, 1.5]), np.array([4.0, 0.0, 3.0])
    inputs = {"a": prior + counts, "b": prior, "n": counts}
    landed, plain = (
        rp.Graph(text.format(q)).at(**inputs).expectation(1000, rng=1, wrt=("a",))
        for q in ("stop_gradient(p)", "p")
    )
    assert np.all(landed.standard_error.gradient["a"] < 1e-14)
    assert np.all(plain.standard_error.gradient["a"] > 1e-3)
    evidence = rp.DirichletMultinomial(7, prior).log_prob(counts)
    assert plain.value == pytest.approx(-evidence, rel=1e-13)


def test_derivatives_of_entropies_in_locations_and_scales_are_exact():
    for text, expected in (
        ("entropy(mvn(m, A))", np.diag(1.0 / np.diag(L))),
        ("entropy(mvn(m, covariance=A))", np.linalg.inv(COVARIANCE) / 2.0),
        ("entropy(mvt(5, m, A))", np.diag(1.0 / np.diag(L))),
    ):
        given = COVARIANCE if "covariance" in text else L
        found = rp.Graph(f"loss = {text}").at(m=M, A=given).expectation(2, rng=1).gradient
        np.testing.assert_allclose(found["A"], expected, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(found["m"], 0.0, atol=1e-15)


def test_differences_of_entropies_are_tangent():
    for law, name, expected in (
        (rp.MultivariateGaussian(M, L), "scale_tril", np.diag(1.0 / np.diag(L))),
        (rp.MultivariateGaussian(M, covariance=COVARIANCE), "covariance", None),
        (rp.MultivariateGaussian(M, [L, 2.0 * L]), "scale_tril", None),
    ):
        found = in_members(lambda d: d.entropy, law)[name]
        exact = -law.score(M)[name] if expected is None else expected
        np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-11)


#: Graphs of draws on paths, with everything that takes arrays.
SMOOTH = (
    """
        w ~ mvn(loc=m, scale_tril=A)
        v = w*w
        y ~ gaussian(dot(B, w), exp(s))
        u ~ mvn(loc=v + y[1], scale_tril=A)
        loss = dot(y, B[:, 0]) + sum(u[1:]*w[:2]) + dot(dot(B, u), y) + B[0, 1]*A[1, 0]
    """,
    """
        g ~ gaussian(m, 1)
        w ~ mvn(loc=C + g, scale_tril=A)
        x ~ mvn(loc=w, covariance=V) observed(C)
        far = log_prob(mvn(g, A), w) + kl(mvn(loc=w, scale_tril=A), mvn(g, A)) + dot(C, w)
        loss = sum(log_prob(x)) + sum(far) + entropy(mvn(m, A))
    """,
)


@pytest.mark.parametrize("text", [SMOOTH[0], pytest.param(SMOOTH[1], marks=pytest.mark.long)])
def test_derivatives_along_paths_are_those_of_the_loss_at_the_same_noise(text):
    inputs = {
        "m": M[:2],
        "A": L[:2, :2],
        "s": -0.5,
        "B": X[0, :4, :2],
        "C": X[1, :5, :2],
        "V": L[:2, :2] @ L[:2, :2].T,
    }
    graph = rp.Graph(text)
    inputs = {name: np.array(inputs[name]) for name in graph.inputs}
    found = graph.at(**inputs).rsample(3, rng=8).gradient()
    step = 1e-5
    for name, value in inputs.items():
        for place in np.ndindex(value.shape):
            if name == "A" and place[0] < place[1]:
                assert np.all(found[name][:, *place] == 0.0)
                continue
            sides = []
            for sign in (1.0, -1.0):
                moved = value.copy()
                moved[place] += sign * step
                if name == "V":  # symmetric
                    moved[place[::-1]] += sign * step
                draw = graph.at(**{**inputs, name: moved}).rsample(3, rng=8)
                sides.append(draw.value["loss"])
            slope = (sides[0] - sides[1]) / (2.0 * step * (2.0 if name == "V" else 1.0))
            np.testing.assert_allclose(
                found[name][:, *place], slope, rtol=2e-6, atol=2e-6, err_msg=f"{name}{place}"
            )


def test_columns_of_numbers_made_of_fixed_arrays():
    text = "k ~ categorical(probs=p)\nloss = (v[k]*a + sum(v*a))**2"
    model = rp.Graph(text).at(p=P, v=M, a=0.5)
    columns = Columns(model, range(50), model._streams(1), fixed=("p", "v"))
    (block,) = columns.blocks()
    assert list(block) == ["noise", "k", "loss", "dJ_da"]
    inner = M[block["k"].astype(int)] + M.sum()
    np.testing.assert_allclose(block["dJ_da"], inner**2, rtol=1e-14)
    with pytest.raises(rp.ReparamError, match=r"shape \(3,\) and vectors or entries in it"):
        _ = Columns(rp.Graph("loss = v[0]*v").at(v=M), range(1), None).names


def test_exact_values_of_a_plate_of_choices():
    text = "k ~ categorical(probs=p)\nx ~ gaussian(v[k], 1)\nloss = (x - t)**2"
    p, t = np.array([P, P[::-1]]), np.array([0.5, -1.0])
    model = rp.Graph(text).at(p=p, v=M, t=t)
    found = exact(model, ("p", "v")).gradient
    costs = (M - t[:, np.newaxis]) ** 2
    centred = costs - (p * costs).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found["p"], centred, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["v"], (2.0 * p * (M - t[:, np.newaxis])).sum(axis=0))


VECTORS = [cls for cls in map(rp.get, rp.names()) if cls._support.rank]


@pytest.mark.parametrize("cls", VECTORS, ids=lambda cls: cls.name)
def test_parameters_that_are_draws_are_those_that_are_inputs(cls):
    for selection in cls._selections():
        values, formulas = {}, {}
        for name in selection:
            declared = cls._arguments[name]
            formulas[name] = f"{name}_ + 0*g"
            values[name] = np.array(3.0 if declared.length_of else declared.initial)
            if declared.length_of or not declared.differentiable:
                formulas[name] = f"{name}_"
            else:  # a plate of two
                values[name] = np.array([values[name], values[name]])
        inputs = {f"{name}_": value for name, value in values.items()}
        found = []
        for each in ({name: f"{name}_" for name in selection}, formulas):
            call = ", ".join(f"{name}={formula}" for name, formula in each.items())
            text = f"g ~ gaussian(0, 1)\ny ~ {cls.name}({call})\nloss = sum(y*y) + 0*g"
            draw = rp.Graph(text).at(**inputs).rsample(3, rng=1)
            found.append((draw.value["y"], draw.gradient()))
        (plain, slopes), (moving, others) = found
        np.testing.assert_array_equal(plain, moving)
        assert plain.shape[0] == 3
        for name, slope in slopes.items():
            assert slope.shape == (3, *inputs[name].shape)
            np.testing.assert_allclose(slope, others[name], rtol=1e-12, atol=1e-13, err_msg=name)


class TestDraws:
    TEXT = "w ~ mvn(m, A)\nk ~ categorical(logits=w)\nq ~ one-hot(logits=m)\nloss = w[k] + q[0]"
    MODEL = rp.Graph(TEXT).at(m=M, A=L)

    def test_the_first_node_has_the_draws_of_its_distribution(self):
        draw = self.MODEL.rsample(5, rng=1)
        own = rp.MultivariateGaussian(loc=M, scale_tril=L).rsample(5, rng=1)
        np.testing.assert_array_equal(draw.value["w"], own.value)
        np.testing.assert_array_equal(draw.noise["w"], own.noise)
        assert {name: value.shape for name, value in draw.value.items()} == {
            "w": (5, 3),
            "k": (5,),
            "q": (5, 3),
            "loss": (5,),
        }
        taken = draw.value["w"][np.arange(5), draw.value["k"].astype(int)]
        np.testing.assert_array_equal(draw.value["loss"], taken + draw.value["q"][:, 0])

    def test_fewer_draws_are_a_prefix_of_more(self):
        few, many = (self.MODEL.rsample(n, rng=4).value for n in (3, 100))
        for name in few:
            np.testing.assert_array_equal(few[name], many[name][:3])

    def test_a_plate_of_vectors(self):
        model = rp.Graph("w ~ mvn(X, A)\nloss = sum(w)").at(X=X[0], A=L)
        assert model.rsample(2, rng=1).value["w"].shape == (2, 7, 3)
        assert model.shape_of("w") == (7, 3)

    def test_given_noise_makes_the_same_draws(self):
        text = "w ~ mvt(g, m, A)\nq ~ mvn(loc=w, scale_tril=A)\nz ~ gaussian(w[0], 1)"
        model = rp.Graph(f"{text}\nloss = dot(w, q)*z").at(g=5.0, m=M, A=L)
        draw = model.rsample(4, rng=3)
        again = model.transform(**draw.noise)
        for name, value in draw.value.items():
            np.testing.assert_array_equal(again.value[name], value)
        np.testing.assert_array_equal(again.gradient()["m"], draw.gradient()["m"])
        with pytest.raises(rp.ReparamError, match="w: multivariate-student-t takes 3 arrays of"):
            model.transform(**{**draw.noise, "w": M})
        with pytest.raises(rp.ReparamError, match=r"noise of q has shape \(3,\); pass an array of"):
            model.transform(**{**draw.noise, "q": M})
        with pytest.raises(
            rp.ReparamError, match="q: it is a vector of integers, which can't be m"
        ):
            self.MODEL.transform(w=[M], k=[0.5], q=[0.5])


class TestIndependentEntries:
    LAWS = "gaussian(m, exp(s)), truncated(gamma(a, 2), low=0.5)"

    def test_a_node_has_the_draws_and_derivatives_of_the_product(self):
        text = f"y ~ independent({self.LAWS})\nloss = y[:, 0]*y[:, 1]**2"
        model = rp.Graph(text).at(m=0.3, s=-0.2, a=[1.5, 4.0])
        law = rp.independent(
            rp.Gaussian(0.3, np.exp(-0.2)), rp.truncate(rp.Gamma([1.5, 4.0], 2.0), low=0.5)
        )
        own, found = law.rsample(7, rng=2), model.rsample(7, rng=2)
        np.testing.assert_array_equal(found.value["y"], own.value)
        y = own.value
        upstream = np.stack([y[..., 1] ** 2, 2.0 * y[..., 0] * y[..., 1]], axis=-1)
        slopes, expected = found.gradient(), own.vjp(upstream)
        np.testing.assert_allclose(slopes["m"].sum(), expected["laws[0].loc"].sum(), rtol=1e-13)
        in_shape = expected["laws[1].base.alpha"]
        np.testing.assert_allclose(slopes["a"].sum(axis=0), in_shape, rtol=1e-13)

    def test_densities_are_sums_over_the_entries(self):
        together = f"""
            y ~ independent({self.LAWS})
            x ~ independent(laws=[gaussian(y[0], 1), laplace(y[1], 2)]) observed(t)
            far = kl(x, independent(gaussian, laplace(m, 1)))
            more = far + log_prob(independent([beta(2, a)]), u)
            loss = log_prob(y) - log_prob(x) + more + entropy(independent(gaussian(0, a), uniform))
        """
        apart = """
            g ~ gaussian(m, exp(s))
            h ~ truncated(gamma(a, 2), low=0.5)
            fit = log_prob(gaussian(g, 1), t[0]) + log_prob(laplace(h, 2), t[1])
            far = kl(gaussian(g, 1), gaussian(0, 1)) + kl(laplace(h, 2), laplace(m, 1))
            free = log_prob(beta(2, a), u[0]) + entropy(gaussian(0, a)) + entropy(uniform(0, 1))
            loss = log_prob(g) + log_prob(h) - fit + far + free
        """
        inputs = {"m": 0.3, "s": -0.2, "a": 1.5, "t": [0.5, 2.0], "u": [0.4]}
        one, other = (rp.Graph(text).at(**inputs).rsample(5, rng=4) for text in (together, apart))
        noise = one.noise["y"]
        other = rp.Graph(apart).at(**inputs).transform(g=noise[0], h=noise[1])
        np.testing.assert_allclose(one.value["loss"], other.value["loss"], rtol=1e-12)
        slopes = other.gradient()
        for name, slope in one.gradient().items():
            np.testing.assert_allclose(slope, slopes[name], rtol=1e-9, atol=1e-12, err_msg=name)


class TestRelaxed:
    def test_a_choice_blends_entries(self):
        text = "k ~ categorical(probs=p) relaxed(0.5)\nloss = v[k]**2 + 3*k"
        model = rp.Graph(text).at(p=P, v=M)
        draw = rp.Concrete(temperature=0.5, logits=np.log(P)).rsample(6, rng=2)
        upstream = 2.0 * (draw.value @ M)[:, np.newaxis] * M + 3.0 * np.arange(3.0)
        loss = (draw.value @ M) ** 2 + 3.0 * draw.value @ np.arange(3.0)
        found = model.rsample(6, rng=2)
        np.testing.assert_allclose(found.value["loss"], loss, rtol=1e-14)
        expected = draw.vjp(upstream)["logits"] / P
        np.testing.assert_allclose(found.gradient("p")["p"].sum(axis=0), expected, rtol=1e-12)
        assert model.expectation(10, rng=1).notes == ("estimates are biased: k is relaxed",)

    @pytest.mark.parametrize("law", ["categorical(probs=p)", "one-hot(logits=p)"])
    def test_straight_through_is_the_discrete_draw(self, law):
        choice = "v[k]" if "cat" in law else "dot(k, v)"
        hard, soft = (
            rp.Graph(f"k ~ {law}{what}\nloss = {choice}").at(p=P, v=M).expectation(N, rng=1)
            for what in ("", " straight-through(0.5)")
        )
        spread = np.hypot(hard.standard_error.value, soft.standard_error.value)
        assert abs(hard.value - soft.value) < 4.0 * spread
        np.testing.assert_allclose(soft.gradient["v"], hard.gradient["v"], atol=0.02)
        assert soft.notes == ("estimates in p are biased: k is straight-through",)

    def test_estimators_of_a_choice(self):
        text = "k ~ categorical(probs=p){}\nx ~ gaussian(v[k], 1)\nloss = x**2"
        plain, marked = (
            rp.Graph(text.format(what)).at(p=P, v=M).estimate(5000, rng=1)
            for what in ("", " relaxed(0.1)")
        )
        assert {row.estimator for row in plain} == {
            "mixed",
            "mixed-score",
            "score",
            "score-loo",
            "relaxed",
            "straight-through",
        }
        known = {"p": M**2 - P @ M**2, "v": 2.0 * P * M}
        for one, other in zip(plain, marked, strict=True):
            assert abs(one.exact - known[one.input][one.element]) < 1e-12
            assert (one.exact, one.value) == (other.exact, other.value)
            assert one.biased or abs(one.error) < 4.5 * one.standard_error


@pytest.mark.parametrize(
    ("text", "inputs", "message"),
    [
        ("loss = w[3]", {"w": M}, r"loss: w\[3\]: w has shape \(3,\), and no entry 3"),
        ("loss = w[0, 0]", {"w": M}, r"w has shape \(3,\), and 2 indices; leave some out"),
        ("loss = w[k]", {"w": M, "k": 3}, "w has 3 entries, and the index is 3; take an integer"),
        ("loss = w[k, 0]", {}, r"column 2: several indices are numbers|'k' is not a number or a"),
        ("loss = w[]", {}, "column 2: there is no index here; write one"),
        ("loss = w[0", {}, r"column 2: this '\[' is never closed; write a '\]'"),
        ("loss = exp[0]", {}, "column 1: exp has no entries; write the name of a node"),
        ("loss = X @ w", {}, r"a formula can't have '@'; in graphs, write dot\(a, b\)"),
        ("loss = dot(w)", {}, "dot takes 2 arguments, not 1; write dot"),
        ("loss = dot(w, v)", {"w": M, "v": [1, 2]}, r"dot have shapes \(3,\) and \(2,\); make"),
        ("w ~ mvn(loc=m)\nloss = w[0]", {"m": 1.0}, "loc=1 is not a vector; pass several loc"),
        ("z ~ gaussian\nloss = z", {}, "is not a distribution with parameters"),
        (
            "z ~ gaussian(0, 1)\nw ~ mvn(loc=z)\nloss = w[0]",
            {},
            r"loc has shape \(\) and is a vector; make it one, such as \[a, b\]",
        ),
        (
            "z ~ gaussian(0, 1)\nw ~ mvn([z, 1], [[1, 0], [0]])\nloss = w[0]",
            {},
            "scale_tril has rows of several lengths",
        ),
        (
            "z ~ gaussian(0, 1)\nk ~ multinomial(exp(z), [1, 2])\nloss = k[0]",
            {},
            "total_count",
        ),
        ("y ~ independent(gaussian(m, 1))\nloss = y", {}, r"takes several distributions; arrays"),
        ("y ~ independent(poisson(m), gaussian)\nloss = y[0]", {}, "Poisson has no reparam"),
        ("y ~ independent(gaussian(m, 1), [gaussian])\nloss = y[0]", {}, "leave out '.gaussian.'"),
        ("y ~ independent(mvn, gaussian)\nloss = y[0]", {}, r"laws\[0\]=Mult.* draws vectors"),
        ("w ~ mvn(m, A)\nloss = w", {"m": M, "A": -L}, "scale_tril"),
    ],
)
def test_mistakes(text, inputs, message):
    def found():
        return rp.Graph(text).at(**inputs).expectation(4, rng=1)

    with pytest.raises(rp.ReparamError, match=message):
        found()
