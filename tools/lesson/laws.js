// The distributions: y = f(noise; θ), ∂y/∂θ, density, cdf, score, all as functions of numbers.

/** Series of gamma and beta quantiles, made with the library by tools/lesson_data.py. */
const SERIES = JSON.parse(document.getElementById("tables").textContent);

/** Polynomials in ln shape at a shape, and their derivatives in the shape. */
function ofShape(shape) {
  const [low, high] = SERIES.shapes.map(Math.log);
  const stretch = 2 / (high - low);
  const { values, slopes } = chebyshev((Math.log(shape) - low) * stretch - 1, SERIES.gamma.length);
  return { values, slopes: slopes.map((slope) => (slope * stretch) / shape) };
}

/** A function of the noise from its series in z. */
const ofNoise = (row) => ({ z }) =>
  SERIES.unit * seriesAt(row, Math.min(Math.max(z / SERIES.z, -1), 1));

/** ln y of gamma with rate 1, and its derivative in α. */
function gammaSeries(alpha) {
  const { values, slopes } = ofShape(alpha);
  return [values, slopes].map((weights) => ofNoise(blendRows(SERIES.gamma, weights)));
}

/** The series of beta, whole: y(α, β) at z is 1 − y(β, α) at −z. */
const BETA = SERIES.beta.map((_, i) => SERIES.beta.map((_, k) => (i <= k
  ? SERIES.beta[i][k - i]
  : SERIES.beta[k][i - k].map((x, power) => (power % 2 ? x : -x)))));

/** ln(y/(1 − y)) of beta and its derivatives in α and β. */
function betaSeries(alpha, beta) {
  const first = ofShape(alpha), second = ofShape(beta);
  const inSecond = (weights) => BETA.map((rows) => blendRows(rows, weights));
  const rows = inSecond(second.values);
  return [
    blendRows(rows, first.values), blendRows(rows, first.slopes),
    blendRows(inSecond(second.slopes), first.values),
  ].map(ofNoise);
}

const logistic = (x) => 1 / (1 + Math.exp(-x));
const sign = (x) => (x < 0 ? -1 : 1);

/** The cdf by solving y(z) = y: for distributions given by their quantiles. */
const cdfByQuantile = (value) => (y) => normalCdf(solveRising((z) => value({ z }), y));

/** Location-scale: y = loc + scale x, x the standard draw. */
function locationScale([loc, scale], standard, density, cdf, scoreOf) {
  return {
    value: (noise) => loc + scale * standard(noise),
    path: (noise) => [1, standard(noise)],
    density: (y) => density((y - loc) / scale) / scale,
    cdf: (y) => cdf((y - loc) / scale),
    score: (y) => {
      const x = (y - loc) / scale;
      const pull = scoreOf(x); // −∂ ln p(x)/∂x of the standard density
      return [pull / scale, (x * pull - 1) / scale];
    },
  };
}

const laplaceNoise = ({ u, v }) => (u < v ? Math.log(2 * u) : -Math.log(2 * v));
const laplaceCdf = (x) => (x < 0 ? 0.5 * Math.exp(x) : 1 - 0.5 * Math.exp(-x));

function exponentialAt([rate]) {
  const value = ({ v }) => -Math.log(v) / rate;
  return {
    value,
    path: (noise) => [-value(noise) / rate],
    density: (y) => (y < 0 ? 0 : rate * Math.exp(-rate * y)),
    cdf: (y) => (y < 0 ? 0 : -Math.expm1(-rate * y)),
    score: (y) => [1 / rate - y],
  };
}

function gammaAt([alpha, rate]) {
  const [logValue, slope] = gammaSeries(alpha);
  const constant = alpha * Math.log(rate) - logGamma(alpha);
  const level = Math.log(rate) - digamma(alpha);
  const value = (noise) => Math.exp(logValue(noise)) / rate;
  return {
    value,
    path: (noise) => {
      const y = value(noise);
      return [y * slope(noise), -y / rate];
    },
    density: (y) =>
      y <= 0 ? 0 : Math.exp(constant + (alpha - 1) * Math.log(y) - rate * y),
    cdf: (y) => (y <= 0 ? 0 : cdfByQuantile(value)(y)),
    score: (y) => [level + Math.log(y), alpha / rate - y],
  };
}

function betaAt([alpha, beta]) {
  const [logit, inAlpha, inBeta] = betaSeries(alpha, beta);
  const constant = logGamma(alpha + beta) - logGamma(alpha) - logGamma(beta);
  const levels = [alpha, beta].map((shape) => digamma(alpha + beta) - digamma(shape));
  const value = (noise) => logistic(logit(noise));
  return {
    value,
    path: (noise) => {
      const x = logit(noise);
      const slope = logistic(x) * logistic(-x); // y (1 − y)
      return [slope * inAlpha(noise), slope * inBeta(noise)];
    },
    density: (y) => (y <= 0 || y >= 1 ? 0
      : Math.exp(constant + (alpha - 1) * Math.log(y) + (beta - 1) * Math.log1p(-y))),
    cdf: (y) => (y <= 0 ? 0 : y >= 1 ? 1 : cdfByQuantile(value)(y)),
    score: (y) => [levels[0] + Math.log(y), levels[1] + Math.log1p(-y)],
  };
}

/** Two Gaussians, N(−1, ½²) and N(m, ½²), the second with weight w = 1/(1 + e^(−η)). */
function mixtureAt([logit, loc]) {
  const weights = [logistic(-logit), logistic(logit)], locs = [-1, loc], scale = 0.5;
  const sum = (f) => weights[0] * f(0) + weights[1] * f(1);
  const part = (y, k) => normalDensity((y - locs[k]) / scale) / scale;
  const below = (y, k) => normalCdf((y - locs[k]) / scale);
  const density = (y) => sum((k) => part(y, k));
  const cdf = (y) => sum((k) => below(y, k));
  const [low, high] = [Math.min(...locs) - 4, Math.max(...locs) + 4];
  let last; // a value to start from: near the next one where noises are sorted
  const value = ({ u }) => (last = solveRising(cdf, u, low, high, density, last));
  return {
    value, density, cdf,
    path: (noise) => {
      const y = value(noise), p = density(y);
      const apart = weights[0] * weights[1] * (below(y, 1) - below(y, 0));
      return [-apart / p, (weights[1] * part(y, 1)) / p];
    },
    score: (y) => {
      const share = (weights[1] * part(y, 1)) / density(y);
      return [share - weights[1], (share * (y - loc)) / scale ** 2];
    },
  };
}

function bernoulliAt([p]) {
  return {
    value: ({ v }) => (v < p ? 1 : 0),
    path: () => [0], // wherever it exists: a step is flat
    density: (y) => (y === 1 ? p : y === 0 ? 1 - p : 0),
    cdf: (y) => (y < 0 ? 0 : y < 1 ? 1 - p : 1),
    score: (y) => [y === 1 ? 1 / p : -1 / (1 - p)],
  };
}

const parameter = (name, symbol, low, high, start) => ({ name, symbol, low, high, start, step: 0.05 });

/** Each distribution: its parameters, what is shown of it, and `at(θ)`, its formulas. */
const LAWS = {
  gaussian: {
    label: "Gaussian", noise: "z", sampling: ["N(μ, σ²)"], formula: "μ + σ z", range: [-4, 4],
    parameters: [parameter("loc", "μ", -2, 2, 0.6), parameter("scale", "σ", 0.1, 2, 0.4)],
    at: (theta) => locationScale(theta, ({ z }) => z, normalDensity, normalCdf, (x) => x),
  },
  laplace: {
    label: "Laplace", noise: "u", sampling: ["Laplace(μ, b)"], formula: "μ + b F₀⁻¹(u)", range: [-4, 4],
    parameters: [parameter("loc", "μ", -2, 2, 0.6), parameter("scale", "b", 0.1, 2, 0.4)],
    at: (theta) =>
      locationScale(theta, laplaceNoise, (x) => 0.5 * Math.exp(-Math.abs(x)), laplaceCdf, sign),
  },
  exponential: {
    label: "Exponential", noise: "u", sampling: ["Exp(λ)"], formula: "−ln(1 − u)/λ", range: [0, 6],
    parameters: [parameter("rate", "λ", 0.2, 3, 1)],
    at: exponentialAt,
  },
  gamma: {
    label: "Gamma", noise: "u", sampling: ["Gamma(α, λ)"], formula: "F⁻¹(u; α, λ)", range: [0, 8],
    parameters: [parameter("alpha", "α", 0.5, 6, 2), parameter("rate", "λ", 0.3, 3, 1)],
    at: gammaAt,
  },
  beta: {
    label: "Beta", noise: "u", sampling: ["Beta(α, β)"], formula: "F⁻¹(u; α, β)", range: [0, 1],
    parameters: [parameter("alpha", "α", 0.5, 6, 2), parameter("beta", "β", 0.5, 6, 3)],
    at: betaAt, threshold: 0.5,
  },
  mixture: {
    label: "Mixture of two Gaussians", noise: "u", sampling: ["two Gaussians"],
    formula: "F⁻¹(u; η, m)", range: [-4, 4],
    dist: ([logit, loc]) =>
      `"mixture([gaussian(-1,0.5),gaussian(${loc},0.5)],logits=[0,${logit}])"`,
    parameters: [parameter("logits[1]", "η", -3, 3, 0.4), parameter("components[1].loc", "m", -1, 3, 1)],
    at: mixtureAt,
  },
  bernoulli: {
    label: "Bernoulli (a coin)", noise: "u", sampling: ["Bernoulli(p)"], formula: "1 if u > 1 − p",
    range: [-0.3, 1.3], discrete: true,
    parameters: [parameter("probs", "p", 0.05, 0.95, 0.4)],
    at: bernoulliAt, threshold: 0.5,
  },
};

for (const law of Object.values(LAWS)) law.at = remembered(law.at); // a picture asks many times
