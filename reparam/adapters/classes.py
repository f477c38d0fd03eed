"""What classes of PyTorch and NumPyro are made from: what the registry declares, by their names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from reparam.adapters.constraints import between, of_parameter
from reparam.adapters.laws import key_of, law_of
from reparam.base.reparameterized import Reparameterized
from reparam.errors import NotReparameterizable, ParameterError, UnknownParameterError
from reparam.parameters import Parameter
from reparam.registry import names

__all__ = ["Declared", "class_name", "class_names", "documentation", "members"]

#: What both frameworks call a distribution, where names differ from ours, by the registry's name.
_CLASSES: Mapping[str, str] = {
    "chi-square": "Chi2",
    "f": "FisherSnedecor",
    "gaussian": "Normal",
}

#: By the registry's name: our parameter -> theirs, the same number.
_PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "beta": {"alpha": "concentration1", "beta": "concentration0"},
    "gamma": {"alpha": "concentration"},
    "inverse-gamma": {"alpha": "concentration", "scale": "rate"},
}


class Declared:
    """What a framework's class has from the registry."""

    #: The same distribution, in NumPy.
    law: ClassVar[type[Reparameterized]]
    #: The text that stands for it in operators.
    key: ClassVar[str]
    #: The parameters' names, and defaults, in declared order.
    _defaults: ClassVar[dict[str, float]]
    #: Any spelling of a parameter's name -> that name.
    _spellings: ClassVar[dict[str, str]]

    @property
    def theta(self) -> list[Any]:
        """The parameters, in declared order."""
        return [getattr(self, name) for name in self._defaults]

    def _given(self, args: Sequence[Any], parameters: dict[str, Any]) -> dict[str, Any]:
        """Return arguments, and defaults, by the parameters' names."""
        given = dict(zip(self._defaults, args, strict=False))
        if len(args) > len(self._defaults):
            raise UnknownParameterError(
                f"{type(self).__name__} takes {len(self._defaults)} parameters"
                f" ({', '.join(self._defaults)}) but got {len(args)}"
            )
        for spelling, value in parameters.items():
            if spelling not in self._spellings:
                self.law.parameters.canonical(spelling)  # raises: what is meant may be known
            name = self._spellings[spelling]
            if name in given:
                raise UnknownParameterError(
                    f"{type(self).__name__} got {name!r} twice; pass it once"
                )
            given[name] = value
        return {**self._defaults, **given}

    def _check_order(self, are_below: Callable[[Any, Any], bool]) -> None:
        for low, high in self.law._ordered:
            below, above = (getattr(self, self._spellings[end]) for end in (low, high))
            if not are_below(below, above):
                raise ParameterError(f"{low} is not below {high}; pass {low} < {high}")


@cache
def class_names() -> dict[str, str]:
    """Return the names of classes, the library's and the frameworks', with the registry's names."""
    found: dict[str, str] = {}
    for name in names():
        try:
            key = key_of(name)
        except NotReparameterizable:
            continue
        found[law_of(key).__name__] = key
        found[class_name(key)] = key
    return found


def class_name(key: str) -> str:
    """Return what the frameworks call a distribution."""
    return _CLASSES.get(key, law_of(key).__name__)


def members(
    key: str, module: str, constraints: Any, moving_support: Callable[[Any], Any]
) -> dict[str, Any]:
    """Return members of a framework's class.

    Parameters
    ----------
    key
        The text that stands for the distribution.
    module
        Where the class is public.
    constraints
        The framework's module of constraints.
    moving_support
        What returns the constraint of an instance's draws, where parameters move an endpoint of it.
    """
    law = law_of(key)
    support = law._support
    theirs = _PARAMETERS.get(key, {})
    declared = {theirs.get(name, name): parameter for name, parameter in law._own.items()}
    return {
        "__module__": module,
        "__doc__": documentation(law, declared),
        "__signature__": _signature(declared),
        "arg_constraints": {
            name: of_parameter(constraints, parameter.domain)
            for name, parameter in declared.items()
        },
        "support": (
            constraints.dependent_property(moving_support, is_discrete=False, event_dim=0)
            if support.moved_by
            else between(constraints, *support.ends({}))
        ),
        "law": law,
        "key": key,
        "_defaults": {name: parameter.initial for name, parameter in declared.items()},
        "_spellings": {
            spelling: name
            for name, parameter in declared.items()
            for spelling in (name, parameter.name, *parameter.aliases)
        },
    }


def _signature(declared: dict[str, Parameter]) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    last = inspect.Parameter("validate_args", inspect.Parameter.KEYWORD_ONLY, default=None)
    parameters = [
        inspect.Parameter(name, kind, default=parameter.initial)
        for name, parameter in declared.items()
    ]
    return inspect.Signature([*parameters, last])


def documentation(law: type[Reparameterized], declared: dict[str, Parameter]) -> str:
    """Return a class's docstring, with its parameters by the framework's names."""
    summary = inspect.getdoc(law).partition("\n\n")[0]  # type: ignore[union-attr]
    entries = (
        f"{name}\n    {parameter.description}: in {parameter.domain}."
        f" Default: {parameter.initial_text}."
        for name, parameter in declared.items()
    )
    return "\n".join([summary, "", law.about.density, "", "Parameters", "-" * 10, *entries])
