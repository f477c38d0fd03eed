"""Distributions from other packages: a real one, installed, and broken ones."""

import json
import sys
from importlib.metadata import entry_points

import pytest

import reparam as rp
from reparam import registry, testing
from reparam.errors import PluginWarning, UnknownDistributionError


@pytest.fixture
def fresh():
    """A registry that has not looked at any plugin yet, nor will have."""
    registry._plugin.cache_clear()
    registry._entry_points.cache_clear()
    yield
    registry._plugin.cache_clear()
    registry._entry_points.cache_clear()


@pytest.fixture
def gumbel_min(site, monkeypatch, fresh):
    monkeypatch.syspath_prepend(site)
    return rp.get("gumbel-min")


@pytest.fixture
def provide(tmp_path, monkeypatch, fresh):
    """Make packages, each of one module, that claim to provide a distribution."""
    monkeypatch.setattr(sys, "modules", dict(sys.modules))

    def package(project, name, code):
        module = project.replace("-", "_")
        metadata = tmp_path / f"{module}-2.1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Name: {project}\nVersion: 2.1\n")
        (metadata / "entry_points.txt").write_text(
            f"[{registry.GROUP}]\n{name} = {module}:Provided\n"
        )
        (tmp_path / f"{module}.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)

    return package


def test_installed_plugin_is_listed(site, python):
    rows = python("-m", "reparam", "list", "--format", "jsonl", PYTHONPATH=site).stdout
    listed = {row["name"]: row for row in map(json.loads, rows.splitlines())}
    assert set(listed) >= {"gumbel-min", *registry.BUILT_IN}
    assert listed["gumbel-min"]["parameters"] == [
        {"name": "loc", "domain": "(-inf, inf)"},
        {"name": "scale", "domain": "(0, inf)"},
    ]


def test_installed_plugin_is_shown(site, python):
    card = json.loads(
        python("-m", "reparam", "show", "log-weibull", "--format", "json", PYTHONPATH=site).stdout
    )
    assert card["name"] == "gumbel-min"
    assert card["transform"] == "y = μ + β z,  z = log(−log(1 − u))"


def test_installed_plugin_is_sampled(site, python, gumbel_min):
    options = ["--dist", "gumbel-min", "-p", "beta=2", "-n", "4", "--seed", "7", "--format", "csv"]
    lines = python("-m", "reparam", "sample", *options, PYTHONPATH=site).stdout.splitlines()
    assert list(map(float, lines[1:])) == gumbel_min(scale=2.0).sample(4, rng=7).tolist()


def test_installed_plugin_is_differentiated(site, python):
    options = ["--dist", "gumbel-min", "--noise", "0.5", "--upstream", "3", "--format", "jsonl"]
    first = python("-m", "reparam", "grad", *options, PYTHONPATH=site).stdout.splitlines()[0]
    row = json.loads(first)
    assert row["y"] == row["dy_dscale"] == pytest.approx(-0.36651292058166435, rel=1e-15)
    assert row["dL_dloc"] == 3.0


@pytest.mark.parametrize("prop", testing.PROPERTIES, ids=lambda prop: prop.__name__)
def test_installed_plugin_conforms(gumbel_min, prop):
    prop(gumbel_min)


def test_plugins_can_be_turned_off(site, python):
    environment = {"PYTHONPATH": site, "REPARAM_NO_PLUGINS": "1"}
    assert "gumbel-min" not in python("-m", "reparam", "list", **environment).stdout
    refused = python("-m", "reparam", "show", "gumbel-min", check=False, **environment)
    assert refused.returncode == 2
    assert "no distribution is called 'gumbel-min'" in refused.stderr


SOUND = "from reparam import Laplace\nclass Provided(Laplace):\n    name = {!r}\n"


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("import no_such_module", "ModuleNotFoundError: .*no_such_module"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("", "AttributeError: .*'Provided'"),
        ("Provided = 3", "theirs:Provided is not a subclass of reparam.Distribution"),
        ("class Provided: pass", "theirs:Provided is not a subclass of reparam.Distribution"),
        (SOUND.format("yours"), "theirs:Provided calls itself 'yours'"),
        ("import sys\nsys.exit()", "SystemExit:$"),
        ("import sys\nsys.stdout.buffer.write(b'1')\nsys.exit('no')", "SystemExit: no"),
        (
            SOUND.format("mine") + "    aliases = None\n",
            "theirs:Provided has aliases=None, which is",
        ),
        (
            SOUND.format("mine") + "    aliases = (1,)\n",
            r"theirs:Provided has aliases=\(1,\), which",
        ),
        (
            SOUND.format("mine") + "    aliases = ('My',)\n",
            "the name 'My' is not made of lower-case",
        ),
        (
            SOUND.format("mine") + "    aliases = ('a\\nb',)\n",
            r"the name 'a\\nb' is not made of lower",
        ),
        ("raise ValueError('a\\n::error::b')", "ValueError: a ::error::b$"),
        ("raise ValueError('a\\x1b[31mb')", r"ValueError: a\?\[31mb$"),
        (
            "from reparam import InverseCDF\nclass Provided(InverseCDF):\n    name = 'mine'\n",
            "theirs:Provided has no _support, _log_prob, _cdf or _icdf, about",
        ),
    ],
)
def test_broken_plugin_warns_and_names_its_package(provide, code, problem):
    provide("theirs", "mine", code)
    with pytest.warns(PluginWarning, match=rf"theirs 2\.1 can't .* 'mine': {problem}") as warned:
        assert "mine" not in rp.names()
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)
    with pytest.raises(UnknownDistributionError):
        rp.get("mine")


@pytest.mark.parametrize("name", ["Mine", "my name"])
def test_plugin_with_a_name_that_cannot_be_asked_for_warns(provide, name):
    provide("theirs", name, SOUND.format(name))
    with pytest.warns(PluginWarning, match=rf"theirs 2\.1 .*: the name {name!r} is not made of"):
        assert rp.names() == sorted(registry.BUILT_IN)


def test_plugin_that_prints_warns_and_leaves_stdout_alone(provide, capfd):
    provide("theirs", "mine", "print('\\n::error::hello')\n" + SOUND.format("mine"))
    with pytest.warns(PluginWarning, match=r"theirs 2\.1 should print nothing: .*prints") as warned:
        assert "mine" in rp.names()
    assert len(warned) == 1
    assert "\n" not in str(warned[0].message)
    assert capfd.readouterr() == ("", "")


BROKEN = {
    "exits": "import sys\nsys.exit(3)",
    "aliases": SOUND.format("aliases") + "    aliases = None\n",
    "Upper": SOUND.format("Upper"),
    "prints": "print('hello')\n" + SOUND.format("prints"),
    "newline": "raise ValueError('\\n::error::no')",
    "incomplete": "from reparam import Distribution\nclass Provided(Distribution): pass",
}


@pytest.mark.parametrize("command", ["list --format jsonl", "show gausian"])
def test_broken_plugins_break_no_command(provide, python, tmp_path, command):
    for name, code in BROKEN.items():
        provide(f"package-{name}", name, code)
    alone = python("-m", "reparam", *command.split(), check=False, REPARAM_NO_PLUGINS="1")
    run = python("-m", "reparam", *command.split(), check=False, PYTHONPATH=tmp_path)
    assert run.returncode == alone.returncode == (2 if "gausian" in command else 0)
    warned = [line for line in run.stderr.splitlines() if line.startswith("Warning: plugin pack")]
    assert len(warned) == len(BROKEN)
    for name in BROKEN:
        assert sum(f"package-{name} 2.1 " in line for line in warned) == 1
    assert len(run.stderr.splitlines()) == len(BROKEN) + len(alone.stderr.splitlines())
    rows = [line for line in run.stdout.splitlines() if '"prints"' not in line]
    assert rows == alone.stdout.splitlines()


@pytest.mark.parametrize("name", ["laplace", "normal", "Student_T"])
def test_name_or_alias_of_a_built_in_stays_its_own(provide, name):
    provide("theirs", name, SOUND.format(name))
    with pytest.warns(PluginWarning, match=rf"theirs 2\.1 .* {name!r}: a built-in .* that name"):
        assert rp.names() == sorted(registry.BUILT_IN)
    assert rp.get(name).__module__.startswith("reparam.")


def test_name_in_two_packages_is_the_first_ones(provide):
    provide("a-package", "mine", SOUND.format("mine"))
    provide("b-package", "mine", SOUND.format("mine"))
    first, second = ("a", "b") if _first_on_path() == "a-package" else ("b", "a")
    expected = rf"{second}-package 2\.1 .* 'mine': {first}-package 2\.1 provides it already"
    with pytest.warns(PluginWarning, match=expected):
        assert rp.get("mine").__module__ == f"{first}_package"


def _first_on_path():
    return next(iter(entry_points(group=registry.GROUP, name="mine"))).dist.name


def test_broken_plugin_leaves_the_others_alone(provide):
    provide("theirs", "broken", "1 / 0")
    provide("mine", "mine", SOUND.format("mine"))
    with pytest.warns(PluginWarning, match="theirs"):
        assert rp.names() == sorted([*registry.BUILT_IN, "mine"])
    assert rp.get("MINE").__module__ == "mine"


def test_built_in_is_found_without_a_look_at_plugins(provide):
    provide("theirs", "mine", "1 / 0")
    assert rp.get("laplace") is rp.Laplace
