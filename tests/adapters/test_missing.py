"""The hints of adapters whose package is not installed."""

import sys

import pytest

from reparam.errors import MissingExtraError


def test_import_without_pytorch_names_the_extra(monkeypatch):
    for module in [name for name in sys.modules if name.startswith("reparam.")]:
        if "torch" in module:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'reparam\[torch\]'") as caught:
        import reparam.torch  # noqa: F401
    assert "\n" not in str(caught.value)
