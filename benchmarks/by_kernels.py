"""Time compiled kernels and NumPy's in one process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from reparam._kernels import active, show_kernels

#: The names of the kernels that run here, the fastest first.
KERNELS = show_kernels().available


@contextmanager
def kernels(name: str) -> Iterator[None]:
    """Use kernels of that name."""
    before = os.environ.get("REPARAM_KERNELS")
    os.environ["REPARAM_KERNELS"] = name
    active.cache_clear()
    try:
        yield
    finally:
        del os.environ["REPARAM_KERNELS"]
        if before is not None:
            os.environ["REPARAM_KERNELS"] = before
        active.cache_clear()
