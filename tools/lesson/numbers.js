// Numbers without a page: special functions, noise, series, sums. No state.

const SQRT_2PI = Math.sqrt(2 * Math.PI);

/** Density of N(0, 1). */
function normalDensity(z) {
  return Math.exp(-0.5 * z * z) / SQRT_2PI;
}

/** Cdf of N(0, 1): Marsaglia's series (2004), absolute error near 1e-16 for |z| < 8. */
function normalCdf(z) {
  if (Math.abs(z) > 8) return z > 0 ? 1 : 0;
  let term = z, sum = z;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + sum * normalDensity(z);
}

/** Where a function that rises reaches a value: by Newton's steps from `start` if its slope is given,
 * else by bisection, which also replaces a step out of the remaining interval. */
function solveRising(rising, value, low = -8, high = 8, slope = null, start = 0.5 * (low + high)) {
  let x = start;
  for (let k = 0; k < 60; k += 1) {
    const apart = rising(x) - value;
    if (apart < 0) low = x;
    else high = x;
    const step = slope ? -apart / slope(x) : NaN;
    if (Math.abs(step) < 1e-8 * (1 + Math.abs(x))) return x + step; // the next step is its square
    x = low < x + step && x + step < high ? x + step : 0.5 * (low + high);
  }
  return x;
}

/** Noise in its two forms: z ~ N(0, 1) and u = Φ(z), with v = 1 − u. */
const noiseOfZ = (z) => ({ z, u: tail(z), v: tail(-z) });
const tail = (z) => Math.max(normalCdf(z), 1e-16); // beyond, the series is rounding alone
const noiseOfU = (u) => ({ z: solveRising(normalCdf, u), u, v: 1 - u });

/** Uniform numbers in (0, 1) from a seed: mulberry32. */
function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return (((word ^ (word >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}

/** Return `count` noises from a seed, by Box and Muller's transform. */
function noises(seed, count) {
  const uniform = uniforms(seed);
  return Array.from({ length: count }, () =>
    noiseOfZ(Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())));
}

/** ln Γ(x) for x > 0: recurrence up to 8, then Stirling's series. */
function logGamma(x) {
  let shift = 0;
  for (; x < 8; x += 1) shift -= Math.log(x);
  const r = 1 / (x * x);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / x;
  return shift + (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series;
}

/** ψ(x) for x > 0, the derivative of ln Γ. */
function digamma(x) {
  let shift = 0;
  for (; x < 8; x += 1) shift -= 1 / x;
  const r = 1 / (x * x);
  return shift + Math.log(x) - 0.5 / x - r * (1 / 12 - r * (1 / 120 - r * (1 / 252 - r / 240)));
}

/** Chebyshev's polynomials at `x` in [−1, 1], and their derivatives: the first `count`. */
function chebyshev(x, count) {
  const values = [1, x], slopes = [0, 1];
  for (let k = 2; k < count; k += 1) {
    values.push(2 * x * values[k - 1] - values[k - 2]);
    slopes.push(2 * values[k - 1] + 2 * x * slopes[k - 1] - slopes[k - 2]);
  }
  return { values, slopes };
}

/** The sum of a series of Chebyshev's polynomials at `x`, by Clenshaw's recurrence. */
function seriesAt(coefficients, x) {
  let next = 0, afterNext = 0;
  for (let k = coefficients.length - 1; k > 0; k -= 1)
    [next, afterNext] = [2 * x * next - afterNext + coefficients[k], next];
  return x * next - afterNext + coefficients[0];
}

/** The weighted sum of rows, which may end early. */
function blendRows(rows, weights) {
  const blended = new Float64Array(Math.max(...rows.map((row) => row.length)));
  rows.forEach((row, i) => row.forEach((x, k) => { blended[k] += weights[i] * x; }));
  return blended;
}

/** The function, with its results for the last `most` lists of numbers kept. */
function remembered(make, most = 100) {
  const kept = new Map();
  return (numbers) => {
    const key = numbers.join("/");
    const result = kept.get(key) ?? make(numbers);
    kept.delete(key);
    kept.set(key, result); // in the order of use
    if (kept.size > most) kept.delete(kept.keys().next().value);
    return result;
  };
}

/** Running means of terms, with standard errors, at the given counts. */
function runningMeans(terms, counts) {
  const rows = [];
  let n = 0, mean = 0, squares = 0;
  for (const count of counts) {
    for (; n < count; n += 1) {
      const deviation = terms[n] - mean;
      mean += deviation / (n + 1);
      squares += deviation * (terms[n] - mean);
    }
    rows.push({ count, mean, error: Math.sqrt(squares / (n - 1) / n) });
  }
  return rows;
}

/** A number as text, with so many digits and a true minus sign. */
function shown(x, digits = 6) {
  if (x === null) return "none";
  const rounded = Math.abs(x) < 1e-12 ? 0 : Number(x.toPrecision(digits));
  return String(rounded).replace("-", "−").replace("Infinity", "∞");
}
