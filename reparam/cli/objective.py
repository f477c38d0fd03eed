"""What ``reparam grad`` does with a loss: forwards, backwards, and the means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from reparam.cli import output, parsing
from reparam.errors import InputError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from reparam._typing import Array
    from reparam.formats import Records
    from reparam.graphs import Expectation, Graph, Model
    from reparam.graphs._columns import Columns
    from reparam.graphs._model import Source

__all__ = ["Draws", "of_distribution", "of_graph", "run"]

#: Totals with more numbers than this are left to ``--sum``.
_FEW = 8

#: A comma before the next ``name=``.
_NEXT = re.compile(r",(?=\s*[^\W\d]\w*\s*=)")


@dataclass(frozen=True)
class Draws:
    """The options that say which draws there are."""

    count: str | None
    seed: str | None
    shard: str | None
    noise: str | None

    @contextmanager
    def of(self, model: Model) -> Iterator[tuple[range, Source]]:
        """Give the draws' numbers, and what makes them."""
        if self.noise is not None:
            yield model._replayed(_noise(model, self.noise))
            return
        numbers = parsing.draws(self.count, self.shard, model.shape_of("loss"))
        with parsing.seeded(self.seed) as rng:
            yield numbers, model._streams(rng)


def of_distribution(dist: str, param: Sequence[str], loss: str, at: Sequence[str]) -> Model:
    """Return the graph of one distribution, y, and a loss.

    A parameter that has a number, or its default, is an input; one that has a formula is a node.
    """
    from reparam import registry
    from reparam.graphs import Graph

    cls = registry.reparameterized(dist)
    lines: list[str] = []
    values: dict[str, Any] = {name: item.default for name, item in cls.parameters.items()}
    for name, (key, text) in parsing.assignments(cls, param).items():
        if parsing.stands_for_numbers(text):
            values[name] = parsing.numbers(text, f"parameter {key}", key, name)
        else:
            del values[name]
            lines.append(f"{name} = {_formula(text, f'parameter {key}')}")
    lines.append(f"y ~ {cls.name}({', '.join(f'{name}={name}' for name in cls.parameters)})")
    lines.append(f"loss = {_formula(loss, '--loss')}")
    return _with_inputs(Graph("\n".join(lines)), values, at)


def of_graph(file: str | None, nodes: Sequence[str], loss: str | None, at: Sequence[str]) -> Model:
    """Return the graph that a file, lines after it, and a loss make."""
    from reparam.graphs import Graph

    graph = Graph("\n".join([*([] if file is None else [_read(file)]), *nodes]))
    if loss is not None:
        if "loss" in graph.names:
            raise InputError("the graph has a loss; leave its line out, or --loss")
        graph = Graph(f"{graph.text}\nloss = {_formula(loss, '--loss')}")
    elif "loss" not in graph.names:
        raise InputError(
            "the graph has no loss; pass --loss, or give it a line such as loss = y**2"
        )
    return _with_inputs(graph, {}, at)


def run(
    model: Model,
    draws: Draws,
    *,
    out: str,
    format: str,
    dtype: np.dtype[Any],
    total: bool,
) -> None:
    """Write the columns, and tell the means; or write these alone."""
    from reparam.formats import Records
    from reparam.graphs._columns import Columns

    with draws.of(model) as (numbers, source):
        columns = Columns(model, numbers, source)
        if total:
            output.write(_means(columns), out, format)
            return
        types = {
            name: parsing.dtype("float64") if name == "noise" else dtype for name in columns.names
        }
        shape = (len(numbers), *columns.batch)
        output.write(Records(types, shape, columns.blocks(), first=numbers.start), out, format)
        if columns.result:
            _report(columns.result, model, to_stdout=out == "-" and format == "table")


def _formula(text: str, where: str) -> str:
    """Return the text of a formula, in one line."""
    from reparam.expressions import Expression
    from reparam.graphs._parse import locating

    with locating(where):
        return " ".join(Expression(text).text.split())


def _read(file: str) -> str:
    from reparam.graphs._parse import MAX_LENGTH

    try:
        with open(file, encoding="utf-8") as source:  # noqa: PTH123 - an open file knows its name
            return source.read(MAX_LENGTH + 1).rstrip("\n")
    except OSError as error:
        raise InputError(f"--graph: can't read {file}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise InputError(f"--graph: can't read {file}: it is not text in UTF-8") from None


def _with_inputs(graph: Graph, values: Mapping[str, Any], at: Sequence[str]) -> Model:
    """Return the graph with the values that its inputs have, and are given."""
    given: dict[str, Any] = {name: value for name, value in values.items() if name in graph.inputs}
    for text in (part for option in at for part in _NEXT.split(option)):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value:
            raise InputError(f"--at {text.strip()!r} is not of the form NAME=VALUE; write w=0.5")
        if name not in graph.inputs:
            free = [known for known in graph.inputs if known not in values]
            raise InputError(
                f"--at {name}: no formula has an input {name}{did_you_mean(name, free)}"
                f" (there are: {', '.join(free) or 'none'}); leave it out"
            )
        if name in given:
            raise InputError(f"--at {name}: {name} has a value already; pass one")
        given[name] = parsing.numbers(value, f"--at {name}", name)
    missing = [name for name in graph.inputs if name not in given]
    if missing:
        raise InputError(
            f"formulas need a value for {', '.join(missing)}; pass --at {missing[0]}=VALUE"
        )
    return graph.at(**given)


def _noise(model: Model, text: str) -> dict[str, Array]:
    """Return given noise, by the name of what it makes."""
    drawn = model.graph.draws
    if len(drawn) != 1:
        raise InputError(
            f"--noise is that of one draw, and the graph has {len(drawn)}"
            f" ({', '.join(drawn) or 'none'}); pass --seed"
        )
    values, shape = parsing.numbers(text, "noise", "noise"), model.shape_of(drawn[0])
    return {drawn[0]: parsing.by_draw(values, shape)}


def _means(columns: Columns) -> Records:
    """Return the means and standard errors as records.

    They are computed here, before anything is written: on the main thread, where signals are
    heeded.
    """
    import numpy as np

    from reparam.formats import Records

    result = columns.expectation()
    means = {"loss": result.value} | {f"dJ_d{name}": at for name, at in result.gradient.items()}
    errors = [result.standard_error.value, *result.standard_error.gradient.values()]
    sizes = {name: mean.size for name, mean in means.items()}
    block = {
        "quantity": np.repeat(list(sizes), list(sizes.values())),
        "element": np.concatenate([np.arange(size) for size in sizes.values()]),
        "mean": np.concatenate(list(map(np.ravel, means.values()))),
        "standard_error": np.concatenate(list(map(np.ravel, errors))),
    }
    types = {name: column.dtype for name, column in block.items()}
    return Records(types, block["element"].shape, iter([block]))


def _report(result: Expectation, model: Model, *, to_stdout: bool) -> None:
    """Tell the means: below a table, otherwise on stderr."""
    import numpy as np

    errors = result.standard_error
    told = {"E[J]": (result.value, errors.value)}
    for name in model.graph.inputs:
        told[f"∂E[J]/∂{name}"] = (result.gradient[name], errors.gradient[name])
    lines = []
    for label, (mean, error) in told.items():
        pairs = list(zip(np.ravel(mean).tolist(), np.ravel(error).tolist(), strict=True))
        text = ", ".join(f"{value:.10g} ± {spread:.2g}" for value, spread in pairs[:_FEW])
        more = f", … ({len(pairs)} values; --sum writes all)" if len(pairs) > _FEW else ""
        lines.append(f"{label} = {text}{more}\n")
    typer.echo("".join(lines), nl=False, err=not to_stdout)
