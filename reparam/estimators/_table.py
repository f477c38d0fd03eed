"""The table of estimators."""

from __future__ import annotations

from reparam.estimators._categories import (
    Arm,
    DisArm,
    GumbelRao,
    HardConcrete,
    Rebar,
    ReinMax,
)
from reparam.estimators._differences import Smoothed, UnorderedSet
from reparam.estimators._discrete import Enumeration, Relaxed, StraightThrough
from reparam.estimators._estimator import Estimator
from reparam.estimators._measure_valued import MeasureValued
from reparam.estimators._pathwise import Antithetic, Pathwise, QuasiMonteCarlo
from reparam.estimators._score import ControlVariate, LeaveOneOut, MovingAverage, Score

__all__ = ["ESTIMATORS", "USUAL"]

#: All estimators by name.
ESTIMATORS: dict[str, type[Estimator]] = {
    cls.name: cls
    for cls in (
        Pathwise,
        Antithetic,
        QuasiMonteCarlo,
        Score,
        MovingAverage,
        LeaveOneOut,
        ControlVariate,
        UnorderedSet,
        MeasureValued,
        Smoothed,
        Enumeration,
        Arm,
        DisArm,
        Rebar,
        Relaxed,
        HardConcrete,
        StraightThrough,
        GumbelRao,
        ReinMax,
    )
}

#: Those that are taken, where they can serve, when none is asked for.
USUAL = ("pathwise", "score", "score-loo", "measure-valued", "enumeration")
