// Plots as SVG text: paths over θ, cdf or densities over y, running means. Pure functions.

const WIDTH = 380;
/** A linear scale from numbers to the picture. */
const scale = (low, high, from, to) => (x) => from + ((x - low) / (high - low)) * (to - from);
const fixed = (x) => x.toFixed(1);
const clip = (x, low, high) => Math.min(Math.max(x, low), high);
const polyline = (points) => "M" + points.map(([x, y]) => `${fixed(x)} ${fixed(y)}`).join("L");
/** Many dots as one path: a line of length 0 with round ends. */
const dots = (points) => points.map(([x, y]) => `M${fixed(x)} ${fixed(y)}h0`).join("");
const steps = (low, high, count) => Array.from({ length: count + 1 }, (_, k) => low + (k * (high - low)) / count);

/** Axis numbers, about five of them. */
function ticks(low, high) {
  const raw = (high - low) / 5;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first;
  return Array.from({ length: count + 1 }, (_, k) => Number(((first + k) * step).toPrecision(6)));
}

/** The frame of a plot: box, numbers and names of the axes. */
function frame(box, x, y, [xLow, xHigh], [yLow, yHigh], xName, yName) {
  const across = ticks(xLow, xHigh).map((t) =>
    `<path class="grid" d="M${fixed(x(t))} ${box.top}V${box.bottom}"/>`
    + label(fixed(x(t)), box.bottom + 15, shown(t, 3), "small"));
  const up = ticks(yLow, yHigh).map((t) =>
    `<path class="grid" d="M${box.left} ${fixed(y(t))}H${box.right}"/>`
    + label(box.left - 5, fixed(y(t) + 4), shown(t, 3), "small", "end"));
  return across.join("") + up.join("") + label(box.right, box.bottom + 31, xName, "axis", "end")
    + label(box.left - 28, box.top - 11, yName, "axis", "start");
}

/** Paths of all noises over parameter `k`: y as a function of it, noise fixed. */
function pathLines(view, x, y) {
  const { law, theta, k, pool } = view;
  const { low, high } = law.parameters[k];
  const [bottom, top] = law.range;
  if (law.discrete) // flat, a jump at p = 1 − u, flat
    return pool.filter((_, i) => i % 4 === 0).map(({ u, v }) => {
      const lift = jitter(u);
      return polyline([[x(low), y(lift)], [x(clip(v, low, high)), y(lift)],
        [x(clip(v, low, high)), y(1 + lift)], [x(high), y(1 + lift)]]);
    }).join("");
  const grid = steps(low, high, 40);
  const formulas = grid.map((t) => law.at(theta.map((old, j) => (j === k ? t : old))));
  return pool.map((noise) => polyline(grid.map((t, j) =>
    [x(t), y(clip(formulas[j].value(noise), bottom - 9, top + 9))]))).join("");
}

/** Spread for draws of a coin, so that dots at the same value can be distinguished. */
const jitter = (u) => 0.3 * (u - 0.5);
const spread = (law, noise, y) => (law.discrete ? y + jitter(noise.u) : y);

/** Box and scales of the plot over the parameter that is dragged. */
function pathsScales({ law, k }) {
  const { low, high } = law.parameters[k];
  const box = { left: 34, right: 372, top: 28, bottom: 214 };
  return {
    box, x: scale(low, high, box.left + 6, box.right - 6), y: scale(...law.range, box.bottom, box.top),
    inside: (id) => `<defs><clipPath id="${id}"><rect x="${box.left}" y="${box.top}" width="${box.right - box.left}"
      height="${box.bottom - box.top}"/></clipPath></defs>`,
  };
}

/** The layer behind the draws: frame and paths, which stay as they are while the draws slide. */
function linesPicture(view) {
  const { law, k, mode } = view;
  const { low, high, symbol } = law.parameters[k];
  const { box, x, y, inside } = pathsScales(view);
  const lines = mode === "pathwise" ? `<path class="paths" clip-path="url(#inside-lines)" d="${pathLines(view, x, y)}"/>` : "";
  return `<svg viewBox="0 0 ${WIDTH} 252" aria-hidden="true">${inside("inside-lines")}
    ${frame(box, x, y, [low, high], law.range, `${symbol} (drag)`, "y")}${lines}</svg>`;
}

/** Draws over the parameter that is dragged. */
function pathsPicture(view) {
  const { law, theta, k, mode, pool, values } = view;
  const { box, x, y, inside } = pathsScales(view);
  const here = x(theta[k]);
  const at = (value, i) => [here, y(spread(law, pool[i], value))];
  const marks = mode === "score" ? weighted(view, at) : `<path class="dots" d="${dots(values.map(at))}"/>`;
  return `<svg viewBox="0 0 ${WIDTH} 252" role="img" aria-label="${pathsWords(view)}">${inside("inside-draws")}
    <g clip-path="url(#inside-draws)">
    <path class="here" d="M${fixed(here)} ${box.top}V${box.bottom}"/>${marks}
    ${mode === "pathwise" ? chosen(view, x, y) : ""}</g>
    <path class="handle" d="M${fixed(here)} ${box.bottom}l-7 -11h14z"/></svg>`;
}

/** The path of the noise in the graph, its dot, and the slope there. */
function chosen(view, x, y) {
  const { law, theta, k, noise, symbols } = view;
  const formulas = law.at(theta);
  const value = formulas.value(noise), slope = formulas.path(noise)[k];
  const { low, high } = law.parameters[k];
  const reach = 0.16 * (high - low);
  const own = pathLines({ ...view, pool: [noise] }, x, y);
  const shownValue = spread(law, noise, value);
  const line = polyline([-reach, reach].map((step) => [x(theta[k] + step), y(shownValue + slope * step)]));
  const left = theta[k] > (low + high) / 2;
  const down = shownValue > (law.range[0] + law.range[1]) / 2;
  return `<path class="own" d="${own}"/><path class="slope" d="${line}"/>
    <path class="dot" d="${dots([[x(theta[k]), y(shownValue)]])}"/>`
    + label(fixed(x(theta[k]) + (left ? -12 : 12)), fixed(clip(y(shownValue), 30, 200) + (down ? 26 : -16)),
      `∂y/∂${symbols[k]} = ${shown(slope, 4)}`, "grad halo", left ? "end" : "start");
}

/** Draws that stay, in six sizes by their weights p(y; θ)/p(y; θ₀). */
function weighted(view, at) {
  const sizes = [0, 3, 5, 7, 10, 14];
  const groups = sizes.map(() => []);
  view.weights.forEach((weight, i) => {
    const level = clip(Math.round(2 + 1.5 * Math.log2(weight)), 0, 5);
    groups[Number.isNaN(level) ? 0 : level].push(at(view.values[i], i));
  });
  return groups.map((group, level) =>
    `<path class="dots" style="stroke-width:${sizes[level] || 1.5}" d="${dots(group)}"/>`).join("");
}

function pathsWords({ mode, law, k }) {
  const { symbol } = law.parameters[k];
  return {
    direct: `Draws at the present ${symbol}, drawn anew whenever ${symbol} changes: no dot can be followed.`,
    pathwise: law.discrete ? "Each draw's path is flat, except for one jump from 0 to 1."
      : `Each draw's path over ${symbol}, its noise fixed, and its slope at the present ${symbol}.`,
    score: `Draws that stay where they are; their sizes are weights that change with ${symbol}.`,
  }[mode];
}

/** The cdf with the line at u; or, for the score, densities at θ and where y was drawn. */
function lawPicture(view) {
  const { law, mode, theta, start } = view;
  const box = { left: 34, right: 368, top: 28, bottom: 174 };
  const x = scale(...law.range, box.left, box.right);
  const grid = steps(...law.range, 120);
  const [now, then] = [law.at(theta), law.at(start)];
  const weights = mode === "score";
  const highest = weights ? Math.min(4, 1.05 * Math.max(...grid.map((t) => Math.max(now.density(t), then.density(t))), 0.25)) : 1;
  const top = law.discrete || !weights ? 1 : highest;
  const y = scale(0, top, box.bottom, box.top);
  const curve = (density) => polyline(grid.map((t) => [x(t), y(Math.min(density(t), 1.2 * top))]));
  const bars = (formulas, shift) => [0, 1].map((t) =>
    `M${fixed(x(t) + shift)} ${box.bottom}V${fixed(y(formulas.density(t)))}`).join("");
  const body = !weights ? cdfWithLine(view, x, y, box)
    : law.discrete ? `<path class="then bar" d="${bars(then, -8)}"/><path class="curve bar" d="${bars(now, 8)}"/>`
      : `<path class="then" d="${curve(then.density)}"/><path class="curve" d="${curve(now.density)}"/>`;
  const places = view.values.map((value, i) => x(spread(law, view.pool[i], value)));
  const rug = places.map((place) => `M${fixed(place)} ${box.bottom}v5`).join("");
  const draws = weights ? weighted(view, (_, i) => [places[i], box.bottom - 5])
    : `<path class="rug" d="${rug}"/>`;
  const name = weights ? (law.discrete ? "probability" : "density p(y; θ)") : "F(y; θ), the part of draws ≤ y";
  return `<svg viewBox="0 0 ${WIDTH} 212" role="img" aria-label="${lawWords(view)}">
    <defs><clipPath id="within"><rect x="${box.left}" y="${box.top - 3}" width="${box.right - box.left}"
    height="${box.bottom - box.top + 9}"/></clipPath></defs>
    ${frame(box, x, y, law.range, [0, top], "y", name)}<g clip-path="url(#within)">${body}
    ${draws}</g>${meeting(view, x, y, box)}</svg>`;
}

/** Noises from end to end. */
const CURVE = steps(-5, 5, 120).map(noiseOfZ);

/** The cdf: each noise at its value, at the height u; of a coin its steps. */
function cdfLine({ law, theta }, x, y) {
  const { value, cdf } = law.at(theta);
  const [low, high] = law.range;
  const points = law.discrete ? [[0, 0], [0, cdf(0)], [1, cdf(0)], [1, 1]]
    : CURVE.map((noise) => [value(noise), noise.u]);
  const ends = [[Math.min(low, points[0][0]), 0], ...points, [Math.max(high, points.at(-1)[0]), 1]];
  return polyline(ends.map(([t, part]) => [x(t), y(part)]));
}

/** The cdf with a line at u that meets it at y, and the slope there. */
function cdfWithLine(view, x, y, box) {
  const curve = `<path class="curve" d="${cdfLine(view, x, y)}"/>`;
  const { law, mode, theta, noise, k } = view;
  if (mode === "direct") return curve;
  const formulas = law.at(theta);
  const value = formulas.value(noise), slope = formulas.path(noise)[k];
  const [tx, ty] = [x(value), y(noise.u)].map(fixed);
  const arrow = x(value + slope * 0.15 * (law.parameters[k].high - law.parameters[k].low));
  return `${curve}<path class="level" d="M${box.left} ${ty}H${tx}V${box.bottom}"/>
    <path class="slope" d="M${tx} ${ty}H${fixed(arrow)}"/>`;
}

/** The point where the line at u meets the cdf, if it is in sight; u, y and the slope as numbers. */
function meeting({ law, mode, theta, noise, k, symbols }, x, y, box) {
  if (mode !== "pathwise") return "";
  const formulas = law.at(theta);
  const value = formulas.value(noise), slope = formulas.path(noise)[k];
  const seen = law.range[0] <= value && value <= law.range[1];
  const ty = y(noise.u);
  const point = seen ? `<path class="dot" d="${dots([[x(value), ty]])}"/>` : "";
  return point
    + label(box.left + 6, fixed(ty > 45 ? ty - 7 : ty + 17), `u = ${shown(noise.u, 3)}`, "level-name halo", "start")
    + label(box.left, box.bottom + 35, `y = ${shown(value, 4)}${seen ? "" : " (outside)"}, `
      + `∂y/∂${symbols[k]} = ${shown(slope, 4)}`, "grad", "start");
}

function lawWords({ mode, noise }) {
  return mode === "score" ? "The density at the present θ, and the one that the draws came from."
    : mode === "direct" ? "The cdf at the present θ."
      : `The cdf, with a line at u = ${shown(noise.u, 3)} that meets it at y.`;
}

/** Running means of both estimators with one standard error, and the exact gradient. */
function meansPicture({ pathwise, score, exact, symbol, count }) {
  const box = { left: 48, right: 362, top: 28, bottom: 174 };
  const rows = [...pathwise, ...score].filter((row) => row.count >= Math.min(50, count));
  const reach = rows.map((row) => [row.mean - row.error, row.mean + row.error]).flat();
  const [least, most] = [Math.min(exact, ...reach), Math.max(exact, ...reach)];
  const margin = 0.1 * (most - least) || 0.5;
  const [low, high] = [least - margin, most + margin];
  const x = scale(0, count, box.left, box.right), y = scale(low, high, box.bottom, box.top);
  const inside = (value) => clip(y(value), box.top - 9, box.bottom + 9);
  const band = (list) => polyline([...list.map((r) => [x(r.count), inside(r.mean + r.error)]),
    ...list.toReversed().map((r) => [x(r.count), inside(r.mean - r.error)])]);
  const line = (list) => polyline(list.map((r) => [x(r.count), inside(r.mean)]));
  const last = (list) => list[list.length - 1];
  return `<svg viewBox="0 0 ${WIDTH} 212" role="img" aria-label="${
    `Running means over ${count} draws: pathwise ${shown(last(pathwise).mean, 3)}, score function `
    + `${shown(last(score).mean, 3)}, exact ${shown(exact, 4)}.`}">
    <defs><clipPath id="means"><rect x="${box.left}" y="${box.top}" width="${box.right - box.left}"
    height="${box.bottom - box.top}"/></clipPath></defs>
    ${frame(box, x, y, [0, count], [low, high], "draws", `estimates of ∂E[J]/∂${symbol}`)}
    <g clip-path="url(#means)"><path class="score band" d="${band(score)}"/><path class="pathwise band" d="${band(pathwise)}"/>
    <path class="score line" d="${line(score)}"/><path class="pathwise line" d="${line(pathwise)}"/>
    <path class="exact" d="M${box.left} ${fixed(y(exact))}H${box.right}"/></g></svg>`;
}
