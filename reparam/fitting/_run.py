"""A fit under way: its steps one by one, from the beginning or from where a trace ends."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from reparam._typing import Array, RNGLike
from reparam.engine.noise import seed_sequence
from reparam.engine.shapes import check_memory
from reparam.errors import FitError, GraphError, ParameterError, did_you_mean
from reparam.fitting._curvature import sandwich
from reparam.fitting._result import Fit, average, change, window
from reparam.fitting._settings import Adam, Settings
from reparam.fitting._trace import Trace
from reparam.graphs import Expectation, Model

__all__ = ["Run"]

#: Whether to stop is decided after this many steps, and whenever they have doubled.
_FIRST = 400

#: Further draws for the loss at the result, at most.
_MOST = 10**6

#: Inputs whose curvature is measured, at most, and the draws for that.
_CURVED, _DRAWS = 50, 10_000


class Run:
    """A fit under way: iterating over it takes the steps.

    Parameters
    ----------
    model
        The graph, with the inputs' starting values.
    settings
        How to fit it.
    fixed
        The names of the inputs that keep their values.
    rng
        What draws are made of.
    resume
        The trace of the steps that have been taken.
    """

    def __init__(
        self,
        model: Model,
        settings: Settings,
        *,
        fixed: Sequence[str] = (),
        rng: RNGLike = None,
        resume: Trace | None = None,
    ) -> None:
        for name in fixed:
            if name not in model.inputs:
                raise GraphError(
                    f"{name} is not an input{did_you_mean(name, model.inputs)}"
                    f" (the inputs are {', '.join(model.inputs) or 'none'})"
                )
        self.model, self.settings = model, settings
        self.shapes = {n: v.shape for n, v in model.inputs.items() if n not in fixed}
        if not self.shapes:
            raise FitError(
                "there is nothing to fit: make the loss or a parameter a formula of an input,"
                " such as loc=m with m=0"
            )
        self._root = seed_sequence(rng)
        self._adam = Adam(self._flat(model.inputs))
        check_memory([(2, settings.steps, self._adam.inputs.size)])
        self._rows: list[tuple[float, float, Array, Array]] = []
        if resume is not None:
            self._repeat(resume)

    def __iter__(self) -> Iterator[int]:
        """Take the steps, and yield how many have been taken after each."""
        while not self.is_done:
            found = self._found(self._adam.inputs, self.settings.numbers(len(self._rows)))
            self._move(found.value, found.standard_error.value, self._flat(found.gradient))
            yield len(self._rows)

    @property
    def is_done(self) -> bool:
        """Whether all steps have been taken, or the loss at a constant rate falls no more."""
        taken, settings = len(self._rows), self.settings
        if taken >= settings.steps or settings.schedule != "constant":
            return taken >= settings.steps
        doublings, rest = divmod(taken, _FIRST)
        if rest or not doublings or doublings & (doublings - 1):
            return False
        losses, errors = (np.array([row[k] for row in self._rows]) for k in (0, 1))
        last = change(losses, errors)
        return last.has_settled and last.standard_error <= settings.tolerance

    @property
    def trace(self) -> Trace:
        """The steps that have been taken."""
        losses, errors = (np.array([row[k] for row in self._rows], np.float64) for k in (0, 1))
        inputs, gradients = (
            np.array([row[k] for row in self._rows]).reshape(-1, self._adam.inputs.size)
            for k in (2, 3)
        )
        return Trace(losses, errors, self._named(inputs), self._named(gradients))

    def result(self) -> Fit:
        """Return what the steps found."""
        trace = self.trace
        if not len(trace):
            raise FitError("no step was taken, so that there is no result; take one or more")
        rows = np.array([row[2] for row in self._rows])
        means, errors = average(rows)
        first = self.settings.numbers(len(trace)).start
        further = min(self.settings.draws * -(-len(trace) // 2), _MOST)
        draws = range(first, first + max(further, self.settings.draws))
        inputs = self._inputs(means)
        theirs = self._errors(means, rows[window(len(rows))], draws)
        errors = np.where(np.isnan(theirs), errors, np.maximum(errors, theirs))
        return Fit(
            self.model.graph.at(**{**self.model.inputs, **inputs}),
            inputs,
            self._inputs(errors),
            self._found(means, draws),
            change(trace.loss, trace.standard_error),
            trace,
        )

    def _errors(self, means: Array, iterates: Array, draws: range) -> Array:
        """Return the standard errors that the curvature at the result implies; NaN if unknown."""
        unknown = np.full_like(means, np.nan)
        if means.size > _CURVED:
            return unknown
        few = range(draws.start, min(draws.stop, draws.start + _DRAWS))
        model = self.model.graph.at(**{**self.model.inputs, **self._inputs(means)})
        terms = model.rsample(len(few), rng=self._root).gradient(*self.shapes)

        def gradient(inputs: Array) -> Array:
            return self._flat(self._found(inputs, few).gradient)

        try:
            return sandwich(
                gradient,
                means,
                iterates.std(axis=0),
                self._rowwise(terms, len(few)),
                self.settings.draws * len(iterates),
            )
        except FitError:  # a point near the result is outside the domain
            return unknown

    def _move(self, loss: Array, error: Array, gradient: Array) -> None:
        """Keep what was found, and take the step."""
        taken = len(self._rows)
        self._rows.append((float(loss), float(error), self._adam.inputs, gradient))
        self._adam.move(gradient, self.settings.rate_at(taken))

    def _found(self, inputs: Array, draws: range) -> Expectation:
        """Return E[J] and its gradient at some inputs, from the draws with those numbers."""
        values = self._inputs(inputs)
        here = f"step {len(self._rows)}"
        try:
            model = self.model.graph.at(**{**self.model.inputs, **values})
            found = model.expectation(draws, rng=self._root, wrt=tuple(self.shapes))
        except ParameterError as error:
            raise FitError(
                f"{here}: {error}; keep it inside by a formula, such as scale=exp(s), or lower the"
                " rate"
            ) from error
        for name, value in {"the loss": found.value, **found.gradient}.items():
            if not np.all(np.isfinite(value)):
                what = name if name == "the loss" else f"∂E[J]/∂{name}"
                bad = float(np.ravel(value)[np.argmin(np.isfinite(np.ravel(value)))])
                raise FitError(
                    f"{here}: {what} is {bad} at {_shown(values)}; start elsewhere, lower the rate,"
                    " or write the loss so that it is finite there"
                )
        return found

    def _repeat(self, trace: Trace) -> None:
        """Take the steps of a trace again, without drawing; then draw the last, to compare."""
        if {name: values.shape[1:] for name, values in trace.inputs.items()} != self.shapes:
            raise FitError(
                f"the trace is of {', '.join(trace.inputs)}, and the fit of"
                f" {', '.join(self.shapes)} with other shapes or names; fit what it is of"
            )
        if len(trace) > self.settings.steps:
            raise FitError(
                f"the trace has {len(trace)} steps, more than steps={self.settings.steps}; pass as"
                " many or more"
            )
        inputs = self._rowwise(trace.inputs, len(trace))
        gradients = self._rowwise(trace.gradient, len(trace))
        for step, (loss, error) in enumerate(zip(trace.loss, trace.standard_error, strict=True)):
            if not np.array_equal(inputs[step], self._adam.inputs):
                raise FitError(
                    "the trace starts at other inputs; pass the starting values that it has"
                    if not step
                    else f"step {step} of the trace doesn't follow from the one before; pass the"
                    " rate, the schedule and, for a cosine, the steps that it was made with"
                )
            self._move(loss, error, gradients[step])
        if self._rows:
            taken, last = len(self._rows) - 1, self._rows[-1]
            found = self._found(last[2], self.settings.numbers(taken))
            if float(found.value) != last[0]:
                raise FitError(
                    f"step {taken} of the trace has a loss of {last[0]!r}, and here it is"
                    f" {float(found.value)!r}; pass the seed, the draws a step, the loss and the"
                    " fixed inputs that the trace was made with"
                )

    def _flat(self, values: Mapping[str, Array]) -> Array:
        return np.concatenate([np.ravel(values[name]) for name in self.shapes])

    def _rowwise(self, values: Mapping[str, Array], count: int) -> Array:
        sizes = {name: math.prod(shape) for name, shape in self.shapes.items()}
        return np.concatenate([values[n].reshape(count, k) for n, k in sizes.items()], axis=1)

    def _inputs(self, row: Array) -> dict[str, Array]:
        """Return numbers by the names of the inputs."""
        return {name: values[0] for name, values in self._named(row[np.newaxis]).items()}

    def _named(self, rows: Array) -> dict[str, Array]:
        """Return rows of numbers by the names of the inputs."""
        found, start = {}, 0
        for name, shape in self.shapes.items():
            stop = start + math.prod(shape)
            found[name] = rows[:, start:stop].reshape(len(rows), *shape)
            start = stop
        return found


def _shown(values: Mapping[str, Array]) -> str:
    """Return inputs as messages show them."""
    return ", ".join(
        f"{name}={float(value):.6g}" if np.ndim(value) == 0 else f"{name}=[…]"
        for name, value in values.items()
    )
