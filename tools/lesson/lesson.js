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
  put("law-text", lawText(view));
  // the command prints path derivatives, or the estimates for a coin
  byId("command-box").hidden = state.mode !== "pathwise" && !view.law.discrete;
  const { text, prints } = commandOf(state);
  put("command", unbroken(text));
  byId("command-text").textContent = view.law.discrete
    ? "The command line compares the estimators that a coin has:"
    : "The command line prints the same numbers:";
  byId("prints").textContent = prints;
  byId("noise").disabled = state.mode !== "pathwise";
  byId("resample").textContent = state.mode === "pathwise" ? "Resample" : "Draw again";
  byId("more").textContent = state.count >= MOST ? `Back to ${DOTS} draws` : `Add draws, up to ${MOST}`;
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

/** The table, the plot and the verdict of the estimates. */
function showEstimates() {
  const all = estimatesOf(state);
  put("estimates", estimatesTable(state, all));
  put("means", meansPicture(all[state.k]));
  put("verdict", verdict(state, all[state.k]));
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
  const thetas = state.theta.map((value, k) => [`theta-${k}`, value]);
  const others = [["noise", state.noiseValue], ["upstream", state.upstream]];
  for (const [id, value] of [...thetas, ...others]) {
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
  const choices = Object.entries(lossesOf(LAWS[state.law])).map(([name, loss]) => `<label>
    <input type="radio" name="loss" value="${name}" ${name === state.loss ? "checked" : ""}>
    <span>${loss.label}</span></label>`);
  byId("losses").innerHTML = `<legend>Loss J(y)</legend>${choices.join("")}`;
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

let growing = false;
/** Add draws, frame by frame, or all at once where motion is unwanted; or go back to the first. */
function addDraws() {
  if (growing) return;
  if (state.count >= MOST || still()) {
    change({ count: state.count >= MOST ? DOTS : MOST });
    return;
  }
  const grow = () => {
    change({ count: Math.min(state.count + 60, MOST) });
    growing = state.count < MOST;
    if (growing) requestAnimationFrame(grow);
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
  new ResizeObserver(() => { // a page that shows this one in a frame learns how high it is
    parent.postMessage({ lessonHeight: document.body.getBoundingClientRect().height }, "*");
  }).observe(document.body);
  byId("lesson").hidden = false;
  buildSliders();
  buildLosses();
  showChain();
  show();
}

start();
