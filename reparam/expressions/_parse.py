"""From text to a tape: the syntax tree, read against an allow-list."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from reparam.errors import ExpressionError, did_you_mean
from reparam.expressions._functions import (
    AND,
    COMPARISONS,
    CONSTANTS,
    FUNCTIONS,
    NEGATIVE,
    NOT,
    OPERATORS,
    OR,
    POWER,
    Composition,
    Function,
    Selection,
    constant_power,
)
from reparam.expressions._scan import check, problem
from reparam.expressions._tape import Call, Tape

__all__ = ["parse"]


def parse(text: str) -> Tape:
    """Return the tape of a formula.

    Raises
    ------
    ExpressionError
        If the text is not a formula, or a number in it is not finite.
    """
    check(text)
    shifted = re.sub(r"[\t\r\n]", " ", text)
    start = len(text) - len(shifted.lstrip(" "))
    try:
        tree = ast.parse(shifted[start:], mode="eval")
    except SyntaxError as error:  # what tokens don't show: 1 + not x
        position = start + max((error.offset or 1) - 1, 0)
        raise problem(
            text, position, f"this is not a formula ({error.msg}); compare (y - 1)**2"
        ) from None
    except (MemoryError, RecursionError):
        raise problem(text, 0, "operators nest too deeply, as in - - - x; simplify it") from None
    return _Reader(text, start, tree.body).tape()


class _Reader:
    """Puts a syntax tree on a tape, from its leaves up; equal parts are put there once."""

    def __init__(self, text: str, start: int, tree: ast.expr) -> None:
        self._text, self._start = text, start
        self._encoded = text[start:].encode()
        # a parent precedes its children here; no recursion, however long the sum
        nodes = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
        self._nodes = nodes[::-1]
        self._called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
        free = [node for node in nodes if isinstance(node, ast.Name) and self._is_free(node)]
        free.sort(key=lambda node: node.col_offset)
        self._names = list(dict.fromkeys(node.id for node in free))
        self._slots: list[Any] = list(self._names)  # a name, a number, or a Call
        self._known: dict[Any, int] = {name: slot for slot, name in enumerate(self._names)}
        self._of: dict[int, int] = {}  # the slot of a node, by its identity

    def tape(self) -> Tape:
        """Return the tape."""
        for node in self._nodes:
            if id(node) not in self._called:
                self._of[id(node)] = self._read(node)
        root = self._number(self._nodes[-1])
        return Tape(tuple(self._names), tuple(self._slots), root)

    def _is_free(self, node: ast.Name) -> bool:
        return id(node) not in self._called and node.id not in CONSTANTS

    def _read(self, node: ast.expr) -> int:
        """Return the slot of a node whose parts have theirs."""
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._constant(np.float64(value))
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=ast.UAdd()):
                return self._number(node.operand)
            case ast.UnaryOp(op=ast.USub()):
                return self._call(node, NEGATIVE, self._number(node.operand))
            case ast.UnaryOp(op=ast.Not()):
                return self._call(node, NOT, self._condition(node.operand, "not"))
            case ast.BinOp() if type(node.op).__name__ in OPERATORS:
                return self._operation(node)
            case ast.BoolOp(op=op, values=values):
                row, word = (AND, "and") if isinstance(op, ast.And) else (OR, "or")
                return self._all(node, row, [self._condition(value, word) for value in values])
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._function(node, name, arguments)
        raise self._problem(node, f"a formula can't have a {type(node).__name__}; simplify it")

    def _name(self, node: ast.Name, name: str) -> int:
        if name in CONSTANTS:
            return self._constant(np.float64(CONSTANTS[name]))
        if name in FUNCTIONS:
            raise self._problem(node, f"{name} is a function; call it, as in {_usage(name)}")
        return self._known[name]

    def _operation(self, node: ast.BinOp) -> int:
        row = OPERATORS[type(node.op).__name__]
        left, right = self._number(node.left), self._number(node.right)
        exponent = self._slots[right]
        if row is not POWER or not isinstance(exponent, np.float64):
            return self._call(node, row, left, right)
        if exponent == 1.0 or isinstance(self._slots[left], np.float64):
            return left if exponent == 1.0 else self._call(node, row, left, right)
        return self._call(node, constant_power(float(exponent)), left)

    def _comparison(self, node: ast.Compare) -> int:
        slots = [self._number(part) for part in (node.left, *node.comparators)]
        rows = [COMPARISONS.get(type(op).__name__) for op in node.ops]
        pairs = zip(rows, slots[:-1], slots[1:], strict=True)
        return self._all(node, AND, [self._call(node, row, a, b) for row, a, b in pairs if row])

    def _all(self, node: ast.expr, row: Function, slots: Sequence[int]) -> int:
        """Return the slot of ``and`` or ``or`` between all the conditions."""
        first, *rest = slots
        for slot in rest:
            first = self._call(node, row, first, slot)
        return first

    def _function(self, node: ast.Call, name: str, arguments: Sequence[ast.expr]) -> int:
        row = FUNCTIONS.get(name)
        if row is None:
            hint = did_you_mean(name, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
            raise self._problem(node, f"there is no function {name!r}{hint}")
        if len(arguments) != row.arity and (row.arity or len(arguments) < 2):
            takes = row.arity or "two or more"
            raise self._problem(
                node,
                f"{name} takes {takes} argument{'s' * (takes != 1)}, not {len(arguments)};"
                f" write {_usage(name)}",
            )
        selects = name == "where"
        slots = [
            self._condition(argument, name) if selects and not position else self._number(argument)
            for position, argument in enumerate(arguments)
        ]
        if isinstance(row, Composition):
            return row.build(lambda part, *slots: self._call(node, part, *slots), *slots)
        return self._call(node, row, *slots)

    def _number(self, node: ast.expr) -> int:
        """Return the slot of a node that must be a number."""
        slot = self._of[id(node)]
        if self._is_condition(slot):
            raise self._problem(
                node,
                "a comparison is not a number; put it into where(condition, a, b)",
            )
        return slot

    def _condition(self, node: ast.expr, whose: str) -> int:
        """Return the slot of a node that must be a comparison."""
        slot = self._of[id(node)]
        if not self._is_condition(slot):
            takes = "a comparison first" if whose == "where" else "comparisons"
            raise self._problem(node, f"{whose!r} takes {takes}; write one, such as x > 0")
        return slot

    def _is_condition(self, slot: int) -> bool:
        item = self._slots[slot]
        if isinstance(item, Call):
            return isinstance(item.row, Function) and item.row.condition
        return isinstance(item, np.bool_)

    def _constant(self, value: np.float64 | np.bool_) -> int:
        # by its text, which distinguishes −0 from 0
        return self._put(repr(value), value)

    def _call(self, node: ast.expr, row: Function | Selection, *slots: int) -> int:
        """Return the slot of a call; of numbers alone it is computed here and now."""
        values = [self._slots[slot] for slot in slots]
        if not all(isinstance(value, np.generic) for value in values):
            return self._put((row.name, slots), Call(row, slots))
        with np.errstate(all="ignore"):
            result = row.value(*values)[()]
        if not np.isfinite(result):
            raise self._problem(
                node,
                f"this is {result}, and numbers must be finite float64 (up to 1.8e308); change it",
            )
        return self._constant(result)

    def _put(self, key: Any, item: Any) -> int:
        slot = self._known.setdefault(key, len(self._slots))
        if slot == len(self._slots):
            self._slots.append(item)
        return slot

    def _problem(self, node: ast.expr, what: str) -> ExpressionError:
        before = self._encoded[: node.col_offset].decode()  # the parser counts bytes
        return problem(self._text, self._start + len(before), what)


def _usage(name: str) -> str:
    """Return how a function is called."""
    arity = FUNCTIONS[name].arity or 2
    arguments = "condition, a, b" if name == "where" else ", ".join("xyz"[:arity])
    return f"{name}({arguments})"
