"""Objectives and parameter formulas given as text, differentiated exactly.

Text becomes a tape in three steps, and nothing is ever executed as Python: ``_scan`` reads it token
by token and refuses what isn't arithmetic, ``_parse`` turns the syntax tree into a tape against an
allow-list, and ``_tape`` evaluates that with NumPy, forwards for the value and backwards for the
derivatives. ``_functions`` is the table of all that may be called.
"""

from reparam.expressions._expression import Expression

__all__ = ["Expression"]
