// Gradients: of one draw, of expectations, by three routes and exactly. No state.

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
    scoreFunction: score.map((slope) => loss * slope),
  };
}

/** KL(N(μ, σ²) ‖ N(0, 1)) in θ = (μ, σ): its derivatives. */
const klGradient = ([mu, sigma]) => [mu, sigma - 1 / sigma];

/** Terms whose means are gradients: J′(y) ∂y/∂θ and J(y) ∂ log p/∂θ, for parameter `k`. */
function terms(law, theta, loss, pool, k) {
  const formulas = law.at(theta);
  const pathwise = new Float64Array(pool.length), score = new Float64Array(pool.length);
  pool.forEach((noise, i) => {
    const y = formulas.value(noise);
    pathwise[i] = loss.derivative(y) * formulas.path(noise)[k];
    score[i] = loss.value(y) * formulas.score(y)[k];
  });
  return { pathwise, score };
}

/**
 * ∂E[J(y)]/∂θ, exactly: a sum for a coin, else Simpson's rule over z, plus at a jump of J
 * what the jump adds, p(y) ∂y/∂θ there.
 */
function exactGradient(law, theta, loss, k) {
  if (law.discrete) return loss.value(1) - loss.value(0);
  const formulas = law.at(theta);
  if (loss.jump !== undefined) {
    const z = solveRising((x) => formulas.value(noiseOfZ(x)), loss.jump, -8, 8);
    return formulas.density(loss.jump) * formulas.path(noiseOfZ(z))[k];
  }
  return NODES.reduce((sum, { noise, weight }) =>
    sum + weight * loss.derivative(formulas.value(noise)) * formulas.path(noise)[k], 0);
}

/** Simpson's nodes over z from −8 to 8, an even number of steps on both sides of 0 (a kink). */
const NODES = Array.from({ length: 801 }, (_, i) => {
  const noise = noiseOfZ(0.02 * (i - 400));
  const simpson = i === 0 || i === 800 ? 1 : i % 2 ? 4 : 2;
  return { noise, weight: (simpson * 0.02 * normalDensity(noise.z)) / 3 };
});

/** Weights p(y; θ)/p(y; θ₀) of draws that stay where they were drawn. */
function likelihoodRatios(law, theta, start, values) {
  const now = law.at(theta), then = law.at(start);
  return values.map((y) => now.density(y) / then.density(y));
}
