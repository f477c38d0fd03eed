// The computation graph as SVG text: pure functions of what it shows.

/** Text in the picture. */
const label = (x, y, text, kind = "", anchor = "middle") =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" class="${kind}">${text}</text>`;

/** A number that fits a narrow box: three digits, two decimals. */
const brief = (x) => shown(Number(x.toFixed(2)), 3);

/** A node: a box with one line or two. */
function node(x, y, width, height, lines, kind = "") {
  const rows = lines.map((line, k) =>
    label(x, y + 5 + 17 * (k - (lines.length - 1) / 2), line, k ? "small" : "name"));
  return `<g class="node ${kind}"><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}"
    height="${height}" rx="9"/>${rows.join("")}</g>`;
}

/** An edge along points, with an arrow head: where values flow. */
const edge = (points, kind = "edge") =>
  `<polyline class="${kind}" points="${points}" pathLength="1" marker-end="url(#${kind.split(" ")[0]})"/>`;

/** A die: where the randomness is. */
const die = (x, y) => `<g class="die" transform="translate(${x} ${y}) rotate(-10)">
  <rect x="-9" y="-9" width="18" height="18" rx="4"/>
  ${[[-4, -4], [4, -4], [0, 0], [-4, 4], [4, 4]].map(([a, b]) => `<circle cx="${a}" cy="${b}" r="1.8"/>`).join("")}</g>`;

/** Part of the backward pass: shown from its stage on, and drawn in motion at that stage. */
const backward = (view, stage, picture) =>
  view.stage < stage ? "" : `<g class="stage ${view.stage === stage ? "now" : ""}">${picture}</g>`;

/** L = (w x)² and its backward pass. */
function chainPicture({ w, x }) {
  const m = w * x;
  return `<svg viewBox="0 0 380 150" role="img" aria-label="${
    `w = ${shown(w)} is multiplied by x = ${shown(x)}, and the product squared. Backward: `
    + `2m = ${shown(2 * m)} times x = ${shown(x)} is ${shown(2 * m * x)}.`}">
    ${edge("74,52 122,52")}${edge("216,52 262,52")}
    ${node(42, 52, 64, 46, ["w", shown(w)], "theta")}
    ${node(169, 52, 94, 46, ["m = w·x", shown(m)])}
    ${node(309, 52, 94, 46, ["L = m²", shown(m * m)], "loss")}
    ${edge("309,78 309,96 175,96", "back")}${label(242, 116, `∂L/∂m = 2m = ${shown(2 * m)}`, "grad")}
    ${edge("163,96 42,96 42,80", "back")}${label(8, 116, `× ∂m/∂w = x = ${shown(x)}`, "grad", "start")}
    ${label(8, 140, `∂L/∂w = ${shown(2 * m)} × ${shown(x)} = ${shown(2 * m * x)}`, "grad strong", "start")}
  </svg>`;
}

/** Where the box of θ ends: it is as high as it has parameters. */
const below = ({ theta }) => 100 + 9 * theta.length;

/** The graph of one draw in a mode, forward, and backward up to a stage. */
function drawPicture(view) {
  const { mode, theta } = view;
  const low = { direct: 176, pathwise: 188, score: 246 }[mode];
  const height = low + (view.kl ? 74 : 0);
  const parts = [
    edge("236,86 262,86"), edge("306,86 330,86"),
    node(48, 86, 80, 2 * (below(view) - 87), theta, "theta"),
    node(284, 86, 44, 46, ["y", brief(view.y)]),
    node(354, 86, 46, 46, ["L", brief(view.loss)], "loss"),
    { direct: directPass, pathwise: pathwisePass, score: scorePass }[mode](view),
    view.kl ? divergence(view, low) : "",
  ];
  return `<svg viewBox="0 0 380 ${height}" role="img" aria-label="${describe(view)}">
    ${parts.join("")}</svg>`;
}

/** θ → sample → y: the backward pass stops at the sampling node. */
function directPass(view) {
  const broken = view.stage >= 2;
  const gap = `<g class="broken"><path d="M88 86H101M115 86H128"/><path d="M102 79L114 93M114 79L102 93"/></g>`;
  return [
    broken ? "" : edge("88,86 127,86"),
    backward(view, 1, upstreamArrow(view)),
    node(182, 86, 108, 52, ["draw y", `~ ${view.sampling}`], broken ? "stuck" : ""),
    die(234, 61),
    backward(view, 2, gap + label(22, 142, "no edge to follow:", "bad", "start")
      + label(22, 160, "y is not a function of θ alone", "bad", "start")),
  ].join("");
}

/** θ → f(z; θ) ← z: the backward pass goes through. */
function pathwisePass(view) {
  const symbols = view.symbols;
  return [
    edge("88,86 127,86"), edge("182,38 182,59"),
    node(182, 22, 108, 30, [`${view.noise} = ${shown(view.noiseValue, 3)}`], "noise"), die(236, 10),
    node(182, 86, 108, 52, [`f(${view.noise}; θ)`, view.formula]),
    backward(view, 1, upstreamArrow(view)),
    backward(view, 2, edge(`278,126 48,126 48,${below(view) + 1}`, "back") + view.path.map((slope, k) =>
      label(22, 146 + 18 * k, `× ∂y/∂${symbols[k]} = ${shown(slope, 4)}`, "grad", "start")).join("")),
  ].join("");
}

/** θ → log p(y; θ): the draw is a constant, and L a weight. */
function scorePass(view) {
  return [
    edge("88,86 127,86", "aside"), node(182, 86, 108, 52, ["draw y", `~ ${view.sampling}`]), die(234, 61),
    edge(`44,${below(view)} 44,148 127,148`), edge("284,109 284,148 237,148", "aside"),
    label(291, 136, "y as a", "small", "start"), label(291, 152, "constant", "small", "start"),
    node(182, 148, 108, 30, ["log p(y; θ)"]),
    backward(view, 1, edge("358,110 358,186 190,186", "back")
      + label(348, 206, `weight L = ${shown(view.loss, 4)}`, "grad", "end")),
    backward(view, 2, edge(`182,186 26,186 26,${below(view) + 1}`, "back") + view.score.map((slope, k) =>
      label(22, 206 + 18 * k, `× ∂log p/∂${view.symbols[k]} = ${shown(slope, 4)}`, "grad", "start")).join("")),
  ].join("");
}

const upstreamArrow = (view) => edge("354,110 354,126 290,126", "back")
  + label(362, 146, `∂L/∂y = ${shown(view.upstream)}`, "grad", "end");

/** The term KL, which depends on θ without any draw. */
function divergence(view, y) {
  return [
    edge(`13,${below(view)} 13,${y + 20} 107,${y + 20}`), node(182, y + 20, 148, 32, ["KL(N(μ, σ²) ‖ N(0, 1))"], "wide"),
    edge(`257,${y + 20} 369,${y + 20} 369,111`),
    backward(view, 3, label(22, y + 60, `∂KL/∂μ = ${shown(view.klGradient[0])}`, "grad", "start")
      + label(170, y + 60, `∂KL/∂σ = ${shown(view.klGradient[1])}`, "grad", "start")),
  ].join("");
}

/** The graph in words. */
function describe(view) {
  const forward = {
    direct: "θ goes into a node that draws y; the die is inside the node. y goes into L.",
    pathwise: `θ and the noise ${view.noise} go into the function f, which gives y. y goes into L.`,
    score: "θ goes into log p(y; θ), with y as a constant. L is a weight.",
  }[view.mode];
  const back = {
    direct: " Backward: the edge between θ and the draw is broken.",
    pathwise: " Backward: from L through y and f to θ.",
    score: " Backward: L times the derivative of log p.",
  }[view.mode];
  return forward + (view.stage >= 2 ? back : "");
}
