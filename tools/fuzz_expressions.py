"""Feed the parsers of formulas and graphs what a coverage-guided fuzzer comes up with.

``python tools/fuzz_expressions.py -max_total_time=600`` needs ``pip install atheris``; further
arguments are libFuzzer's, such as a directory to keep the inputs it found in. Text must be a
formula or give an ``ExpressionError``, and take less than a second. A formula must have the same
value with derivatives and without, on its own and with neighbours, and warn of nothing. A graph
must be one or give an error of the library's in one sentence, as must some draws of it.
"""

from __future__ import annotations

import sys
import time
import warnings

import atheris
import numpy as np

with atheris.instrument_imports(include=["reparam.expressions", "reparam.graphs"]):
    from reparam.errors import ExpressionError, ReparamError
    from reparam.expressions import Expression, _functions
    from reparam.graphs import Graph
    from reparam.graphs._columns import Columns

POINTS = np.array([-2.5, -1.0, 0.0, 0.5, 1.0, 700.0, np.inf, np.nan])

#: What text is made of in a third of the cases: nearly everything that formulas have.
WORDS = (
    *(f"{name}(" for name in _functions.FUNCTIONS),
    *"xyμe0129.,()+-*/<>",
    *(
        "**",
        "<=",
        ">=",
        "==",
        "!=",
        " and ",
        " or ",
        "not ",
        "pi",
        "0.5",
        "1e308",
        " ",
        "where(x>y,",
    ),
)

#: What formulas are made of in a third of the cases: the number of arguments, and the form.
FORMS = (
    *[(0, leaf) for leaf in ("x", "y", "z", "x", "y", "0", "1", "2", "0.5", "3", "1e200", "pi")],
    *[(1, f"{name}({{}})") for name, row in _functions.FUNCTIONS.items() if row.arity == 1],
    *[(2, f"{name}({{}}, {{}})") for name in ("max", "min", "maximum", "minimum", "logaddexp")],
    *[(1, form) for form in ("-{}", "({})**2", "({})**3", "({})**0.5", "({})**-1", "({})**0")],
    *[(2, form) for form in ("({} + {})", "({} - {})", "({})*({})", "({})/({})", "({})**({})")],
    *[(3, "max({}, {}, {})"), (3, "clip({}, {}, {})")],
    *[(4, f"where({{}} {sign} {{}}, {{}}, {{}})") for sign in ("<", "<=", ">", ">=", "==", "!=")],
    (6, "where({} > 0 and not {} < {} or {} == 1, {}, {})"),
)

#: What graphs are made of.
GRAPH_WORDS = (
    *(f"{name} ~ " for name in "kbzw"),
    *(f"{law}(" for law in ("poisson", "bernoulli", "gaussian", "gamma", "categorical", "laplace")),
    *("mvn(", "one-hot(", "independent(", "dirichlet(", "dot(", "w", "[0]", "[0, 1]", "[z, x]"),
    *("w ~ independent(gaussian, gamma)", "w ~ mvn([x, 1])", "sum(w)"),
    *("log_prob(", "entropy(", "kl(", "sum(", "stop_gradient(", "truncated(", "mixture(", "exp("),
    *(" relaxed(", " straight-through(", " observed(", " relax(", "loc=", "scale=", "low="),
    *("\n", "\nloss = ", "loss = ", "a = ", "z", "k", "b", "x", "0.5", "1", "[", "]", "(", ")"),
    *(", ", " + ", " - ", "*", "/", "**2", ".", "=", "~", "#", "_", "é", "z.loc", "_____0", " "),
)


def text_of(data: bytes) -> str:
    """Return the text that bytes stand for: a formula, words of formulas, or characters."""
    match data[:1]:
        case b"f":
            return formula(data[1:])
        case b"w":
            return "".join(WORDS[byte % len(WORDS)] for byte in data[1:])
    return atheris.FuzzedDataProvider(data[1:]).ConsumeUnicode(len(data))


def formula(data: bytes) -> str:
    """Return a formula: each byte is a value, or a function of the last ones."""
    parts = ["x"]
    for byte in data:
        arity, form = FORMS[byte % len(FORMS)]
        arguments = [parts.pop() for _ in range(min(arity, len(parts)))]
        parts.append(form.format(*arguments, *["y"] * (arity - len(arguments))))
    return parts[-1]


def check(data: bytes) -> None:
    """Check one input."""
    start = time.process_time()
    if data[:1] == b"g":
        text = "".join(GRAPH_WORDS[byte % len(GRAPH_WORDS)] for byte in data[1:])
        draw(text)
        finish(text, start)
        return
    text = text_of(data)
    try:
        expression = Expression(text)
    except ExpressionError:
        expression = None
    if expression:
        evaluate(expression)
    finish(text, start)


def finish(text: str, start: float) -> None:
    """Check that a text took no longer than it may."""
    if (seconds := time.process_time() - start) > 1.0:
        raise AssertionError(f"{text!r}: took {seconds:.1f} s")


def draw(text: str) -> None:
    """Check a graph: as text, and some draws of it."""
    try:
        graph = Graph(text)
        inputs = dict.fromkeys(graph.inputs, 0.5)
        models = [graph.at(**inputs), graph.at(**{name: [0.5, 0.5] for name in inputs})]
        for model in models if "loss" in graph.names else ():
            model.expectation(20, rng=1)
            list(Columns(model, range(3), model._streams(1)).blocks())
    except ReparamError as error:
        if "\n" in str(error) or not str(error):
            raise AssertionError(f"{text!r}: {error} is not one sentence") from None


def evaluate(expression: Expression) -> None:
    """Check the values and derivatives of a formula."""
    inputs = {name: np.roll(POINTS, k) for k, name in enumerate(expression.names)}
    value, gradient = expression.gradient(inputs)
    same = np.array_equal(value, expression.value(inputs), equal_nan=True)
    if not same or list(gradient) != list(expression.names):
        raise AssertionError(f"{expression!r}: the value with derivatives is another")
    one, slopes = expression.gradient({name: array[3] for name, array in inputs.items()})
    for name, slope in {"": one, **slopes}.items():
        whole = gradient[name] if name else value
        if not np.array_equal(slope, np.broadcast_to(whole, POINTS.shape)[3], equal_nan=True):
            raise AssertionError(f"{expression!r}: an element depends on its neighbours")


def main() -> None:
    warnings.simplefilter("error")
    limits = ["-timeout=60", "-max_len=2000"]
    atheris.Setup([sys.argv[0], *limits, *sys.argv[1:]], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
