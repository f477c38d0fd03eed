"""From text to a distribution: what ``repr`` writes, and the same in the registry's names.

``Truncated(Gaussian(loc=0.0, scale=1.0), low=2.0)`` is the grammar: calls of distributions, whose
arguments are distributions, numbers, and lists of them. It is a small part of Python's, read here
token by token: nothing is executed, errors name the column and what was expected, and the work is
bounded by the length of the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from reparam import registry
from reparam.errors import (
    ExpressionError,
    UnknownDistributionError,
    spelled,
)

if TYPE_CHECKING:
    from reparam.base.distribution import Distribution

__all__ = ["is_name", "parse", "read"]

#: What is longer, or nests deeper, is refused: far beyond what ``repr`` writes.
MAX_LENGTH, MAX_DEPTH = 10_000, 50

_EXAMPLE = "gaussian(loc=0, scale=1)"

#: Words that stand for a law drawn by its quantile, as ``repr`` writes it.
_BY_QUANTILE = "byquantile"

_NAME = r"[^\W\d]\w*(?:-\w+)*"

_TOKEN = re.compile(
    rf"""[ \t\r\n]*(?:
    (?P<shortened><array\ of\ shape\ [^<>]*>)
    |(?P<imported>[^\s()\[\],=]*:[\w.]*)
    |(?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-]?[0-9]|[\w.])*)
    |(?P<name>{_NAME})
    |(?P<sign>[-()\[\],=])
    |(?P<end>\Z)
    |(?P<other>.))""",
    re.VERBOSE | re.DOTALL,
)


def is_name(text: str) -> bool:
    """Return whether text is a name alone, such as ``student-t``: without parameters."""
    return re.fullmatch(_NAME, text.strip()) is not None


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
    >>> rp.parse("student-t(df=[3, inf])")
    Traceback (most recent call last):
    reparam.errors.ParameterError: df[1]=inf is not in (0, inf); pass a positive df
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
        """Return a distribution, a number, or a list of values."""
        start = self.start
        if self.kind == "shortened":
            self.fail(
                f"{self.token} stands for numbers that repr leaves out of long arrays; write all"
                " of them, or keep distributions as pickles"
            )
        if self.kind == "number":
            return self.number()
        if self.takes("-"):
            if self.kind == "number":
                return -self.number()
            if self.kind == "name" and spelled(self.token) == "inf":
                self.advance()
                return -math.inf
            self.fail(f"expected a number after '-', not {self.seen}")
        if self.kind == "name":
            name = self.token
            self.advance()
            if spelled(name) == "inf":
                return math.inf
            if spelled(name) == "nan":
                self.fail("nan is not a number that a parameter can have; write one", start)
            return self.called(self.named(name, start), start)
        if self.kind == "imported":
            if self.imported is None:
                self.fail(f"{_brief(self.token)!r} names a module, which text doesn't import")
            found = self.imported(self.token)
            self.advance()
            return self.called(found, start) if isinstance(found, type) else found
        for opening, closing in ("[]", "()"):
            if self.takes(opening):
                values, _ = self.items(closing, start)
                return values
        self.fail(f"expected a distribution, a number or a list of numbers, not {self.seen}")

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
        return number

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
            return registry.constructor(name)
        except UnknownDistributionError as error:
            if self.text.strip() == name:
                raise
            raise UnknownDistributionError(self.located(str(error), start)) from None

    def called(self, make: Any, start: int) -> Any:
        """Return the distribution that a class makes of the parameters in parentheses, if any."""
        values, named = self.items(")", start) if self.takes("(") else ([], {})
        try:
            return getattr(make, "_called", make)(*values, **named)
        except _NotOne:
            self.fail("ByQuantile takes one distribution that has a reparameterization", start)


class _NotOne(Exception):  # noqa: N818 - never leaves this module
    """What is to be drawn by its quantile is not one distribution that can be."""


def _by_quantile(*values: Any, **named: Any) -> Any:
    from reparam.base.reparameterized import Reparameterized

    if named or len(values) != 1 or not isinstance(values[0], Reparameterized):
        raise _NotOne
    return values[0].by_quantile()


def _brief(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
