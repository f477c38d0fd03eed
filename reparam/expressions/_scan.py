"""What text may be made of, checked token by token before anything parses it.

That makes for messages that name the place, and it bounds the work of parsing what follows: the
length, the number of tokens, and how deep parentheses nest.
"""

from __future__ import annotations

import keyword
import math
import re
import unicodedata
from collections.abc import Sequence

from reparam.errors import ExpressionError

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "MAX_TOKENS", "check", "normalized", "problem"]

MAX_LENGTH = 10_000
MAX_TOKENS = 2_000
MAX_DEPTH = 100

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[^\W\d]\w*)
    |(?P<operator>\*\*|<=|>=|==|!=|[-+*<>(),]|/(?!/))
    |(?P<other>//|:=|.)""",
    re.VERBOSE | re.DOTALL,
)

_PREFIXES = {"+", "-", "not"}
_BETWEEN = {"+", "-", "*", "/", "**", "<", "<=", ">", ">=", "==", "!=", "and", "or"}
_WORDS = {"and", "or", "not"}

#: What to write instead of something that formulas don't have.
_INSTEAD = {
    "//": "a/b divides",
    "@": "in graphs, write dot(a, b)",
    "^": "a**b is a power",
    "=": "a == b compares; a formula has no name on its left",
    ":=": "write what it stands for",
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not', or a != b",
    ".": "there are no attributes, only functions such as exp(x)",
    "[": "there are no subscripts, except of names in graphs; ( ) groups",
    "{": "( ) groups",
    "×": "a*b multiplies",
    "·": "a*b multiplies",
    "÷": "a/b divides",
    "−": "a - b subtracts",
    "√": "write sqrt(x)",
    "²": "write x**2",
    "³": "write x**3",
}


def problem(text: str, position: int, what: str) -> ExpressionError:
    """Return an error that shows the text, or what is near the position if it is long."""
    low, high = (0, len(text)) if len(text) <= 60 else (max(position - 25, 0), position + 25)
    shown = "…" * (low > 0) + text[low:high] + "…" * (high < len(text))
    error = ExpressionError(f"{shown!r}, column {position + 1}: {what}")
    error._place = position, what
    return error


def normalized(name: str) -> str:
    """Return a name in the form that Python gives its names (NFKC): µ, of micro, becomes μ."""
    return unicodedata.normalize("NFKC", name)


def check(text: str) -> None:
    """Check that text is a formula, as far as tokens show.

    Raises
    ------
    ExpressionError
        At the first token that can't stand where it stands.
    """
    if len(text) > MAX_LENGTH:
        raise problem(
            text, MAX_LENGTH, f"{len(text)} characters are more than {MAX_LENGTH}; simplify it"
        )
    tokens = [match for match in _TOKEN.finditer(text) if match.lastgroup != "space"]
    if len(tokens) > MAX_TOKENS:
        raise problem(
            text,
            tokens[MAX_TOKENS].start(),
            f"{len(tokens)} names, numbers and operators are more than {MAX_TOKENS}; simplify it",
        )
    if not tokens:
        raise ExpressionError(f"{text!r} has no formula in it; write one, such as (y - 1)**2")
    for token in tokens:
        if what := _not_a_token(token):
            raise problem(text, token.start(), what)
    _check_order(text, tokens)


def _not_a_token(match: re.Match[str]) -> str:
    """Return what is wrong with a token that no formula has, or an empty string."""
    token, kind = match.group(), match.lastgroup
    if kind == "other":
        instead = _INSTEAD.get(token, "it has numbers, names, + - * / **, ( ) and commas")
        return f"a formula can't have {token!r}; {instead}"
    if kind == "number" and math.isinf(float(token)):
        return "the number is too large for float64, which ends at 1.8e308; use a smaller one"
    if kind == "number" and token.isdecimal() and token[0] == "0" and (rest := token.lstrip("0")):
        return f"a whole number doesn't begin with 0; write {rest}"
    if kind == "name" and not token.isidentifier():
        odd = next(token[k] for k in range(len(token)) if not token[: k + 1].isidentifier())
        instead = _INSTEAD.get(odd, "use letters, digits and underscores")
        return f"{token!r} is not a name, since {odd!r} can't be in one there; {instead}"
    if kind == "name" and token not in _WORDS and keyword.iskeyword(normalized(token)):
        return f"{token!r} is a reserved word of Python; use another name"
    return ""


def _check_order(text: str, tokens: Sequence[re.Match[str]]) -> None:
    """Check that values and operators alternate, and that parentheses match."""
    opened: list[tuple[int, bool]] = []  # where, and whether of a call
    after_value, callee = False, False
    for match in tokens:
        token, position = match.group(), match.start()
        operand = match.lastgroup in ("number", "name") and token not in _WORDS
        if token == "(" and (callee or not after_value):
            opened.append((position, callee))
            if len(opened) > MAX_DEPTH:
                raise problem(
                    text, position, f"parentheses nest more than {MAX_DEPTH} deep; simplify it"
                )
            after_value = False
        elif not after_value:
            if not operand and token not in _PREFIXES:
                raise problem(text, position, f"there is no value before {token!r}; write one")
            after_value = operand
        elif token == ")":
            if not opened:
                raise problem(text, position, "this ')' closes nothing; leave it out")
            opened.pop()
        elif token == ",":
            if not opened or not opened[-1][1]:
                raise problem(
                    text, position, "commas are for functions' arguments; a formula is one value"
                )
            after_value = False
        elif token in _BETWEEN:
            if token in _WORDS and text[position - 1] in "0123456789.":  # Python warns of it
                raise problem(text, position, f"there is no space before {token!r}; write one")
            after_value = False
        else:
            raise problem(
                text,
                position,
                f"there is no operator before {token!r}; write one, such as * to multiply",
            )
        callee = match.lastgroup == "name" and operand
    if opened:
        raise problem(text, opened[-1][0], "this '(' is never closed; write a ')'")
    if not after_value:
        raise problem(text, len(text), f"there is no value after {tokens[-1].group()!r}; write one")
