"""What the declarations of a tree make of its constructor: a signature, and documentation."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from reparam.base.children import Child, Children

__all__ = ["parameters_section", "signature"]


def signature(cls: Any) -> inspect.Signature:
    """Return the constructor's: parameters that stand for another by keyword alone."""
    kinds = inspect.Parameter
    fields = [
        kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=getattr(declared, "initial", kinds.empty))
        for name, declared in cls._fields.items()
    ]
    others = [name for name in cls._arguments if name not in cls._fields]
    return inspect.Signature(
        [*fields, *(kinds(name, kinds.KEYWORD_ONLY, default=None) for name in others)]
    )


def parameters_section(cls: Any) -> str:
    """Return the numpydoc section that the declarations make."""
    lines = ["Parameters", "----------"]
    fields: Mapping[str, Any] = cls._arguments
    for name, declared in fields.items():
        if isinstance(declared, Child | Children):
            several = "sequence of " * isinstance(declared, Children)
            kind = several + declared.kind().__name__
            lines += [f"{name} : {kind}", f"    {declared.description}."]
            continue
        also = f"; also {', '.join(declared.aliases)}" if declared.aliases else ""
        default = f"default {declared.initial_text}" if name in cls._fields else "optional"
        instead = "" if name in cls._fields else f"; instead of {cls._instead_of(name)}"
        lines += [
            f"{name} : array_like, {default}",
            f"    {declared.description} {declared.symbol}, in {declared.domain}{also}{instead}.",
        ]
    return "\n".join(lines)
