"""The hints of adapters whose package is not installed."""

import sys
from importlib import import_module

import pytest

from reparam.errors import MissingExtraError


@pytest.mark.parametrize("package", ["torch", "jax", "numpyro", "dask"])
def test_import_without_a_package_names_the_extra(monkeypatch, package):
    for module in [name for name in sys.modules if name.startswith("reparam.")]:
        if package in module.split("."):
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    hint = rf"pip install 'reparam\[{package}\]'"
    with pytest.raises(MissingExtraError, match=hint) as caught:
        import_module(f"reparam.{package}")
    assert "\n" not in str(caught.value)
