"""From text to a distribution: what ``repr`` writes, and the same in the registry's names.

``Truncated(Gaussian(loc=0.0, scale=1.0), low=2.0)`` is the grammar: calls of distributions, whose
arguments are distributions, numbers, and lists of them; arithmetic between a distribution and
numbers, ``2*gaussian + 1``; functions of distributions, ``exp(gaussian)``; and maps, of which
``transformed(gaussian, tanh)`` makes one. It is a small part of Python's, read here token by token:
nothing is executed, errors name the column and what was expected, and the work is bounded by the
length of the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from reparam import registry
from reparam.errors import (
    ExpressionError,
    ReparamError,
    UnknownDistributionError,
    spelled,
)

if TYPE_CHECKING:
    from reparam.base.distribution import Distribution

__all__ = ["is_name", "parse", "read"]

#: What is longer, or nests deeper, is refused: far beyond what ``repr`` writes.
MAX_LENGTH, MAX_DEPTH = 10_000, 50

#: Of how many words, joined by hyphens, a name before another hyphen may be.
MAX_WORDS = 8

_EXAMPLE = "gaussian(loc=0, scale=1)"

#: Words that stand for a law drawn by its quantile, as ``repr`` writes it.
_BY_QUANTILE = "byquantile"

#: The function that makes absolute values: the name of no class.
_ABS = "abs"

#: Words whose arguments may be text in quotes: formulas.
_QUOTING = ("formula", "transformed")

_NAME = r"[^\W\d]\w*(?:-\w+)*"

_TOKEN = re.compile(
    rf"""[ \t\r\n]*(?:
    (?P<shortened><array\ of\ shape\ [^<>]*>)
    |(?P<imported>[^\s()\[\],=]*:[\w.]*)
    |(?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-]?[0-9]|[\w.])*)
    |(?P<name>{_NAME})
    |(?P<quoted>"[^"\n]*"|'[^'\n]*')
    |(?P<sign>\*\*|[-+*/()\[\],=])
    |(?P<end>\Z)
    |(?P<other>.))""",
    re.VERBOSE | re.DOTALL,
)


def is_name(text: str) -> bool:
    """Return whether text is a name alone, such as ``student-t``: without parameters."""
    return re.fullmatch(_NAME, text.strip()) is not None and not re.search(r"-\d", text)


def parse(text: str, *, classes: Iterable[type[Distribution]] = ()) -> Distribution:
    """Return the distribution that text describes: ``rp.parse(repr(d))`` equals ``d``.

    Names are those of classes and of the registry; case, ``-`` and ``_`` don't matter, and a name
    alone has the default parameters. Numbers are written as in Python, ``inf`` is one.

    Parameters
    ----------
    text
        Such as ``"gamma(alpha=2, beta=0.5)"``.
    classes
        Distributions that are not registered, which the text calls by their names.

    Raises
    ------
    ExpressionError
        If the text can't be read; the message names the column and what is expected there.
    UnknownDistributionError, UnknownParameterError, ParameterError
        If there is no such distribution or parameter, or a value lies outside its domain.

    Examples
    --------
    >>> import reparam as rp
    >>> rp.parse("gaussian(0, 2)")
    Gaussian(loc=0.0, scale=2.0)
    >>> rp.parse("gaussian(scale=[3, -1])")
    Traceback (most recent call last):
    reparam.errors.ParameterError: scale[1]=-1 is not in (0, inf); pass a positive scale
    """
    return read(text, classes)


def read(
    text: str,
    classes: Iterable[type[Distribution]] = (),
    imported: Callable[[str], type[Distribution] | Distribution] | None = None,
) -> Distribution:
    """Return the distribution that text describes.

    Parameters
    ----------
    text, classes
        As :func:`parse` takes them.
    imported
        Return the class, or the distribution, that ``module:name`` stands for: without it no
        text imports anything.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"a distribution of {len(text)} characters is longer than {MAX_LENGTH}; simplify it"
        )
    return _Reader(text, classes, imported).distribution()


class _Reader:
    """Reads one text from left to right, one token ahead."""

    def __init__(
        self,
        text: str,
        classes: Iterable[type[Distribution]],
        imported: Callable[[str], type[Distribution] | Distribution] | None,
    ) -> None:
        self.text, self.imported = text, imported
        self.known = {
            spelled(name): cls
            for cls in classes
            for name in (cls.__name__, getattr(cls, "name", cls.__name__))
        }
        self.position = 0
        self.depth = 0
        self.quoting = False
        self.advance()

    def distribution(self) -> Distribution:
        """Return what the whole text describes."""
        from reparam.base.distribution import Distribution

        start = self.start
        if self.kind == "end":
            raise ExpressionError(
                f"{self.text!r} has no distribution in it; write one, such as {_EXAMPLE}"
            )
        found = self.value()
        if not isinstance(found, Distribution):
            self.fail(f"expected a distribution, such as {_EXAMPLE}", start)
        if self.kind != "end":
            self.fail(f"expected nothing after the distribution; leave {self.seen} out")
        return found

    # Tokens ----------------------------------------------------------------------------------

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.position)
        assert match is not None  # whatever there is, some token begins with it
        self.kind = match.lastgroup or ""
        self.token = match[self.kind]
        self.start, self.position = match.start(self.kind), match.end()

    def takes(self, sign: str) -> bool:
        """Go past a sign, if it is the next token."""
        if self.kind != "sign" or self.token != sign:
            return False
        self.advance()
        return True

    @property
    def seen(self) -> str:
        """The next token, as messages show it."""
        return "the end" if self.kind == "end" else repr(_brief(self.token))

    def fail(self, what: str, start: int | None = None) -> NoReturn:
        raise ExpressionError(self.located(what, self.start if start is None else start))

    def located(self, what: str, start: int) -> str:
        """Return a message with the text, or what is near the column, before it."""
        low, high = max(start - 25, 0), start + 25
        if len(self.text) <= 60:
            low, high = 0, len(self.text)
        shown = "…" * (low > 0) + self.text[low:high] + "…" * (high < len(self.text))
        return f"{shown!r}, column {start + 1}: {what}"

    # Values ----------------------------------------------------------------------------------

    def value(self) -> Any:
        """Return a distribution, a map, a number, a list of values, or arithmetic with them."""
        left = self.product()
        while self.kind == "sign" and self.token in ("+", "-"):
            left = self.operation(left, self.product)
        return left

    def product(self) -> Any:
        left = self.signed()
        while self.kind == "sign" and self.token in ("*", "/"):
            left = self.operation(left, self.signed)
        return left

    def signed(self) -> Any:
        """Return a value that may have a minus before it, which binds less than a power."""
        start = self.start
        if not self.takes("-"):
            return self.power()
        if self.kind == "number":
            number = self.number()
            if self.kind != "sign" or self.token != "**":
                return -number
            return self.operated("*", self.operation(number, self.exponent), -1.0, start)
        if self.kind == "name" and spelled(self.token) == "inf":
            self.advance()
            return -math.inf
        if self.kind == "name" or (self.kind == "sign" and self.token == "("):
            return self.operated("*", self.power(), -1.0, start)
        self.fail(f"expected a number after '-', not {self.seen}")

    def power(self) -> Any:
        left = self.atom()
        if self.kind != "sign" or self.token != "**":
            return left
        result = self.operation(left, self.exponent)
        if self.kind == "sign" and self.token == "**":
            self.fail("one power of another needs parentheses, such as (gamma**2)**3")
        return result

    def exponent(self) -> Any:
        if self.takes("-"):
            if self.kind == "number":
                return -self.number()
            self.fail(f"expected a number after '-', not {self.seen}")
        return self.atom()

    def operation(self, left: Any, operand: Callable[[], Any]) -> Any:
        """Return what the operator that comes next makes of a value and what follows it."""
        sign, start = self.token, self.start
        self.advance()
        return self.operated(sign, left, operand(), start)

    def operated(self, sign: str, left: Any, right: Any, start: int) -> Any:
        """Return what an operator makes of two operands; `start` is where it stands."""
        from reparam.base.operators import operated
        from reparam.base.reparameterized import Reparameterized

        result: Any = NotImplemented
        if isinstance(left, Reparameterized) or isinstance(right, Reparameterized):
            try:
                result = operated(sign, left, right)
            except ReparamError as error:
                raise type(error)(self.located(str(error), start)) from None
        if result is NotImplemented:
            self.fail(
                f"{sign!r} is for a distribution of real numbers and a number, such as"
                " 2*gaussian + 1; write the result, or put a distribution on one side",
                start,
            )
        return result

    def atom(self) -> Any:
        """Return a value without operators, except those in its brackets."""
        start = self.start
        if self.kind == "shortened":
            self.fail(
                f"{self.token} stands for numbers that repr leaves out of long arrays; write all"
                " of them, or keep distributions as pickles"
            )
        if self.kind == "number":
            return self.number()
        if self.kind == "quoted" and self.quoting:
            text = self.token[1:-1]
            self.advance()
            return text
        if self.kind == "name":
            name = self.name()
            if spelled(name) == "inf":
                return math.inf
            if spelled(name) == "nan":
                self.fail("nan is not a number that a parameter can have; write one", start)
            return self.called(self.named(name, start), start, quoting=spelled(name) in _QUOTING)
        if self.kind == "imported":
            if self.imported is None:
                self.fail(f"{_brief(self.token)!r} names a module, which text doesn't import")
            found = self.imported(self.token)
            self.advance()
            return self.called(found, start) if isinstance(found, type) else found
        for opening, closing in ("[]", "()"):
            if self.takes(opening):
                values, _ = self.items(closing, start)
                return values[0] if opening == "(" and _is_group(values) else values
        if self.token == "@":
            self.fail(
                "text reads no files; leave the parameter out, and pass it by itself, such as"
                " -p scale_tril=@L.npy"
            )
        self.fail(f"expected a distribution, a number or a list of numbers, not {self.seen}")

    def name(self) -> str:
        """Go past a name, and return it: of gaussian-1, which is not a name, the part that is."""
        name, start, words = self.token, self.start, self.token.split("-")
        if len(words) > 1 and not self.is_known(name):
            for count in range(min(len(words) - 1, MAX_WORDS), 0, -1):
                if self.is_known(shorter := "-".join(words[:count])):
                    if words[count][0].isdigit() or self.is_known(words[count]):
                        name, self.position = shorter, start + len(shorter)
                    break
        self.advance()
        return name

    def is_known(self, name: str) -> bool:
        """Return whether a name stands for something."""
        try:
            self.named(name, self.start)
        except UnknownDistributionError:
            return False
        return True

    def number(self) -> float:
        """Return a number in any of Python's spellings."""
        text, start = self.token, self.start
        self.advance()
        try:
            number = float(int(text, 0)) if re.match("0[xXbBoO]", text) else float(text)
        except ValueError:
            self.fail(f"{_brief(text)!r} is not a number", start)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            self.fail("the number is too large for float64, which ends at 1.8e308", start)
        # integers that float64 lacks stay integers, for parameters that must be one to refuse them
        return int(text) if abs(number) >= 2.0**53 and text.isdecimal() else number

    def items(self, closing: str, start: int) -> tuple[list[Any], dict[str, Any]]:
        """Return what stands before a closing bracket: values, and in calls those with names."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"brackets nest more than {MAX_DEPTH} deep; simplify it", start)
        values: list[Any] = []
        named: dict[str, Any] = {}
        is_call = self.text[start] not in "(["
        while not self.takes(closing):
            name = self.parameter() if is_call else ""
            if not name and named:
                self.fail("a value comes after parameters with names; give it one, too")
            if name in named:
                self.fail(f"{name} is given already; give it once")
            if name:
                named[name] = self.value()
            else:
                values.append(self.value())
            if not (self.takes(",") or (self.kind == "sign" and self.token == closing)):
                self.fail(f"expected ',' or {closing!r}, not {self.seen}")
        self.depth -= 1
        return values, named

    def parameter(self) -> str:
        """Go past ``name=``, and return the name: empty if none comes."""
        ahead = re.compile(r"[ \t\r\n]*=").match(self.text, self.position)
        if self.kind != "name" or ahead is None:
            return ""
        name = self.token
        if "-" in name:
            self.fail(f"a parameter's name has no hyphen; write {name.replace('-', '_')}")
        self.position = ahead.end()
        self.advance()
        return name

    def named(self, name: str, start: int) -> Any:
        """Return what a name stands for: something to call."""
        if spelled(name) == _BY_QUANTILE:
            return _by_quantile
        if spelled(name) in self.known:
            return self.known[spelled(name)]
        try:
            return _function(spelled(name)) or registry.constructor(name)
        except UnknownDistributionError as error:
            if self.text.strip() == name:
                raise
            raise UnknownDistributionError(self.located(str(error), start)) from None

    def called(self, make: Any, start: int, *, quoting: bool = False) -> Any:
        """Return what a class or function makes of the values in parentheses, if any.

        A map without parentheses has its default parameters; with a distribution first in them it
        is the distribution that the map makes of it.
        """
        outer, self.quoting = self.quoting, quoting
        values, named = self.items(")", start) if self.takes("(") else ([], {})
        self.quoting = outer
        try:
            return getattr(make, "_called", make)(*values, **named)
        except _NotOneError as error:
            self.fail(str(error), start)
        except ReparamError as error:
            if not start:  # of the whole
                raise
            raise type(error)(self.located(str(error), start)) from None


class _NotOneError(Exception):
    """What a function takes is not one distribution that it can take: never leaves this module."""


def _by_quantile(*values: Any, **named: Any) -> Any:
    return _one("ByQuantile", values, named).by_quantile()


def _one(name: str, values: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Return the distribution that a function of one is called with."""
    from reparam.base.reparameterized import Reparameterized

    if named or len(values) != 1 or not isinstance(values[0], Reparameterized):
        raise _NotOneError(f"{name} takes one distribution that has a reparameterization")
    return values[0]


def _function(name: str) -> Callable[..., Any] | None:
    """Return the function of that name, in one spelling, or None."""
    if name in _QUOTING:
        return partial(_quoted, name)
    from reparam.transforms.maps import MAPS

    return partial(_mapped, name) if name == _ABS or name in MAPS else None


def _mapped(name: str, *values: Any, **named: Any) -> Any:
    """Return the map of that name; or the distribution that it makes of the first value."""
    from reparam.base.reparameterized import Reparameterized
    from reparam.transforms import arithmetic
    from reparam.transforms.maps import MAPS

    functions = {"exp": arithmetic.exp, "log": arithmetic.log, _ABS: arithmetic.abs}
    if name in functions and (values or named):
        return functions[name](_one(name, values, named))
    if name == _ABS:
        return name  # as `transformed` takes it
    if values and isinstance(values[0], Reparameterized):
        return arithmetic.transformed(values[0], MAPS[name](*values[1:], **named))
    return MAPS[name](*values, **named)


def _quoted(name: str, *values: Any, **named: Any) -> Any:
    """Return the map that a formula is, or what a map or a formula makes of a distribution."""
    from reparam.base.reparameterized import Reparameterized
    from reparam.transforms import arithmetic
    from reparam.transforms.maps import Map, formula

    match name, values:
        case "formula", (str() as text,):
            return formula(text, **named)
        case "transformed", (Reparameterized() as d, Map() | str() as how):
            return arithmetic.transformed(d, how, **named)
    takes = "one formula in quotes"
    if name == "transformed":
        takes = "a distribution, and a map or a formula in quotes"
    raise _NotOneError(f"{name} takes {takes}, such as 'sinh(y)'")


def _is_group(values: list[Any]) -> bool:
    """Whether what stands in parentheses is one distribution, and no list."""
    from reparam.base.distribution import Distribution

    return len(values) == 1 and isinstance(values[0], Distribution)


def _brief(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
