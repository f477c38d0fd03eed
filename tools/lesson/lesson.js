// The page: one state, one function that shows it, and events that change it.

const DOTS = 200, MOST = 5000;
const state = {
  mode: "direct", stage: 0, law: "gaussian", theta: [0.6, 0.4], start: [0.6, 0.4], k: 0,
  noise: noiseOfZ(-0.7), noiseValue: -0.7, upstream: 1.5, kl: false,
  loss: "square", seed: 4, redraw: 0, count: DOTS, w: 1.5, x: 2,
};
const pools = new Map(); // frozen noise by seed: the last few
const byId = (id) => document.getElementById(id);
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The frozen noise of a seed. */
function poolOf(seed, count) {
  const key = `${seed}/${count}`;
  if (!pools.has(key)) {
    if (pools.size > 3) pools.delete(pools.keys().next().value);
    pools.set(key, noises(seed, count));
  }
  return pools.get(key);
}

/** Everything that the graph and the plots show, as numbers. */
function viewOf(s) {
  const law = LAWS[s.law];
  const pool = s.mode === "direct" ? poolOf(1e6 + s.redraw, DOTS) : poolOf(s.seed, MOST).slice(0, DOTS);
  const drawnAt = s.mode === "score" ? s.start : s.theta;
  const noise = s.mode === "direct" && s.redraw ? pool[0] : s.noise;
  const y = law.at(drawnAt).value(noise);
  const values = pool.map(law.at(drawnAt).value);
  const one = oneDraw(law, s.theta, noise, s.upstream);
  const scores = law.at(s.theta).score(y);
  const loss = s.upstream * y;
  const gradient = {
    direct: s.theta.map(() => null), pathwise: one.pathwise,
    score: scores.map((slope) => loss * slope),
  }[s.mode];
  return {
    ...s, law, lawName: s.law, pool, noise, y, values, loss, gradient, path: one.path, score: scores,
    symbols: law.parameters.map((p) => p.symbol),
    klGradient: klGradient(s.theta), moved: s.theta.some((t, j) => t !== s.start[j]),
    weights: s.mode === "score" ? likelihoodRatios(law, s.theta, s.start, values) : [],
  };
}

/** The graph's own view: text in its nodes. */
const graphView = (view) => ({
  ...view, noise: view.law.noise, sampling: view.law.sampling[0], formula: view.law.formula,
  theta: view.symbols.map((symbol, k) => `${symbol} = ${shown(view.theta[k])}`),
});

/** Digits that hold: those of tables are fewer. */
const digitsOf = (law) => (law === "gamma" || law === "beta" ? 4 : 6);

/** The command that prints the pathwise numbers, and what it prints. */
function commandOf(s) {
  const law = LAWS[s.law];
  const short = { loc: "mu", scale: "sigma" };
  const named = law.parameters.map((p, k) =>
    `-p ${s.law === "gaussian" ? short[p.name] : p.name}=${Number(s.theta[k].toPrecision(6))}`).join(" ");
  if (law.discrete) return { text: `reparam estimate --dist ${s.law} ${named} --objective y`, prints: "" };
  const dist = s.law === "gaussian" ? "" : `--dist ${s.law} `;
  const { pathwise } = oneDraw(law, s.theta, s.noise, s.upstream);
  const lines = law.parameters.map((p, k) => `∂L/∂${p.name} = ${Number(pathwise[k].toPrecision(digitsOf(s.law)))}`);
  let text = `reparam grad ${dist}${named} --noise ${s.noiseValue} --upstream ${s.upstream}`;
  if (s.kl) {
    const [mu, sigma] = klGradient(s.theta).map((x) => Number(x.toPrecision(6)));
    text += `\nreparam kl --from gaussian ${named} --to gaussian`;
    lines.push(`dkl_dp_loc = ${mu}`, `dkl_dp_scale = ${sigma}`);
  }
  return { text, prints: lines.join("\n") };
}

/** Estimates of all parameters at the present θ, with rows for the plot of parameter `k`. */
function estimatesOf(s) {
  const law = LAWS[s.law], loss = lossesOf(law)[s.loss];
  const pool = poolOf(s.seed, MOST).slice(0, s.count);
  const counts = [...new Set(steps(0, s.count, 60).map(Math.round))].filter((n) => n > 1);
  const { pathwise, score } = terms(law, s.theta, loss, pool);
  const exact = exactGradient(law, s.theta, loss);
  return law.parameters.map(({ symbol }, k) => ({
    pathwise: runningMeans(pathwise[k], counts), score: runningMeans(score[k], counts),
    exact: exact[k], symbol, count: s.count,
  }));
}

// What is shown -----------------------------------------------------------------------------------

const put = (id, html) => {
  const element = byId(id);
  if (element.shownAs !== html) element.innerHTML = element.shownAs = html;
};

function show() {
  const view = viewOf(state);
  put("graph", drawPicture(graphView(view)));
  put("result", results(view));
  put("why", why(view));
  showLines(view);
  put("draws", pathsPicture(view));
  put("law-plot", lawPicture(view));
  put("paths-text", pathsText(view));
  const { text, prints } = commandOf(state);
  byId("command").textContent = text;
  byId("command-text").textContent = view.law.discrete
    ? "The command line compares the estimators that a coin has:" : "The command line prints the reparameterized numbers:";
  byId("prints").textContent = prints;
  byId("noise").disabled = state.mode !== "pathwise";
  byId("resample").textContent = state.mode === "pathwise" ? "Resample: new noise" : "Draw again";
  byId("kl-row").hidden = state.law !== "gaussian";
  labelSliders();
  showEstimates();
}

/** The layer of paths: made anew only when something other than the dragged parameter changes. */
function showLines(view) {
  const others = view.theta.filter((_, j) => j !== view.k);
  const key = [view.lawName, view.k, view.mode, ...others, view.mode === "pathwise" ? view.seed : 0].join("/");
  if (key === byId("lines").dataset.key) return;
  byId("lines").dataset.key = key;
  put("lines", linesPicture(view));
}

/** ∂L/∂θ, in large. */
function results(view) {
  const linear = { value: (y) => view.upstream * y, derivative: () => view.upstream };
  const means = exactGradient(view.law, view.theta, linear);
  const total = view.kl ? "(L + KL)" : "L";
  return view.symbols.map((symbol, k) => {
    const value = view.gradient[k], kl = view.klGradient[k];
    const known = view.stage >= 3, blind = view.law.discrete && view.mode === "pathwise";
    const sum = value === null || !view.kl ? value : value + kl;
    const parts = !known ? "" : value === null
      ? (view.kl ? `KL’s own ${shown(kl)} is all that arrives` : "not 0: there is no number")
      : view.mode === "score" && view.moved ? "y was drawn at another θ: draw again"
      : view.kl ? `${shown(value)} from the draw, ${shown(kl)} from KL` : meanText(view, means[k]);
    return `<div class="tile ${known && (value === null || blind) ? "bad" : ""}"><span>∂${total}/∂${symbol}</span>
      <strong>${known ? shown(sum, digitsOf(view.lawName)) : "?"}</strong><small>${parts}</small></div>`;
  }).join("");
}

/** What one draw's number is an estimate of. */
function meanText(view, exact) {
  const mean = shown(exact, 4);
  if (view.law.discrete && view.mode === "pathwise") return `wrong: ∂E[L]/∂p is ${mean}`;
  return `from this one draw; the mean over draws is ${mean}`;
}

function why(view) {
  const [a, b] = view.symbols;
  const names = b ? `${a} and ${b}` : a;
  const stop = view.kl ? `<p class="warn"><b>A trap:</b> the term KL reaches ${names} without any draw, so a framework
    returns its gradient, and no error. The loss of the draw is simply missing from it.</p>` : "";
  const coin = view.law.discrete ? `<p class="warn"><b>A coin has no useful path:</b> nudge p, and y stays 0 or stays 1, so
    ∂y/∂p = 0. Yet some dots flip as you drag p, and the mean of y moves with them. All the change is in
    the flips, which no derivative sees. The score function works here.</p>` : "";
  return {
    direct: view.stage < 2 ? `<p>The die is <b>inside</b> the node: a sampler takes ${names}, and returns a number.
        Can the derivative get from L back to ${names}?</p>`
      : `<p><b>Why it breaks.</b> A derivative compares y at ${a} with y at ${a} plus a little, <em>all else
        equal</em>. But draw twice at the same ${a} and y differs: y is not a function of ${names}, and there is
        nothing to differentiate. <b>None is not 0</b>: ${names} do${b ? "" : "es"} matter, through which values are drawn.
        The graph just has no edge that shows how.</p>${stop}`,
    pathwise: coin || `<p><b>The die has moved outside.</b> The noise ${view.law.noise} is drawn first, whatever ${names}
        ${b ? "are" : "is"}. Given ${view.law.noise}, y is an ordinary function of ${names}: nudge ${a} and y follows, with slope
        ∂y/∂${a} = ${shown(view.path[0], 4)}. y has the <b>same distribution</b> as before; only the order of work
        changed. The noise stays fixed within one forward and backward pass, and is drawn anew for the next.</p>`,
    score: `<p><b>y is not differentiated at all.</b> It is kept as a constant. What moves with ${names} is how probable
        this y is, and L weighs it: L × ∂ log p(y; θ)/∂θ. This needs only the value of L, so it also works for
        coins and jumps. Its price is noise: it doesn't use how L changes with y.</p>`,
  }[view.mode];
}

function pathsText(view) {
  const symbol = view.symbols[view.k];
  const other = view.symbols.length > 1 ? ` Move ${view.symbols[1 - view.k]} to see lines over it.` : "";
  return {
    direct: `Each dot is a draw. <b>Drag ${symbol}</b>: every change draws again, and no dot can be followed.`,
    pathwise: view.law.discrete
      ? `Each line is one draw as p changes, its noise fixed: <b>flat, a jump, flat</b>. (Dots are spread a little to be seen.)`
      : `Each line is one draw as ${symbol} changes, its noise fixed. <b>Drag ${symbol}</b>: dots slide along their lines, and
        a line’s slope is ∂y/∂${symbol}.${other}`,
    score: `The dots stay where they were drawn. <b>Drag ${symbol}</b>: their <b>weights</b> p(y; θ)/p(y; θ₀) change, shown as size.
        Dashed: the distribution they came from.`,
  }[view.mode];
}

function showEstimates() {
  const all = estimatesOf(state);
  const last = (rows) => rows[rows.length - 1];
  const cell = ({ mean, error }) => `${shown(mean, 4)} <span class="error">± ${shown(error, 2)}</span>`;
  const row = (kind, name, cells) => `<tr class="${kind}"><th scope="row">${name}</th>${cells.map((c) => `<td>${c}</td>`).join("")}</tr>`;
  const { label: written } = lossesOf(LAWS[state.law])[state.loss];
  const at = LAWS[state.law].parameters.map((p, k) => `${p.symbol} = ${shown(state.theta[k])}`).join(", ");
  put("estimates", `<caption>∂E[J]/∂θ for J = ${written} at ${at}, from ${state.count} draws (± one standard error)</caption>
    <thead><tr><td></td>${all.map((e) => `<th scope="col">∂E[J]/∂${e.symbol}</th>`).join("")}</tr></thead><tbody>`
    + row("direct", "direct", all.map(() => "none"))
    + row("pathwise", "pathwise", all.map((e) => cell(last(e.pathwise))))
    + row("score", "score function", all.map((e) => cell(last(e.score))))
    + row("exact", "exact", all.map((e) => shown(e.exact, digitsOf(state.law)))) + "</tbody>");
  put("means", meansPicture(all[state.k]));
  const { pathwise, score } = all[state.k];
  const ratio = (last(score).error / last(pathwise).error) ** 2;
  const blind = LAWS[state.law].discrete || state.loss === "step";
  put("verdict", blind
    ? `<b>0 ± 0 is wrong here.</b> Every derivative that pathwise averages is 0, because ${state.loss === "step" && !LAWS[state.law].discrete
      ? "the step is flat on both sides" : "a coin’s draw is flat in p"}; all the change sits in jumps. A standard error can’t warn of it.
      The score function gets it right.`
    : `Both estimate the same number. For ${all[state.k].symbol}, the score function’s variance is <b>${shown(ratio, 2)} times</b>
      the pathwise one’s: ${ratio > 1 ? "it needs as many times more draws." : "here it is the better one."}`);
}

// Controls ----------------------------------------------------------------------------------------

/** A slider with its name and value. */
const slider = (id, name, low, high, step, value) => `<div class="slider"><label for="${id}">${name}</label>
  <input type="range" id="${id}" min="${low}" max="${high}" step="${step}" value="${value}"><output for="${id}"></output></div>`;

function buildSliders() {
  const law = LAWS[state.law];
  const noise = law.noise === "z" ? ["noise z", -3, 3, 0.05] : ["noise u", 0.01, 0.99, 0.01];
  byId("sliders").innerHTML = law.parameters.map((p, k) =>
    slider(`theta-${k}`, p.symbol, p.low, p.high, p.step, state.theta[k])).join("")
    + slider("noise", ...noise, state.noiseValue) + slider("upstream", "∂L/∂y", -3, 3, 0.1, state.upstream);
  law.parameters.forEach((_, k) => byId(`theta-${k}`).addEventListener("input", (event) =>
    moveTheta(k, event.target.valueAsNumber)));
  byId("noise").addEventListener("input", (event) => setNoise(event.target.valueAsNumber));
  byId("upstream").addEventListener("input", (event) => change({ upstream: event.target.valueAsNumber }));
}

function labelSliders() {
  const values = { ...Object.fromEntries(state.theta.map((t, k) => [`theta-${k}`, t])), noise: state.noiseValue, upstream: state.upstream };
  for (const [id, value] of Object.entries(values)) {
    const input = byId(id);
    input.value = value;
    input.nextElementSibling.textContent = id === "noise" && state.mode !== "pathwise" ? "inside" : shown(value);
  }
}

let waiting = false;
/** Change the state, and show it with the next frame. */
function change(update) {
  Object.assign(state, update);
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    show();
  });
}

function moveTheta(k, value) {
  const { low, high, step } = LAWS[state.law].parameters[k];
  const snapped = Number((Math.round(clip(value, low, high) / step) * step).toFixed(6));
  if (snapped === state.theta[k] && state.k === k) return;
  const theta = state.theta.map((old, j) => (j === k ? snapped : old));
  change({ theta, k, redraw: state.redraw + (state.mode === "direct" ? 1 : 0) });
}

function setNoise(value) {
  const noiseValue = Number(value.toFixed(2));
  change({ noiseValue, noise: LAWS[state.law].noise === "z" ? noiseOfZ(noiseValue) : noiseOfU(noiseValue) });
}

function setLaw(name) {
  const theta = LAWS[name].parameters.map((p) => p.start);
  const u = LAWS[state.law].noise === "z" ? state.noise.u : state.noiseValue;
  Object.assign(state, { law: name, theta, start: theta, k: 0, kl: state.kl && name === "gaussian" });
  const value = LAWS[name].noise === "z" ? Math.round(noiseOfU(u).z * 20) / 20 : Math.round(u * 100) / 100;
  setNoise(value);
  buildSliders();
  buildLosses();
  byId("kl").checked = state.kl;
}

function buildLosses() {
  byId("losses").innerHTML = "<legend>Loss J(y)</legend>" + Object.entries(lossesOf(LAWS[state.law])).map(([name, { label: written }]) =>
    `<label><input type="radio" name="loss" value="${name}" ${name === state.loss ? "checked" : ""}><span>${written}</span></label>`).join("");
}

/** Fresh draws: new noise, at the present θ. */
function resample() {
  const noise = poolOf(state.seed + 1, MOST)[0];
  const law = LAWS[state.law];
  change({ seed: state.seed + 1, redraw: state.redraw + 1, start: state.theta });
  setNoise(law.noise === "z" ? Math.round(clip(noise.z, -3, 3) * 20) / 20 : clip(Math.round(noise.u * 100) / 100, 0.01, 0.99));
}

let timer = 0;
/** Run the backward pass: its stages one after the other, or at once where motion is unwanted. */
function play() {
  clearTimeout(timer);
  const advance = () => {
    change({ stage: still() ? 4 : state.stage + 1 });
    if (state.stage < 4) timer = setTimeout(advance, 800);
  };
  state.stage = 0;
  advance();
}

function addDraws() {
  const target = state.count >= MOST ? DOTS : MOST;
  if (target < state.count || still()) return change({ count: target });
  const grow = () => {
    change({ count: Math.min(state.count + 60, MOST) });
    if (state.count < MOST) requestAnimationFrame(grow);
    else byId("more").textContent = "Back to 200 draws";
  };
  grow();
}

async function copyCommand() {
  const text = byId("command").textContent;
  try {
    await navigator.clipboard.writeText(text);
    byId("copied").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(byId("command"));
    byId("copied").textContent = "Selected: press Ctrl+C.";
  }
}

/** Drag a plot sideways to move its parameter. */
function dragPlot(event) {
  const picture = byId("paths").querySelector("svg").getBoundingClientRect();
  const { low, high } = LAWS[state.law].parameters[state.k];
  moveTheta(state.k, scale(40, 366, low, high)(((event.clientX - picture.left) / picture.width) * WIDTH));
}

function showChain() {
  put("chain", chainPicture(state));
  const h = 0.001, value = (w) => (w * state.x) ** 2;
  byId("nudge").textContent = `Check by a nudge: w + 0.001 gives L = ${shown(value(state.w + h), 7)}, `
    + `up by ${shown(value(state.w + h) - value(state.w), 4)} for 0.001.`;
  byId("w").nextElementSibling.textContent = shown(state.w);
  byId("x").nextElementSibling.textContent = shown(state.x);
}

function start() {
  const options = new URLSearchParams(location.search);
  document.documentElement.classList.toggle("short", options.get("part") === "draw");
  if (options.has("theme")) document.documentElement.dataset.theme = options.get("theme");
  byId("chain-sliders").innerHTML = slider("w", "w", -3, 3, 0.1, state.w) + slider("x", "x", -3, 3, 0.1, state.x);
  for (const id of ["w", "x"]) byId(id).addEventListener("input", (event) => {
    state[id] = event.target.valueAsNumber;
    showChain();
  });
  byId("law").innerHTML = Object.entries(LAWS).map(([name, law]) => `<option value="${name}">${law.label}</option>`).join("");
  byId("law").addEventListener("change", (event) => setLaw(event.target.value));
  byId("modes").addEventListener("change", (event) => {
    state.mode = event.target.value;
    state.start = state.theta;
    play();
  });
  byId("losses").addEventListener("change", (event) => change({ loss: event.target.value }));
  byId("kl").addEventListener("change", (event) => change({ kl: event.target.checked }));
  for (const [id, act] of Object.entries({ resample, play, more: addDraws, copy: copyCommand }))
    byId(id).addEventListener("click", act);
  const plot = byId("paths");
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    dragPlot(event);
  });
  plot.addEventListener("pointermove", (event) => plot.hasPointerCapture(event.pointerId) && dragPlot(event));
  document.querySelectorAll(".question").forEach((question) => question.addEventListener("change", (event) => {
    question.querySelectorAll(".reason").forEach((reason) => { reason.hidden = reason.dataset.for !== event.target.value; });
  }));
  document.querySelectorAll(".reason").forEach((reason) => { reason.hidden = true; });
  addEventListener("message", ({ data }) => {
    if (data?.theme) document.documentElement.dataset.theme = data.theme;
  });
  new ResizeObserver(() => parent.postMessage({ lessonHeight: document.body.getBoundingClientRect().height }, "*")).observe(document.body);
  byId("lesson").hidden = false;
  buildSliders();
  buildLosses();
  showChain();
  show();
}

start();
