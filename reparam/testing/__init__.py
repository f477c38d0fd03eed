"""The conformance suite: what every distribution must satisfy, built in or not.

In a plugin's tests::

    import pytest
    from reparam import testing
    from mypackage import Kumaraswamy


    @pytest.mark.parametrize("has_property", testing.PROPERTIES, ids=lambda p: p.__name__)
    def test_conformance(has_property):
        has_property(Kumaraswamy)

Each property takes the distribution's class, and looks at it with parameters from their declared
typical ranges, the same ones each time. Formulas are compared with each other and with numerical
differentiation, moments with quadrature, draws with the cdf. An ``AssertionError`` says which
distribution, with which parameters, what was compared where, and what was got and expected.
"""

from __future__ import annotations

from collections.abc import Callable

from reparam.testing._declaration import (
    declares_itself,
    is_frozen,
    refuses_bad_noise,
    refuses_bad_parameters,
)
from reparam.testing._draws import (
    derivatives_agree,
    draws_follow_cdf,
    draws_of_one_distribution_agree,
    draws_repeat,
    draws_replay,
    elements_are_independent,
    jacobian_differentiates_transform,
    pathwise_agrees_with_jacobian,
)
from reparam.testing._formulas import (
    density_differentiates_cdf,
    implicit_identity,
    lies_in_support,
    moments_match_quadrature,
    quantile_inverts_cdf,
    score_differentiates_log_prob,
    tails_integrate_density,
)
from reparam.testing._report import Distributions
from reparam.testing._typical import typical

__all__ = ["PROPERTIES", "typical"]

#: Every property, a function of the distribution's class that raises ``AssertionError``.
PROPERTIES: tuple[Callable[[Distributions], None], ...] = (
    declares_itself,
    refuses_bad_parameters,
    refuses_bad_noise,
    is_frozen,
    draws_repeat,
    draws_replay,
    draws_follow_cdf,
    lies_in_support,
    quantile_inverts_cdf,
    density_differentiates_cdf,
    tails_integrate_density,
    score_differentiates_log_prob,
    jacobian_differentiates_transform,
    implicit_identity,
    pathwise_agrees_with_jacobian,
    derivatives_agree,
    draws_of_one_distribution_agree,
    elements_are_independent,
    moments_match_quadrature,
)
