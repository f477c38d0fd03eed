"""Compiled twins of some kernels, chosen at run time: NumPy serves where there are none.

The extension ``_compiled`` is built with the package where a C++ compiler is (see
``tools/build_kernels.py``). It holds kernels for several instruction sets, of which the processor
decides.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from reparam.errors import ReparamError

__all__ = ["NUMPY", "Kernels", "active", "show_kernels"]

#: The name of the kernels that are always there.
NUMPY = "numpy"

#: The environment variable that chooses kernels.
_VARIABLE = "REPARAM_KERNELS"


@dataclass(frozen=True)
class Kernels:
    """Which kernels compute derivatives of shapes.

    Attributes
    ----------
    name
        The instruction set that they are compiled for, or ``"numpy"``.
    available
        The names that REPARAM_KERNELS may have on this machine, the fastest first.
    """

    name: str
    available: tuple[str, ...]

    def __str__(self) -> str:
        others = ", ".join(name for name in self.available if name != self.name)
        return f"{self.name} kernels" + (f" ({others} available, too)" if others else "")


def show_kernels() -> Kernels:
    """Return which kernels are in use: compiled ones, or NumPy's.

    Results agree to 5e-14, and draws of numbers bit for bit. REPARAM_KERNELS, read when kernels
    are first needed, chooses others.

    Examples
    --------
    >>> import reparam as rp
    >>> "numpy" in rp.show_kernels().available
    True
    """
    compiled = _extension()
    names = (*(compiled.names() if compiled else ()), NUMPY)
    return Kernels(_chosen(names), names)


@cache
def active() -> Any:
    """Return the extension, set to the chosen instruction set, or None where NumPy serves."""
    compiled = _extension()
    if compiled is None or (name := show_kernels().name) == NUMPY:
        return None
    compiled.choose(name)
    return compiled


def _chosen(names: tuple[str, ...]) -> str:
    """Return the name that the environment chooses, or the first one."""
    wanted = os.environ.get(_VARIABLE, "")
    if wanted and wanted not in names:
        raise ReparamError(
            f"{_VARIABLE}={wanted} is not among the kernels of this machine"
            f" ({', '.join(names)}); set it to one of them, or unset it"
        )
    return wanted or names[0]


@cache
def _extension() -> Any:
    """Return the extension, if it was built and the processor has what it needs."""
    try:
        return import_module(f"{__name__}._compiled")
    except ImportError:
        return None
