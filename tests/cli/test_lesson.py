"""The interactive lesson: what it is made of, and how it behaves in a real browser."""

import json
import math
import os
import re
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from browser import chromium, needs_chromium

import reparam as rp
from reparam.estimators import estimate

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "reparam" / "lesson" / "index.html"
TEXT = PAGE.read_text("utf-8")

#: Distributions of the page, by formulas and by series.
CLOSED = [("gaussian", (0.6, 0.4)), ("laplace", (-0.3, 1.2)), ("exponential", (0.7,))]
SERIES = [
    ("gamma", (2.0, 1.0)),
    ("gamma", (0.5, 2.5)),
    ("gamma", (6.0, 3.0)),
    ("beta", (2.0, 3.0)),
    ("beta", (5.3, 0.7)),
    ("beta", (6.0, 6.0)),
    ("beta", (0.5, 3.0)),
]
COIN = [("bernoulli", (0.4,))]
MIXED = [("mixture", (0.4, 1.0)), ("mixture", (-2.0, 3.0))]
LOSSES = {"square": "y**2", "cosine": "cos(5*y)"}


def law_of(name, theta):
    """Return the library's distribution, and which of its derivatives are the page's."""
    if name != "mixture":
        return rp.get(name)(*theta), slice(None)
    components = [rp.Gaussian(-1.0, 0.5), rp.Gaussian(theta[1], 0.5)]
    return rp.Mixture(components, logits=[0.0, theta[0]]), ("logits", "components[1].loc")


def numbers_of(derivatives, chosen):
    """Return those of a mapping that the page shows, in its order; of logits, the second."""
    if isinstance(chosen, slice):
        return [*derivatives.values()]
    logits, loc = (derivatives[name] for name in chosen)
    return [logits[..., 1], loc]


@pytest.fixture(scope="module")
def tools():
    """Import the scripts that make the page."""
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import lesson_page

        return lesson_page
    finally:
        sys.path.remove(str(ROOT / "tools"))


class TestFile:
    def test_is_what_its_parts_make(self, tools):
        assert tools.page(TEXT) == TEXT, "run tools/lesson_page.py"

    def test_tables_are_what_the_library_gives(self, tools):
        data = tools.lesson_data
        assert data.agree(tools.tables_of(TEXT), data.tables()), "run tools/lesson_page.py"

    def test_wrong_tables_are_found(self, tools):
        data = tools.lesson_data
        wrong = tools.tables_of(TEXT)
        wrong["beta"][3][2][7] += 20
        assert not data.agree(wrong, data.tables())

    @pytest.mark.parametrize("name", ["lesson.svg", "path-and-step.svg", "rejection-jump.svg"])
    def test_pictures_are_what_their_script_draws(self, tools, name):
        drawn = tools.lesson_pictures.PICTURES[name]()
        assert (ROOT / "docs/images" / name).read_text("utf-8") == drawn, (
            "run tools/lesson_pictures.py"
        )

    def test_is_small_and_complete(self):
        assert len(PAGE.read_bytes()) < 300_000
        used = set(re.findall(r"(?:https?:)?//[\w.]+\.\w+[^\s\"']*", TEXT))
        assert used == {"http://www.w3.org/2000/svg"}  # a name, not an address
        assert not re.search(r"<link[^>]+stylesheet|<script[^>]+src|@import|fetch\(|eval\(", TEXT)


@pytest.fixture(scope="module")
def browser():
    with tempfile.TemporaryDirectory() as profile, chromium(profile) as running:
        yield running


@pytest.fixture
def open_page(browser):
    """Open the page as a screen shows it; in the end, it must have been quiet and offline."""
    pages = []

    def opened(**settings):
        pages.append(browser.page(PAGE.as_uri(), **settings))
        return pages[-1]

    yield opened
    for page in pages:
        assert page.complaints() == []
        local = ("file:", "data:")
        assert [address for address in page.requests() if not address.startswith(local)] == []
        page.close()


def mode(page, name):
    page.click(f"#modes input[value={name}]")


def tiles(page):
    """Return the large numbers, as text."""
    return page.js("[...document.querySelectorAll('.tile strong')].map((tile) => tile.innerText)")


def dots(page, path="#draws .dots"):
    """Return where the dots are in the picture."""
    drawn = page.js(f"document.querySelector('{path}').getAttribute('d')")
    return np.array(re.findall(r"M([-\d.]+) ([-\d.]+)h0", drawn), dtype=float)


@needs_chromium
class TestNumbers:
    """The page's functions are the library's, at noises and values over the whole range."""

    noises = (-2.5, -0.7, 0.1, 1.9)

    def evaluated(self, page, name, theta, code):
        at = f"LAWS.{name}.at({json.dumps(theta)})"
        return np.array(page.js(f"(() => {{ const f = {at}; return {code}; }})()"))

    @pytest.mark.parametrize(("name", "theta"), CLOSED + SERIES + MIXED)
    def test_draws_and_their_derivatives(self, open_page, name, theta):
        page = open_page()
        distribution, chosen = law_of(name, theta)
        zs = list(self.noises)
        uniform = rp.Gaussian().cdf(np.array(zs))
        draw = distribution.transform(np.array(zs) if name == "gaussian" else uniform)
        code = f"{zs}.map(noiseOfZ).map((n) => [f.value(n), ...f.path(n)])"
        got = self.evaluated(page, name, theta, code)
        expected = np.stack([draw.value, *numbers_of(draw.jacobian(), chosen)], axis=1)
        tolerance = 5e-7 if (name, theta) in SERIES else 1e-12
        np.testing.assert_allclose(got, expected, rtol=tolerance)

    @pytest.mark.parametrize(("name", "theta"), CLOSED + SERIES + MIXED + COIN)
    def test_density_cdf_and_score(self, open_page, name, theta):
        page = open_page()
        distribution, chosen = law_of(name, theta)
        ys = [0.0, 1.0] if name == "bernoulli" else [0.2, 0.45, 0.9]
        code = f"{ys}.map((y) => [f.density(y), f.cdf(y), ...f.score(y)])"
        got = self.evaluated(page, name, theta, code)
        y = np.array(ys)
        known = [np.exp(distribution.log_prob(y)), distribution.cdf(y)]
        expected = np.stack([*known, *numbers_of(distribution.score(y), chosen)], axis=1)
        tolerance = 5e-7 if (name, theta) in SERIES else 1e-9
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-9)  # series end at z = ±6

    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize(("name", "theta"), CLOSED + SERIES + COIN)
    def test_exact_gradients(self, open_page, name, theta, loss):
        page = open_page()
        law = f"LAWS.{name}"
        code = f"exactGradient({law}, {json.dumps(theta)}, lossesOf({law}).{loss})"
        rows = estimate(rp.get(name)(*theta), LOSSES[loss], 16, estimators=["score"], rng=1)
        expected = [row.exact for row in rows]
        tolerance = 2e-7
        np.testing.assert_allclose(page.js(code), expected, rtol=tolerance, atol=tolerance)

    @pytest.mark.parametrize(("name", "theta"), CLOSED + SERIES + COIN)
    def test_gradients_of_a_step(self, open_page, name, theta):
        page = open_page()
        law = f"LAWS.{name}"
        code = f"exactGradient({law}, {json.dumps(theta)}, lossesOf({law}).step)"
        threshold = 0.5 if name in {"beta", "bernoulli"} else 1.0
        step = 1e-5
        expected = []
        for k in range(len(theta)):
            ends = [list(theta), list(theta)]
            ends[0][k] -= step
            ends[1][k] += step
            low, high = (rp.get(name)(*end).sf(threshold) for end in ends)
            expected.append((high - low) / (2 * step))
        np.testing.assert_allclose(page.js(code), expected, rtol=1e-4)

    @pytest.mark.parametrize(("name", "theta"), [*CLOSED, SERIES[0], MIXED[0], *COIN])
    def test_estimators_agree_with_the_exact_gradient(self, open_page, name, theta):
        """Within 5 standard errors: 1 false alarm in 2 million, if the seed were not fixed."""
        page = open_page()
        settings = {"law": name, "theta": theta, "count": 5000, "loss": "cosine"}
        code = f"estimatesOf({{...state, ...{json.dumps(settings)}}})"
        for found in page.js(code):
            for kind in ["score"] if name == "bernoulli" else ["pathwise", "score"]:
                last = found[kind][-1]
                assert last["count"] == 5000
                assert abs(last["mean"] - found["exact"]) < 5 * last["error"]

    def test_starts_with_the_numbers_of_the_idea(self, open_page):
        page = open_page()
        one = page.js("oneDraw(LAWS.gaussian, state.theta, state.noise, state.upstream)")
        draw = rp.Gaussian(loc=0.6, scale=0.4).transform(-0.7)
        assert one["y"] == pytest.approx(float(draw.value), rel=1e-12)
        gradient = [float(entry) for entry in draw.vjp(1.5).values()]
        assert one["pathwise"] == pytest.approx(gradient, rel=1e-12)
        kl = rp.kl(rp.Gaussian(loc=0.6, scale=0.4), rp.Gaussian()).gradient_p
        expected = [float(entry) for entry in kl.values()]
        assert page.js("klGradient(state.theta)") == pytest.approx(expected, rel=1e-12)


@needs_chromium
class TestSwitch:
    def test_direct_edge_breaks(self, open_page):
        page = open_page()
        assert tiles(page) == ["?", "?"]
        edges = "document.querySelectorAll('#graph .edge').length"
        assert page.js(edges) == 3
        page.click("#play")
        assert tiles(page) == ["none", "none"]
        assert page.js(edges) == 2
        assert page.js("!!document.querySelector('#graph .broken')")
        colour = "getComputedStyle(document.querySelector('#graph .broken path')).stroke"
        assert page.js(colour) == "rgb(179, 20, 29)"
        assert "None is not 0" in page.text("#why")

    def test_reparameterized_edge_holds(self, open_page):
        page = open_page()
        mode(page, "pathwise")
        assert tiles(page) == ["1.5", "−1.05"]
        assert not page.js("!!document.querySelector('#graph .broken')")
        assert "z = −0.7" in page.js("document.querySelector('#graph').textContent")

    def test_score_function_weighs_the_loss(self, open_page):
        page = open_page()
        mode(page, "score")
        draw = rp.Gaussian(loc=0.6, scale=0.4).transform(-0.7)
        score = rp.Gaussian(loc=0.6, scale=0.4).score(draw.value)
        expected = [f"{1.5 * float(draw.value * s):.6g}".replace("-", "−") for s in score.values()]
        assert tiles(page) == expected

    def test_kl_is_added_and_its_trap_explained(self, open_page):
        page = open_page()
        page.click("#kl")
        page.click("#play")
        assert tiles(page) == ["none", "none"]
        assert "KL’s own 0.6" in page.text("#result")
        assert "KL’s own −2.1" in page.text("#result")
        assert "A trap" in page.text("#why")
        mode(page, "pathwise")
        assert tiles(page) == ["2.1", "−3.15"]

    def test_backward_pass_is_animated(self, open_page):
        page = open_page(still=False)
        page.click("#play")
        assert page.js("state.stage") == 1
        page.js("new Promise((done) => setTimeout(done, 2800))")
        page.settle()
        assert tiles(page) == ["none", "none"]

    def test_motion_is_not_forced_on_anybody(self, open_page):
        page = open_page(still=True)
        page.click("#play")
        assert page.js("state.stage") == 4
        page.click("#more")
        assert page.js("state.count") == 5000
        assert page.js("document.getAnimations().length") == 0


@needs_chromium
class TestDraws:
    def test_dots_slide_along_their_paths(self, open_page):
        page = open_page()
        mode(page, "pathwise")
        before = dots(page)
        assert len(before) == 200
        page.choose("#theta-0", "1.6")
        after = dots(page)
        moved = after - before
        assert moved[:, 0] == pytest.approx(moved[0, 0])  # with the line at μ
        assert moved[:, 1] == pytest.approx(np.full(200, -186 / 8), abs=0.11)  # up by 1 of 8

    def test_resampling_makes_them_jump(self, open_page):
        page = open_page()
        mode(page, "pathwise")
        before, noise = dots(page), page.js("state.noiseValue")
        page.click("#resample")
        assert np.abs(dots(page) - before)[:, 1].max() > 5
        assert page.js("state.noiseValue") != noise

    def test_direct_draws_jump_with_every_change(self, open_page):
        page = open_page()
        before = dots(page)
        page.choose("#theta-0", "0.65")
        assert np.std((dots(page) - before)[:, 1]) > 5

    def test_score_function_moves_weights(self, open_page):
        page = open_page()
        mode(page, "score")
        weights = "viewOf(state).weights"
        assert page.js(weights) == pytest.approx([1.0] * 200)
        values = page.js("viewOf(state).values")
        page.choose("#theta-0", "0.9")
        assert page.js("viewOf(state).values") == values
        now, then = rp.Gaussian(loc=0.9, scale=0.4), rp.Gaussian(loc=0.6, scale=0.4)
        expected = np.exp(now.log_prob(np.array(values)) - then.log_prob(np.array(values)))
        assert page.js(weights) == pytest.approx(list(expected), rel=1e-9)
        assert "another θ" in page.text("#result")

    @pytest.mark.parametrize("name", [name for name, _ in CLOSED + SERIES[::2] + COIN])
    def test_each_distribution_shows(self, open_page, name):
        page = open_page()
        page.choose("#law", name)
        for chosen in ("pathwise", "score", "direct"):
            mode(page, chosen)
            for loss in ("square", "cosine", "step"):
                page.click(f"#losses input[value={loss}]")
            assert "NaN" not in page.js("document.getElementById('lesson').innerHTML")

    def test_a_coin_flips_with_slope_0(self, open_page):
        page = open_page()
        page.choose("#law", "bernoulli")
        mode(page, "pathwise")
        assert tiles(page) == ["0"]
        assert "wrong" in page.text("#result")
        ones = page.js("viewOf(state).values.reduce((a, b) => a + b)")
        page.choose("#theta-0", "0.8")
        assert page.js("viewOf(state).values.reduce((a, b) => a + b)") > ones + 40
        assert tiles(page) == ["0"]

    def test_numbers_fit_and_labels_keep_apart(self, open_page):
        page = open_page()
        mode(page, "pathwise")
        page.js("""
            var box = (element) => element.getBoundingClientRect();
            var cross = (a, b) => a !== b && box(a).left < box(b).right
                && box(b).left < box(a).right && box(a).top + 3 < box(b).bottom
                && box(b).top + 3 < box(a).bottom;
            var wrong = (end, noise) => {
                state.theta = LAWS[state.law].parameters.map((one) => one[end]);
                setNoise(noise);
                show();
                const wide = [...document.querySelectorAll("#graph .node")].filter((node) =>
                    [...node.querySelectorAll("text")].some((text) =>
                        box(text).width > box(node.querySelector("rect")).width));
                const texts = [...document.querySelectorAll("#law-plot text")];
                const hidden = texts.filter((one) => one.matches(".grad, .level-name")
                    && texts.some((other) => cross(one, other)));
                return [...wide, ...hidden].map((element) => element.textContent);
            }
        """)
        ends = """["low", "high"].flatMap((end) =>
            [0.01, 0.24, 0.8, 0.99].flatMap((noise) => wrong(end, noise)))"""
        for law in ("gaussian", "exponential", "beta", "mixture", "bernoulli"):
            page.choose("#law", law)
            assert page.js(ends) == [], law

    @pytest.mark.parametrize(("name", "k"), [("gaussian", 0), ("gaussian", 1), ("gamma", 0)])
    def test_dragging_the_plot(self, open_page, name, k):
        page = open_page()
        page.choose("#law", name)
        mode(page, "pathwise")
        page.js(f"change({{k: {k}}})")
        page.settle()
        page.drag("#paths", 0.3, 0.8)
        low, high = page.js(f"[LAWS.{name}.parameters[{k}].low, LAWS.{name}.parameters[{k}].high]")
        part = (0.8 * 380 - 40) / 326
        assert page.js(f"state.theta[{k}]") == pytest.approx(low + part * (high - low), abs=0.051)

    def test_dragging_by_touch(self, open_page):
        page = open_page(width=360, height=740)
        mode(page, "pathwise")
        page.swipe("#paths", 0.5, 0.8)
        assert page.js("state.theta[0]") > 1.0


@needs_chromium
class TestEstimates:
    def test_table(self, open_page):
        page = open_page()
        rows = page.js(
            "[...document.querySelectorAll('#estimates tbody tr')].map((row) => row.innerText)"
        )
        kinds = [row.split("\t")[0] for row in rows]
        assert kinds == ["direct", "pathwise", "score function", "exact"]
        assert rows[0].split("\t")[1:] == ["none", "none"]
        assert rows[3].split("\t")[1:] == ["1.2", "0.8"]

    def test_draws_are_added_and_taken_back(self, open_page):
        page = open_page(still=False)
        page.click("#more")
        assert 200 < page.js("state.count") < 5000
        page.js("""new Promise((done) => {
            const look = () => state.count === 5000 ? done() : setTimeout(look, 20);
            look();
        })""")
        page.settle()
        assert "from 5000 draws" in page.text("#estimates")
        page.click("#more")
        assert "from 200 draws" in page.text("#estimates")

    def test_a_step_misleads_pathwise(self, open_page):
        page = open_page()
        page.click("#losses input[value=step]")
        assert "0 ± 0 is wrong here" in page.text("#verdict")
        exact = rp.Gaussian(loc=0.6, scale=0.4)
        density = math.exp(float(exact.log_prob(1.0)))
        assert f"{density:.6g}" in page.text("#estimates")


@needs_chromium
class TestCommand:
    @pytest.mark.parametrize(
        ("name", "kl"),
        [
            ("gaussian", True),
            ("laplace", False),
            ("gamma", False),
            ("beta", False),
            ("mixture", False),
        ],
    )
    def test_prints_the_same_numbers(self, open_page, cli, name, kl):
        page = open_page()
        page.choose("#law", name)
        mode(page, "pathwise")
        if kl:
            page.click("#kl")
        commands = page.js("document.getElementById('command').innerText").splitlines()
        told = dict(line.split(" = ") for line in page.js("commandOf(state).prints").splitlines())
        printed = {}
        for command in commands:
            assert command.startswith("reparam ")
            result = cli(*shlex.split(command)[1:])
            header, *rows = result.stdout.splitlines()
            printed |= dict(zip(header.split(","), rows[0].split(","), strict=True))
        for label, number in told.items():
            column = label.replace("∂L/∂", "dL_d")
            assert float(number) == pytest.approx(float(printed[column]), rel=5.1e-6)

    def test_of_a_coin_works(self, open_page, cli):
        page = open_page()
        page.choose("#law", "bernoulli")
        command = page.js("document.getElementById('command').innerText")
        assert "score" in cli(*command.split()[1:]).stdout

    def test_is_shown_where_it_prints_the_same(self, open_page):
        page = open_page()
        shown = "document.getElementById('command-box').checkVisibility()"
        seen = []
        for name in ("direct", "score", "pathwise"):
            mode(page, name)
            seen.append(page.js(shown))
        assert seen == [False, False, True]

    def test_is_copied_or_selected(self, open_page):
        page = open_page()
        mode(page, "pathwise")
        page.click("#copy")
        page.js("new Promise((done) => setTimeout(done, 100))")
        assert page.text("#copied").startswith(("Copied", "Selected"))


@needs_chromium
class TestAccess:
    def test_keyboard_alone(self, open_page):
        page = open_page()
        focused = "document.activeElement.id || document.activeElement.value"
        seen = []
        while not seen or (seen[-1] != "more" and len(seen) < 40):
            page.press("Tab")
            seen.append(page.js(focused))
            if seen[-1] == "direct":
                page.press("ArrowRight")
                assert tiles(page) == ["1.5", "−1.05"]
            if seen[-1] == "theta-1":
                page.press("ArrowRight", times=4)
            if seen[-1] == "law":
                page.press("ArrowDown")
            if seen[-1] == "resample":
                page.press("Space")
            if seen[-1] == "square":
                page.press("ArrowRight")
        expected = ["w", "x", "play", "copy", "law", "resample", "theta-0", "theta-1", "noise"]
        assert [name for name in seen if name in expected] == expected
        state = page.js("state")
        assert (state["mode"], state["law"], state["loss"]) == ("pathwise", "laplace", "cosine")
        assert state["theta"] == [0.6, 0.6]
        assert state["seed"] == 5
        page.press("Enter")
        assert page.js("state.count") == 5000

    def test_questions_are_answered_with_reasons(self, open_page):
        page = open_page()
        reasons = "[...document.querySelectorAll('.reason')].filter((r) => r.checkVisibility())"
        assert page.js(f"{reasons}.length") == 0
        for name, right in (("q1", "b"), ("q2", "b"), ("q3", "b")):
            wrong, best = (f"input[name={name}][value={value}]" for value in ("a", right))
            page.click(wrong)
            page.click(best)
        assert page.js(f"{reasons}.length") == 3
        assert page.js(f"{reasons}.every((r) => r.classList.contains('right'))")

    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("width", [360, 768, 1280])
    def test_fits_the_screen(self, open_page, width, dark):
        page = open_page(width=width, dark=dark)
        mode(page, "pathwise")
        assert page.js("document.documentElement.scrollWidth") == width
        background = page.js("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(21, 24, 28)" if dark else "rgb(255, 255, 255)")
        targets = """[...document.querySelectorAll("button, select, .switch input, .slider input")]
            .filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect().height)"""
        assert min(page.js(targets)) >= 44

    def test_static_picture_without_scripts(self, open_page):
        page = open_page(scripts=False)
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        names = " ".join(node.get("name", {}).get("value", "") for node in tree)
        assert "noise z comes from outside" in names
        assert "needs JavaScript" in names
        assert "Run the backward pass" not in names

    def test_main_part_alone(self, browser):
        page = browser.page(f"{PAGE.as_uri()}?part=draw&theme=dark")
        assert not page.js("document.getElementById('chain').checkVisibility()")
        assert page.js("document.getElementById('graph').checkVisibility()")
        assert page.js("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
        page.close()

    def test_takes_the_place_of_its_picture_in_the_docs(self, browser, tmp_path):
        shutil.copytree(ROOT / "docs/_static", tmp_path / "_static")
        shutil.copytree(PAGE.parent, tmp_path / "lesson")
        shutil.copytree(ROOT / "docs/images", tmp_path / "_images")
        picture = '<img src="_images/lesson.svg">'
        script = '<script src="_static/lesson.js"></script>'
        for body, search in ((picture, ""), (f'<a href="idea.html">{picture}</a>', "?part=draw")):
            (tmp_path / "docs.html").write_text(f'{script}<body data-theme="dark">{body}', "utf-8")
            page = browser.page((tmp_path / "docs.html").as_uri())
            frame = "document.querySelector('iframe')"
            assert page.js(f"{frame}.src") == (tmp_path / "lesson/index.html").as_uri() + search
            assert not page.js("!!document.querySelector('img')")
            page.js(f"""new Promise((done) => {{
                const told = () => {frame}.style.height.endsWith("px");
                const look = () => told() ? done() : setTimeout(look, 20);
                look();
            }})""")
            assert page.complaints() == []
            page.close()

    @pytest.mark.skipif("REPARAM_AXE" not in os.environ, reason="REPARAM_AXE names no axe.min.js")
    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("chosen", ["direct", "pathwise", "score"])
    def test_axe_finds_nothing_serious(self, browser, chosen, dark):
        page = browser.page(PAGE.as_uri(), dark=dark)
        page.click("#kl")
        mode(page, chosen)
        page.click("#losses input[value=step]")
        page.click("input[name=q1][value=a]")
        page.js(Path(os.environ["REPARAM_AXE"]).read_text("utf-8") + "\n;0")
        found = page.js("axe.run().then((result) => JSON.stringify(result.violations))")
        serious = [
            (rule["id"], [node["html"] for node in rule["nodes"]])
            for rule in json.loads(found)
            if rule["impact"] in {"serious", "critical"}
        ]
        assert serious == []
        page.close()
