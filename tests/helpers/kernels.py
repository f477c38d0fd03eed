"""Which kernels run here, and tests by each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reparam._kernels import NUMPY, active, show_kernels

#: The names of compiled kernels that run on this machine.
COMPILED = [name for name in show_kernels().available if name != NUMPY]


@contextmanager
def kernels(name: str) -> Iterator[None]:
    """Use kernels of that name."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPARAM_KERNELS", name)
        active.cache_clear()
        try:
            active()
            yield
        finally:
            active.cache_clear()
