// Gradients: of one draw, of expectations, by three routes and exactly. No state, except kept results.

/** Losses J(y): value, derivative, and how they are written; the step jumps at `threshold`. */
function losses(threshold) {
  return {
    square: { label: "y²", value: (y) => y * y, derivative: (y) => 2 * y },
    cosine: { label: "cos 5y", value: (y) => Math.cos(5 * y), derivative: (y) => -5 * Math.sin(5 * y) },
    step: {
      label: `1{y > ${threshold === 0.5 ? "½" : threshold}}`, jump: threshold,
      value: (y) => (y > threshold ? 1 : 0), derivative: () => 0,
    },
  };
}

const lossesOf = (law) => losses(law.threshold ?? 1);

/** What one draw gives with L = upstream · y: y, L, and the pieces of both gradients. */
function oneDraw(law, theta, noise, upstream) {
  const formulas = law.at(theta);
  const y = formulas.value(noise), path = formulas.path(noise), score = formulas.score(y);
  const loss = upstream * y;
  return {
    y, loss, path, score,
    pathwise: path.map((slope) => upstream * slope),
  };
}

/** KL(N(μ, σ²) ‖ N(0, 1)) in θ = (μ, σ): its derivatives. */
const klGradient = ([mu, sigma]) => [mu, sigma - 1 / sigma];

/** Terms whose means are gradients, J′(y) ∂y/∂θ and J(y) ∂ log p/∂θ: a list for each parameter. */
function terms(law, theta, loss, pool) {
  const formulas = law.at(theta);
  const empty = () => theta.map(() => new Float64Array(pool.length));
  const pathwise = empty(), score = empty();
  pool.forEach((noise, i) => {
    const y = formulas.value(noise), value = loss.value(y), derivative = loss.derivative(y);
    const path = formulas.path(noise), slope = formulas.score(y);
    for (let k = 0; k < theta.length; k += 1) {
      pathwise[k][i] = derivative * path[k];
      score[k][i] = value * slope[k];
    }
  });
  return { pathwise, score };
}

/**
 * ∂E[J(y)]/∂θ, exactly: a difference for a coin, else Simpson's rule over z, or where J jumps
 * what the jump adds, p(y) ∂y/∂θ there.
 */
function exactGradient(law, theta, loss) {
  if (law.discrete) return [loss.value(1) - loss.value(0)];
  const formulas = law.at(theta);
  if (loss.jump !== undefined) {
    const z = solveRising((x) => formulas.value(noiseOfZ(x)), loss.jump);
    return formulas.path(noiseOfZ(z)).map((slope) => formulas.density(loss.jump) * slope);
  }
  const sums = theta.map(() => 0);
  for (const { y, path, weight } of nodesOf(formulas)) {
    const term = weight * loss.derivative(y);
    for (let k = 0; k < sums.length; k += 1) sums[k] += term * path[k];
  }
  return sums;
}

const nodes = new WeakMap(); // by formulas, for all losses
/** Draws and their paths at Simpson's nodes. */
function nodesOf(formulas) {
  if (!nodes.has(formulas)) nodes.set(formulas, NODES.map(({ noise, weight }) =>
    ({ y: formulas.value(noise), path: formulas.path(noise), weight })));
  return nodes.get(formulas);
}

/** Simpson's nodes over z from −8 to 8, an even number of steps on both sides of 0 (a kink). */
const NODES = Array.from({ length: 1601 }, (_, i) => {
  const noise = noiseOfZ(0.01 * (i - 800));
  const simpson = i === 0 || i === 1600 ? 1 : i % 2 ? 4 : 2;
  return { noise, weight: (simpson * 0.01 * normalDensity(noise.z)) / 3 };
});

/** Weights p(y; θ)/p(y; θ₀) of draws that stay where they were drawn. */
function likelihoodRatios(law, theta, start, values) {
  const now = law.at(theta), then = law.at(start);
  return values.map((y) => now.density(y) / then.density(y));
}
