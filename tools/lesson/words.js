// The page's words: text that depends on what is shown. Pure functions of a view.

/** The graph's own view: text in its nodes. */
const graphView = (view) => ({
  ...view, noise: view.law.noise, sampling: view.law.sampling[0], formula: view.law.formula,
  theta: view.symbols.map((symbol, k) => `${symbol} = ${shown(view.theta[k])}`),
});

/** The command that prints the pathwise numbers, and what it prints. */
function commandOf(s) {
  const law = LAWS[s.law];
  const short = { loc: "mu", scale: "sigma" };
  const called = (name) => (s.law === "gaussian" ? short[name] : name);
  const named = law.parameters.map(({ name }, k) => `-p ${called(name)}=${s.theta[k]}`).join(" ");
  if (law.discrete)
    return { text: `reparam estimate --dist ${s.law} ${named} --objective y`, prints: "" };
  const dist = s.law === "gaussian" ? "" : `--dist ${law.dist ? law.dist(s.theta) : s.law} `;
  const { pathwise } = oneDraw(law, s.theta, s.noise, s.upstream);
  const rounded = (x) => Number(x.toPrecision(6));
  const lines = law.parameters.map(({ name }, k) => `∂L/∂${name} = ${rounded(pathwise[k])}`);
  let text = `reparam grad ${dist}${law.dist ? "" : `${named} `}--noise ${s.noiseValue} --upstream ${s.upstream}`;
  if (s.kl) {
    const [mu, sigma] = klGradient(s.theta).map(rounded);
    text += `\nreparam kl --from gaussian ${named} --to gaussian`;
    lines.push(`dkl_dp_loc = ${mu}`, `dkl_dp_scale = ${sigma}`);
  }
  return { text, prints: lines.join("\n") };
}

/** A command that breaks only before an option, which keeps its value. */
const unbroken = (text) => text.split("\n").map((line) =>
  line.split(/ (?=--?[a-z])/).map((part) => `<span>${part}</span>`).join(" ")).join("\n");

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
      <strong>${known ? shown(sum) : "?"}</strong><small>${parts}</small></div>`;
  }).join("");
}

/** What one draw's number is an estimate of. */
function meanText(view, exact) {
  const mean = shown(exact, 4);
  if (view.law.discrete && view.mode === "pathwise") return `wrong: ∂E[J]/∂p is ${mean}`;
  return `from this one draw; the mean over draws is ${mean}`;
}

/** What the graph shows, and why. */
function why(view) {
  const [a, b] = view.symbols;
  const names = b ? `${a} and ${b}` : a;
  const z = view.law.noise;
  const trap = `<p class="warn"><b>A trap:</b> KL is a formula of ${names} without any draw, so a framework returns
    its gradient, and no error. The loss of the draw is simply missing from it.</p>`;
  const penalty = `<p>KL measures how far N(μ, σ²) is from N(0, 1), as in a variational autoencoder. It is a formula
    of ${names}; no draw is in its way.</p>`;
  const coin = `<p class="warn"><b>A coin has no useful path:</b> nudge p, and y stays 0 or stays 1, so ∂y/∂p = 0. Yet
    some dots flip as you drag p, and the mean of y moves with them. All the change is in the flips,
    which no derivative sees. The score function works here.</p>`;
  const question = `<p>The die is <b>inside</b> the node: a sampler takes ${names}, and returns a number. Can the
    derivative get from L back to ${names}?</p>`;
  const broken = `<p><b>Why it breaks.</b> A derivative compares y at ${a} with y at ${a} plus a little, <em>all else
    equal</em>. But press <em>Draw again</em>: the same ${names}, and another y. So y is not a function of
    ${names}, and there is nothing to differentiate. <b>None is not 0</b>: ${names}
    ${b ? "do" : "does"} matter, through which values are drawn. The graph just has no edge that shows
    how.</p>`;
  const outside = `<p><b>The die has moved outside.</b> The noise ${z} is drawn first, whatever ${names}
    ${b ? "are" : "is"}. Given ${z}, y is an ordinary function of ${names}: nudge ${a} and y follows, with
    slope ∂y/∂${a} = ${shown(view.path[0], 4)}. y has the <b>same distribution</b> as before; only the
    order of work changed. The noise stays fixed within one forward and backward pass, and is drawn
    anew for the next.</p>`;
  const weighed = `<p><b>y is not differentiated at all.</b> It is kept as a constant. What moves with ${names} is
    how probable this y is, and L weighs it: L × ∂ log p(y; θ)/∂θ. This needs only the value of L, so
    it also works for coins and jumps. Its price is noise: it doesn’t use how L changes with y.</p>`;
  return {
    direct: view.stage < 2 ? question : broken + (view.kl ? trap : ""),
    pathwise: view.law.discrete ? coin : outside + (view.kl ? penalty : ""),
    score: weighed + (view.kl ? penalty : ""),
  }[view.mode];
}

/** What the plot over a parameter shows. */
function pathsText(view) {
  const symbol = view.symbols[view.k];
  const other = view.symbols.length > 1 ? ` Move ${view.symbols[1 - view.k]} to see lines over it.` : "";
  const drag = `<b>Drag ${symbol}</b>`;
  return {
    direct: `Each dot is a draw. ${drag}: every change draws again, and no dot can be followed.`,
    pathwise: view.law.discrete
      ? `Each line is one draw as p changes, its noise fixed: <b>flat, a jump, flat</b>. (Dots are
        spread a little to be seen.) ${drag}, and watch dots flip.`
      : `Each line is one draw as ${symbol} changes, its noise fixed. ${drag}: dots slide along their
        lines, and a line’s slope is ∂y/∂${symbol}.${other}`,
    score: `The dots stay where they were drawn. ${drag}: their <b>weights</b> p(y; θ)/p(y; θ₀) change,
      shown as size.`,
  }[view.mode];
}

/** What the plot over y shows. */
function lawText({ mode, law }) {
  return {
    direct: "The same draws as ticks, below the cdf that they have.",
    pathwise: law.discrete
      ? "The line at u meets a step of the cdf, at 0 or at 1. Steps move up and down with p, never sideways."
      : `${law.noise === "z" ? "Each z is also a height u, the part of all draws below it. " : ""}The line at u
        meets the cdf at y. As θ moves, the curve moves, u stays, and y slides.`,
    score: "Dashed: the distribution that the dots were drawn from, at θ₀. Solid: the present one, at θ.",
  }[mode];
}

/** Estimates beside each other, with the exact gradient. */
function estimatesTable(s, all) {
  const law = LAWS[s.law];
  const written = lossesOf(law)[s.loss].label;
  const at = law.parameters.map((p, k) => `${p.symbol} = ${shown(s.theta[k])}`).join(", ");
  const cell = (rows) => {
    const { mean, error } = rows[rows.length - 1];
    return `${shown(mean, 4)} <span class="error">± ${shown(error, 2)}</span>`;
  };
  const row = (kind, name, cells) => `<tr class="${kind}"><th scope="row">${name}</th>
    ${cells.map((text) => `<td>${text}</td>`).join("")}</tr>`;
  const heads = all.map(({ symbol }) => `<th scope="col">∂E[J]/∂${symbol}</th>`).join("");
  return `<caption>∂E[J]/∂θ for J = ${written} at ${at},
    from ${s.count} draws (± one standard error)</caption>
    <thead><tr><td></td>${heads}</tr></thead><tbody>
    ${row("direct", "direct", all.map(() => "none"))}
    ${row("pathwise", "pathwise", all.map((e) => cell(e.pathwise)))}
    ${row("score", "score function", all.map((e) => cell(e.score)))}
    ${row("exact", "exact", all.map((e) => shown(e.exact)))}</tbody>`;
}

/** What the estimates of one parameter mean. */
function verdict(s, { pathwise, score, symbol }) {
  const coin = LAWS[s.law].discrete;
  if (coin || s.loss === "step") {
    const reason = coin ? "a coin’s draw is flat in p" : "the step is flat on both sides";
    return `<b>0 ± 0 is wrong here.</b> Every derivative that pathwise averages is 0, because
      ${reason}; all the change sits in jumps. A standard error can’t warn of it. The score function
      gets it right.`;
  }
  const ratio = (score[score.length - 1].error / pathwise[pathwise.length - 1].error) ** 2;
  return `Both estimate the same number. For ${symbol}, the score function’s variance is
    <b>${shown(ratio, 2)} times</b> the pathwise one’s:
    ${ratio > 1 ? `it needs ${shown(ratio, 2)} times as many draws for the same error.` : "here it is the better one."}`;
}
