"""What ``reparam grad`` does with a loss: forwards, backwards, and the means."""

from __future__ import annotations

import io
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from reparam.cli import output, parsing, reading, replay
from reparam.cli.messages import report
from reparam.errors import InputError, ReparamError, did_you_mean

if TYPE_CHECKING:
    import numpy as np

    from reparam.base.distribution import Distribution
    from reparam.expressions import Expression
    from reparam.formats import Records
    from reparam.graphs import Expectation, Graph, Model
    from reparam.graphs._columns import Columns
    from reparam.graphs._evaluator import Source

__all__ = [
    "Draws",
    "checked",
    "fixed",
    "graph_is_meant",
    "of_distribution",
    "of_graph",
    "run",
    "settings",
]

#: Totals with more numbers than this are left to ``--sum``.
_FEW = 8

#: A comma before the next ``name=``.
_NEXT = re.compile(r",(?=\s*[^\W\d]\w*\s*=)")


@dataclass(frozen=True)
class Draws:
    """The options that select draws."""

    count: str | None
    seed: str | None
    shard: str | None
    noise: str | None

    @contextmanager
    def of(self, model: Model) -> Iterator[tuple[range, Source, int | None]]:
        """Give the draws' numbers, what makes them, and their seed if that is known."""
        if self.noise is not None:
            name, replayed = _replay(model, self.noise)
            numbers, source = model._replayed({name: replayed.arrays})
            yield numbers, source, replayed.seed
            return
        numbers = parsing.draws(self.count, self.shard, model.shape_of("loss"))
        with parsing.seeded(self.seed) as rng:
            yield numbers, model._streams(rng), rng


def of_distribution(
    dist: str, param: Sequence[str], loss: str, at: Sequence[str]
) -> tuple[Model, dict[str, str]]:
    """Return the graph of one distribution, y, and a loss; and other names of inputs for columns.

    A parameter that has a number, or its default, is an input; one that has a formula is a node.
    Formulas may call a parameter by any of its names.
    """
    from reparam import registry
    from reparam.base.discrete import Discrete
    from reparam.base.reparameterized import Reparameterized
    from reparam.graphs import Graph

    law = parsing.law(dist)
    cls: type[Distribution] = law if isinstance(law, type) else type(law)
    if issubclass(cls, Reparameterized | Discrete) and cls._support.rank:
        return _of_composition(dist, param, loss, at)
    if not issubclass(cls, Discrete):
        registry.reparameterized_class(cls)
    if cls._fields.keys() != cls.parameters.keys():
        return _of_composition(dist, param, loss, at)
    formulas: dict[str, Expression] = {}
    values: dict[str, Any] = {
        name: item.default if isinstance(law, type) else law[name]
        for name, item in cls.parameters.items()
    }
    given = {}
    for name, (key, text) in parsing.assignments(cls, param).items():
        given[key] = name
        if parsing.stands_for_numbers(text):
            values[name] = parsing.numbers(text, f"parameter {key}", key, name)
        else:
            del values[name]
            formulas[name] = _formula(text, f"parameter {key}")
            if "y" in formulas[name].names:
                raise InputError(
                    f"parameter {key}: y is what is drawn with it; use other names, and --at"
                )
    one = Graph(f"y ~ {cls.name}()", (cls,))
    used = [name for formula in formulas.values() for name in formula.names]
    used += _with_loss(one, loss).inputs
    assigned = settings(at)
    for key, name in given.items():
        if key in assigned and key != name:
            raise InputError(f"--at {key}: {key} is the parameter {name} here; pass one value")
    nodes = formulas | _aliases(cls, formulas, used, assigned)
    lines = [f"{name} = {nodes[name].text}" for name in _ordered(nodes)]
    lines.append(f"y ~ {cls.name}({', '.join(f'{name}={name}' for name in cls.parameters)})")
    graph = _with_loss(Graph("\n".join(lines), (cls,)), loss)
    return _with_inputs(graph, values, assigned), {}


def _of_composition(
    dist: str, param: Sequence[str], loss: str, at: Sequence[str]
) -> tuple[Model, dict[str, str]]:
    """Return the same of a distribution made of others, whose numbers are inputs."""
    from reparam.graphs import Graph
    from reparam.graphs._laws import Law

    found = parsing.law(dist)
    cls = found if isinstance(found, type) else type(found)
    of_vectors = cls._support.rank
    read = parsing.distribution if of_vectors else parsing.reparameterized
    law, names = Law.of(read(dist, [*param], "-p" if of_vectors else "--loss y"))
    graph = _with_loss(Graph(f"y ~ {law.name}()", (law,)), loss)  # type: ignore[arg-type]
    values = {name: value for name, (_, value) in names.items()}
    labels = {name: label for name, (label, _) in names.items()}
    return _with_inputs(graph, values, settings(at)), labels


def _aliases(
    cls: type[Distribution],
    formulas: Mapping[str, Expression],
    used: Iterable[str],
    free: Container[str],
) -> dict[str, Expression]:
    """Return nodes for the other names by which formulas call parameters.

    Such a name is free, and no alias, if ``--at`` gives it a value, or if the parameter is made of
    it: ``-p "loc=2*mu"``.
    """
    from reparam.expressions import Expression

    aliases = {}
    for alias in dict.fromkeys(used):
        if alias in cls.parameters and alias not in free:
            name = cls.parameters.canonical(alias)
            if name != alias and not (name in formulas and alias in formulas[name].names):
                aliases[alias] = Expression(name)
    return aliases


def _ordered(nodes: Mapping[str, Expression]) -> list[str]:
    """Return the names of nodes, each after those that it refers to."""
    from graphlib import CycleError, TopologicalSorter

    before = {name: [n for n in node.names if n in nodes] for name, node in nodes.items()}
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        first, *others = error.args[1][:-1]
        through = f" through {', '.join(others)}" if others else ""
        raise InputError(
            f"parameter {first} refers to itself{through}; use another name, and --at"
        ) from None


def graph_is_meant(graph: str | None, node: Sequence[str] | None, *of_one_law: object) -> bool:
    """Return whether there is a graph: then nothing may be given that is for one distribution."""
    if graph is None and not node:
        return False
    if any(of_one_law):
        raise InputError(
            "LAW, --dist and --param are for one distribution; leave them out, or --graph and"
            " --node"
        )
    return True


def of_graph(file: str | None, nodes: Sequence[str], loss: str | None, at: Sequence[str]) -> Model:
    """Return the graph that a file, lines after it, and a loss make."""
    from reparam.graphs import Graph

    graph = Graph("\n".join([*([] if file is None else [_read(file)]), *nodes]))
    if loss is not None:
        if "loss" in graph.names:
            raise InputError("the graph has a loss; leave its line out, or --loss")
        graph = _with_loss(graph, loss)
    elif "loss" not in graph.names:
        raise InputError(
            "the graph has no loss; pass --loss, or give it a line such as loss = y**2"
        )
    return _with_inputs(graph, {}, settings(at))


def _with_loss(graph: Graph, loss: str) -> Graph:
    """Return a graph with a loss, in which mistakes are those of ``--loss``."""
    from reparam.graphs import Graph

    if "#" in loss:  # no comment: refused as in any formula
        _formula(loss, "--loss")
    lines = [*graph.text.split("\n"), f"loss = {' '.join(loss.split())}"]
    try:
        return Graph("\n".join(lines), graph.classes)
    except ReparamError as error:
        what = str(error).removeprefix(f"line {len(lines)}: ")
        raise type(error)(f"--loss: {what}") from None


def run(
    model: Model,
    draws: Draws,
    *,
    out: str,
    format: str,
    dtype: np.dtype[Any],
    total: bool,
    labels: Mapping[str, str],
    fixed: Sequence[str] = (),
) -> None:
    """Write the columns, and report the means; or write these alone."""
    from reparam.formats import Origin, Records
    from reparam.graphs._columns import Columns

    with draws.of(model) as (numbers, source, seed):
        columns = Columns(model, numbers, source, labels, fixed)
        if total:
            output.write(_means(columns), out, format)
            _note(columns)
            return
        types = {
            name: parsing.dtype("float64") if name.startswith("noise") else dtype
            for name in columns.names
        }
        shape = (len(numbers), *columns.batch)
        laws = list(model._laws.values())  # of the one draw, if there is one
        origin = Origin.of(laws[0], seed) if len(model.graph.draws) == len(laws) == 1 else None
        output.write(Records(types, shape, columns.blocks(), numbers.start, origin), out, format)
        if columns.result:
            _report(columns.result, columns, to_stdout=out == "-" and format == "table")
            _note(columns)


def _formula(text: str, where: str) -> Expression:
    """Return a formula, in one line."""
    from reparam.expressions import Expression
    from reparam.graphs._parse import locating

    with locating(where):
        return Expression(" ".join(Expression(text).text.split()))


def _read(file: str) -> str:
    """Return the text of a graph, or as much as shows that it is too long: of stdin for ``-``."""
    from reparam.graphs._parse import MAX_LENGTH

    name = "stdin" if file == "-" else file
    try:
        with _opened(file) as raw:
            # what begins with a byte order mark begins after it
            source = io.TextIOWrapper(raw, encoding="utf-8-sig")
            text = source.read(MAX_LENGTH + 1).rstrip("\n")
            source.detach()
            return text
    except UnicodeDecodeError:
        reason = "it is not text in UTF-8"
    except InputError as error:
        reason = str(error)
    except (OSError, ValueError) as error:  # a ValueError: the name has a byte 0
        reason = getattr(error, "strerror", None) or str(error)
    raise InputError(f"--graph: can't read {name}: {reason}")


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    """Open a file, or stdin for ``-``, which stays open."""
    return nullcontext(reading.stdin()) if file == "-" else Path(file).open("rb")


def settings(at: Sequence[str], option: str = "--at") -> dict[str, str]:
    """Return what ``--at``, or another option, gives names."""
    given: dict[str, str] = {}
    for text in (part for each in at for part in _NEXT.split(each)):
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value:
            raise InputError(
                f"{option} {text.strip()!r} is not of the form NAME=VALUE; write w=0.5"
            )
        if name in given:
            raise InputError(f"{option} {name}: {name} has a value already; pass one")
        given[name] = value
    return given


def fixed(fix: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Return the inputs that ``--fix`` names, and the values that it gives, as ``--at`` does."""
    given = [text for text in fix or [] if "=" in text]
    names = [part.strip() for text in fix or [] if "=" not in text for part in text.split(",")]
    return [*names, *settings(given, "--fix")], given


def checked(names: Sequence[str], model: Model) -> Sequence[str]:
    """Return names that ``--fix`` has, if the graph has such inputs."""
    for name in names:
        if name not in model.inputs:
            raise InputError(
                f"--fix {name}: no formula has an input {name}{did_you_mean(name, model.inputs)}"
                f" (there are: {', '.join(model.inputs) or 'none'}); leave it out"
            )
    return names


def _with_inputs(graph: Graph, values: Mapping[str, Any], assigned: Mapping[str, str]) -> Model:
    """Return the graph with the values that its inputs have, and are given."""
    given: dict[str, Any] = {name: value for name, value in values.items() if name in graph.inputs}
    for name, text in assigned.items():
        if name not in graph.inputs:
            free = [known for known in graph.inputs if known not in values]
            raise InputError(
                f"--at {name}: no formula has an input {name}{did_you_mean(name, free)}"
                f" (there are: {', '.join(free) or 'none'}); leave it out"
            )
        if name in given:
            raise InputError(f"--at {name}: {name} has a value already; pass one")
        given[name] = parsing.numbers(text, f"--at {name}", name)
    missing = [name for name in graph.inputs if name not in given]
    if missing:
        raise InputError(
            f"formulas need a value for {', '.join(missing)}; pass --at {missing[0]}=VALUE"
        )
    return graph.at(**given)


def _replay(model: Model, text: str) -> tuple[str, replay.Replay]:
    """Return what given noise makes, and the noise."""
    drawn = model.graph.draws
    if len(drawn) != 1:
        raise InputError(
            f"--noise is that of one draw, and the graph has {len(drawn)}"
            f" ({', '.join(drawn) or 'none'}); pass --seed"
        )
    return drawn[0], replay.noise(model._laws[drawn[0]], text)


def _means(columns: Columns) -> Records:
    """Return the means and standard errors as records, which are computed when written."""
    import numpy as np

    from reparam.formats import Records

    model = columns.model
    inputs = {f"dJ_d{columns.label(name)}": model.inputs[name].size for name in columns.inputs}
    sizes = {"loss": 1, **inputs}
    labels = {
        "quantity": np.repeat(list(sizes), list(sizes.values())),
        "element": np.concatenate([np.arange(size) for size in sizes.values()]),
    }

    def block() -> Iterator[dict[str, Any]]:
        result = columns.expectation()
        errors = result.standard_error
        means = [result.value, *result.gradient.values()]
        yield {
            **labels,
            "mean": np.concatenate(list(map(np.ravel, means))),
            "standard_error": np.concatenate(
                list(map(np.ravel, [errors.value, *errors.gradient.values()]))
            ),
        }

    types = {name: column.dtype for name, column in labels.items()}
    types |= dict.fromkeys(["mean", "standard_error"], parsing.dtype("float64"))
    return Records(types, labels["element"].shape, block())


def _note(columns: Columns) -> None:
    """Print what the means don't show."""
    for note in columns.result.notes if columns.result else ():
        report("Note", note)


def _report(result: Expectation, columns: Columns, *, to_stdout: bool) -> None:
    """Report the means: below a table, otherwise on stderr."""
    import numpy as np

    errors = result.standard_error
    rows = {"E[J]": (result.value, errors.value)}
    for name in columns.inputs:
        rows[f"∂E[J]/∂{columns.label(name)}"] = (result.gradient[name], errors.gradient[name])
    lines = []
    for label, (mean, error) in rows.items():
        pairs = list(zip(np.ravel(mean).tolist(), np.ravel(error).tolist(), strict=True))
        text = ", ".join(f"{value:.10g} ± {spread:.2g}" for value, spread in pairs[:_FEW])
        more = f", … ({len(pairs)} values; --sum writes all)" if len(pairs) > _FEW else ""
        lines.append(f"{label} = {text}{more}\n")
    typer.echo("".join(lines), nl=False, err=not to_stdout)
