"""The page of other libraries' distributions: none is left out, and what they are here is so."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

import reparam as rp

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def laws():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        return import_module("peers").laws()
    finally:
        sys.path.pop(0)


def test_every_law_has_a_row(laws):
    sections = (ROOT / "docs/peers.md").read_text("utf-8").split("\n## ")[1:]
    titles = import_module("peers").TITLES.values()
    for section, (library, title) in zip(
        sections, zip(dict.fromkeys(law.library for law in laws), titles, strict=True), strict=True
    ):
        assert section.startswith(f"{title}\n")
        names = [law.name for law in laws if law.library == library]
        assert len(names) == len(set(names))
        for name in names:
            assert section.count(f"\n| {name} | ") == 1, name


def test_what_is_verified_is_listed(laws):
    """Tables of what samplers draw from, for ``reparam verify``, agree about the distribution."""
    listed = {(law.library, law.name): law for law in laws}
    for library in ("torch", "numpyro", "tfp", "distrax", "jax"):
        module = import_module(f"reparam.verification.targets.libraries.{library}")
        for name, row in {**getattr(module, "STANDARD", {}), **module.ROWS}.items():
            law = listed[library, name]
            if row.law in rp.names():
                assert type(rp.parse(law.spelling)).name == row.law, (library, name)


def test_measured_gradients(laws):
    words = ("right", "wrong", "biased", "none", "not measured", "differs", "the parameter itself")
    for law in laws:
        assert (
            law.here == "base" or law.gradient.endswith("digits") or law.gradient.startswith(words)
        )
