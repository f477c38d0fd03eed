"""The inverse Gaussian distribution: both tails, the zero of ∂y/∂λ, and its limits."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy import stats

import reparam as rp
from reparam.special.mills import mills, mills_deficit, mills_difference

#: Values and parameters: the body, both far tails, next to the mean, and λ/μ from 1e-8 to 1e8.
POINTS = [
    (0.7, 1.0, 1.0),
    (1.0, 1.0, 1.0),
    (1.0 + 2.0**-52, 1.0, 1e8),
    (1.0 - 1e-9, 1.0, 1e8),
    (1.0003, 1.0, 1e8),
    (3e-4, 2.0, 0.5),
    (700.0, 2.0, 3.0),
    (5e-9, 1.0, 1e-8),
    (0.3, 1.0, 1e-8),
    (4e9, 1.0, 1e-8),
    (2.5, 0.1, 40.0),
    (1e-12, 1e3, 1e-5),
]


def arms(y, mean, shape):
    root = mp.sqrt(shape / y)
    return root * (y / mean - 1), root * (y / mean + 1)


def normal_cdf(t):
    return mp.erfc(-t / mp.sqrt(2)) / 2


def tails(y, mean, shape):
    """F and 1 − F as textbooks have them, in digits enough for the cancellation."""
    a, b = arms(y, mean, shape)
    last = mp.exp(2 * shape / mean) * normal_cdf(-b)
    return normal_cdf(a) + last, normal_cdf(-a) - last


def log_density(y, mean, shape):
    square = shape * (y - mean) ** 2 / (2 * mean**2 * y)
    return mp.log(shape / (2 * mp.pi * y**3)) / 2 - square


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(400):
        yield


def close(found, right, inputs=1.0):
    """Compare: to 1e-13, or 20 times what half an ulp of the inputs makes of the value."""
    assert abs(mpf(float(found)) / right - 1) < max(1e-13, 20 * 2.0**-53 * float(abs(inputs)))


@pytest.mark.parametrize("point", POINTS)
def test_tails_and_their_logarithms(point):
    d, exact = rp.InverseGaussian(*point[1:]), tails(*map(mpf, point))
    y = mpf(point[0])
    slope = [mp.exp(log_density(*map(mpf, point))) * y / tail for tail in exact]
    for found, tail, condition in zip((d.cdf, d.sf), exact, slope, strict=True):
        if tail > 1e-300:
            close(found(point[0]), tail, condition)
    logs = [
        mp.log(tail) if other > 1e-20 else -other
        for tail, other in zip(exact, exact[::-1], strict=True)
    ]
    for found, log, condition in zip((d.log_cdf, d.log_sf), logs, slope, strict=True):
        if abs(log) > 1e-300:
            close(found(point[0]), log, condition / log)


@pytest.mark.parametrize(
    "point", [(1e-40, 1.0, 1.0), (1e-200, 3.0, 1e8), (1e40, 1.0, 2.0), (1e20, 1e-3, 1e-3)]
)
def test_logarithms_of_tails_that_underflow(point):
    d = rp.InverseGaussian(*point[1:])
    if point[0] < 1.0:
        close(d.log_cdf(point[0]), mp.log(tails(*map(mpf, point))[0]))
        assert (d.cdf(point[0]), d.sf(point[0]), d.log_sf(point[0])) == (0.0, 1.0, 0.0)
    else:
        # R(a) − R(b) far out: (b − a)/a²
        a, b = arms(*map(mpf, point))
        asymptotic = -a * a / 2 - mp.log(2 * mp.pi) / 2 + mp.log((b - a) / a**2)
        close(d.log_sf(point[0]), asymptotic)
        assert (d.cdf(point[0]), d.sf(point[0]), d.log_cdf(point[0])) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("point", POINTS)
def test_derivatives_on_the_quantile_path(point):
    """−F_θ/p by differences of the smaller tail, in 400 digits."""
    y, *theta = map(mpf, point)
    small = int(np.argmin(tails(y, *theta)))
    density = mp.exp(log_density(y, *theta)) * (1 if small else -1)
    found = list(rp.InverseGaussian(*point[1:]).pathwise(point[0]).values())

    def exact(i, y, theta):
        h = theta[i] * mpf(10) ** -60
        moved = [
            tails(y, *(t + s * h if j == i else t for j, t in enumerate(theta)))[small]
            for s in (1, -1)
        ]
        return (moved[0] - moved[1]) / (2 * h) / density

    for i in range(2):
        right = exact(i, y, theta)
        ulp = mpf(float(np.spacing(point[0]))) / 2
        density = mp.exp(log_density(y + ulp, *theta)) * (1 if small else -1)
        forced = abs(exact(i, y + ulp, theta) / right - 1)
        density = mp.exp(log_density(y, *theta)) * (1 if small else -1)
        close(found[i], right, 2**53 * forced)


@pytest.mark.parametrize("phi", [1e-8, 1e-3, 1.0, 1e4, 1e8])
def test_zero_of_the_derivative_in_lambda(phi):
    """Where (a + b) R(b) = 1, y does not move with λ; the sign changes there, one ulp apart."""
    d, low, high = rp.InverseGaussian(1.0, phi), 1.0, 10.0 / min(phi, 1.0)
    while np.nextafter(low, high) < high:
        middle = min(max(np.sqrt(low) * np.sqrt(high), np.nextafter(low, high)), high)
        middle = np.nextafter(high, low) if middle == high else middle
        low, high = (middle, high) if d.pathwise(middle)["concentration"] > 0.0 else (low, middle)
    x = mpf(low)
    a, b = arms(x, mpf(1), mpf(phi))
    ratio = normal_cdf(-b) / mp.npdf(b)
    slope = x * (1 - (a + b) * ratio) / mpf(phi)
    # the derivative of x (1 − (a + b) R(b))/φ in x is about −1/(2φ): half an ulp of x moves it so
    assert abs(d.pathwise(low)["concentration"] - slope) < 20 * 2.0**-53 * low / phi


@pytest.mark.parametrize("u", [1e-300, 1e-10, 0.1, 0.4999999, 0.5, 0.75, 1.0 - 2.0**-53])
@pytest.mark.parametrize("phi", [1e-8, 1.0, 1e8])
def test_draws_keep_the_digits_of_log_x(u, phi):
    """The derivative of a draw is that at its exact quantile, not at its rounded value."""
    d = rp.InverseGaussian(3.0, 3.0 * phi)
    draw = d.transform(u)
    w = mp.log(mpf(float(draw.value)) / 3)
    shape = mpf(3.0 * phi) / 3
    for _ in range(6):
        x = mp.exp(w)
        lower, upper = tails(x, mpf(1), shape)
        density = mp.exp(log_density(x, mpf(1), shape)) * x
        w -= (lower - mpf(u)) / density if u < 0.5 else (mpf(1) - mpf(u) - upper) / density
    x = mp.exp(w)
    a, b = arms(x, mpf(1), shape)
    elasticity = 1 - (a + b) * normal_cdf(-b) / mp.npdf(b)
    # half an ulp of u moves x by u/(2⁵³ p), and (a + b) R(b) by about half as much
    blur = mpf(u) / density
    close(draw.value, 3 * x, blur)
    found = draw.jacobian()
    close(found["concentration"], 3 * x * elasticity / mpf(3.0 * phi), 1 + blur / elasticity)
    close(found["loc"], x * (1 - elasticity), 1 + blur)


def test_upper_quantiles_keep_their_digits():
    d = rp.InverseGaussian(2.0, 0.3)
    v = np.array([1e-300, 1e-100, 1e-20, 1e-3, 0.3])
    np.testing.assert_allclose(d.sf(d.isf(v)), v, rtol=2e-13)


def test_limits_of_the_shape():
    """φ → ∞: the normal distribution; φ → 0: Lévy's, whose scale is λ."""
    u = np.array([1e-9, 0.01, 0.3, 0.5, 0.9])
    wide = rp.InverseGaussian(1.0, 1e14)
    np.testing.assert_allclose((wide.icdf(u) - 1.0) * 1e7, stats.norm.ppf(u), atol=2e-6)
    levy = rp.InverseGaussian(1e14, 2.0)
    np.testing.assert_allclose(levy.icdf(u), stats.levy.ppf(u, scale=2.0), rtol=1e-6)
    np.testing.assert_allclose(levy.entropy, stats.levy.entropy(scale=2.0), rtol=1e-9)
    np.testing.assert_allclose(rp.InverseGaussian(1e-100, 1e-300).variance, 1.0)
    np.testing.assert_allclose(rp.InverseGaussian(1e150, 1e300).variance, 1e150)


@pytest.mark.parametrize("phi", [1e-12, 0.1, 0.499, 0.5, 24.9, 25.1, 1e5])
def test_entropy(phi):
    t = 2 * mpf(phi)
    with mp.workdps(60):
        fall = mp.exp(t) * mp.e1(t)
        right = mp.log(2 * mp.pi * mp.e / mpf(phi)) / 2 - mpf(3) / 2 * fall
    assert abs(rp.InverseGaussian(1.0, phi).entropy - right) < 1e-14 * max(1, abs(right))


def test_draws_follow_the_distribution():
    """sup |Fₙ − F| of 200,000 draws at four shapes: each passes its bound with probability 1e-9."""
    n = 200_000
    bound = np.sqrt(np.log(2.0 / 1e-9) / (2.0 * n))  # Dvoretzky, Kiefer & Wolfowitz
    for phi in (1e-6, 0.3, 5.0, 1e6):
        d = rp.InverseGaussian(2.0, 2.0 * phi)
        u = np.sort(d.cdf(d.sample(n, rng=3)))
        assert np.max(np.abs(u - (np.arange(n) + 0.5) / n)) < bound


def test_ratios_of_mills():
    t = np.array([-0.9, 0.0, 0.3, 1.0, 1.9999, 2.0, 3.0, 17.0, 37.0, 1e4, 1e8])
    with mp.workdps(60):
        for at, ratio, deficit in zip(t, mills(t), mills_deficit(t), strict=True):
            x = mpf(at)
            right = normal_cdf(-x) / mp.npdf(x) if at < 1e3 else 1 / (x + 1 / (x + 2 / x))
            close(ratio, right)
            close(deficit, 1 - x * right if at < 1e3 else 1 / (x * (x + 3 / x)))
        for a, gap in ((-0.5, 1.0), (-0.5, 1e-9), (1.9, 0.3), (2.0, 2.0**-30), (30.0, 90.0)):
            first, last = (normal_cdf(-mpf(x)) / mp.npdf(mpf(x)) for x in (a, a + gap))
            exact_gap = mpf(a + gap) - mpf(a)
            found = mills_difference(*(np.array([x]) for x in (a, a + gap, float(exact_gap))))
            close(found[0], (first - last) / exact_gap)


def test_aliases_and_conversions():
    assert rp.get("wald") is rp.get("invgauss") is rp.InverseGaussian
    d = rp.InverseGaussian(mu=2.0, lam=3.0)
    assert (d.mean, d.variance) == (2.0, 8.0 / 3.0)
    with pytest.raises(rp.ReparamError, match="pass concentration=1/dispersion"):
        rp.InverseGaussian(dispersion=2.0)
