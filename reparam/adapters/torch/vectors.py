"""The base of classes of vectors and matrices: parameters by position, name or alias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.distributions import Distribution
from torch.distributions.utils import lazy_property

from reparam.adapters.torch.plans import Traced, traced
from reparam.adapters.torch.wrapped import Wrapped, numbers
from reparam.base.reparameterized import Reparameterized
from reparam.errors import UnknownParameterError

__all__ = ["Vector", "matrix"]


class Vector(Wrapped):
    """A distribution of vectors or matrices whose draws and density are differentiable.

    Subclasses are made from the registry, by :mod:`reparam.adapters.torch.classes`. Parameters are
    tensors, or numbers, or sequences of these, whose batches broadcast together.
    """

    #: The same distribution, in NumPy.
    made_of: ClassVar[type[Reparameterized]]
    #: The parameters that may be passed by position.
    _order: ClassVar[tuple[str, ...]]
    #: The library's name of a parameter -> PyTorch's.
    _names: ClassVar[dict[str, str]]

    def __init__(self, *args: Any, validate_args: bool | None = None, **parameters: Any) -> None:
        given = dict(zip(self._order, args, strict=False))
        if len(args) > len(self._order) or given.keys() & parameters.keys():
            raise UnknownParameterError(
                f"{type(self).__name__} takes {', '.join(self._order)} by position, each once"
            )
        ours = {theirs: name for name, theirs in self._names.items()}
        passed = [(ours.get(name, name), x) for name, x in {**given, **parameters}.items()]
        passed = [(name, x) for name, x in passed if x is not None]
        template, tensors = self._structure(passed)
        super().__init__(template, tensors, validate_args)
        self._set_parameters(template.batch_shape)

    def _structure(
        self, passed: list[tuple[str, Any]]
    ) -> tuple[Reparameterized | Traced, dict[str, Tensor]]:
        """Return the distribution, and the parameters that are tensors."""
        if torch.compiler.is_compiling():
            structure = traced(self.made_of, passed)
            return structure, structure.tensors
        values = self.made_of._arguments.by_name(passed)
        template = self.made_of(**numbers(values))
        return template, {
            name: value
            for name, value in values.items()
            if isinstance(value, Tensor) and not template.parameters[name].length_of
        }

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Vector:
        """Return the same distribution with an expanded batch shape."""
        new: Any = super().expand(batch_shape, _instance)
        new._set_parameters(new.batch_shape)
        return new  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        text: str = Distribution.__repr__(self)
        return text

    def _set_parameters(self, batch: Sequence[int]) -> None:
        """Set the parameters by PyTorch's names, of the batch's shape."""
        given = self._given
        dtypes = [tensor.dtype for tensor in given if tensor.is_floating_point()]
        dtype = dtypes[0] if dtypes else torch.get_default_dtype()
        for name, rank, is_length, array in self._declared:
            value = self.tensors.get(name)
            if value is None:
                value = torch.tensor(array, dtype=dtype)
            elif not any(value is each for each in given):
                value = value.to(dtype)
            shape = (*batch, *value.shape[value.ndim - rank :])
            setattr(
                self, self._names.get(name, name), int(array) if is_length else value.expand(shape)
            )

    @property
    def _declared(self) -> Sequence[tuple[str, int, bool, Any]]:
        """The name of each parameter, how many axes a value has, whether it is a length; values."""
        template = self._template
        if isinstance(template, Traced):
            return template.declared
        return [
            (name, declared.rank, bool(declared.length_of), template[name])
            for name, declared in template.parameters.items()
        ]


def matrix(name: str, group: Sequence[str]) -> Any:
    """Return the attribute for a matrix that another of a group may have been given instead of.

    Parameters
    ----------
    name, group
        PyTorch's name of the matrix, and those that stand for each other: ``scale_tril`` is the
        Cholesky factor L, ``precision_matrix`` the inverse of L Lᵀ, any other L Lᵀ.
    """

    def compute(self: Any) -> Tensor:
        factor = _factor(self.__dict__, group)
        if name == "scale_tril":
            return factor
        return torch.cholesky_inverse(factor) if _is_inverse(name) else factor @ factor.mT

    compute.__name__ = name
    return lazy_property(compute)


def _factor(known: Mapping[str, Tensor], group: Sequence[str]) -> Tensor:
    """Return the Cholesky factor L, from the one of a group that is known."""
    name = next(name for name in group if name in known)
    if name == "scale_tril":
        return known[name]
    covariance = torch.linalg.inv(known[name]) if _is_inverse(name) else known[name]
    factor: Tensor = torch.linalg.cholesky(covariance)
    return factor


def _is_inverse(name: str) -> bool:
    return name.startswith("precision")
