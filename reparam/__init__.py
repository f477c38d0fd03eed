"""Distribution reparameterization: draws y = f(z; θ) with exact pathwise derivatives ∂y/∂θ.

>>> import reparam as rp
>>> draw = rp.Gaussian(loc=0.6, scale=0.4).transform(-0.7)
>>> round(float(draw.value), 12)
0.32
>>> {name: float(gradient) for name, gradient in draw.vjp(1.5).items()}
{'loc': 1.5, 'scale': -1.0499999999999998}
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reparam.registry import BUILT_IN, module_of

if TYPE_CHECKING:
    from reparam._kernels import show_kernels as show_kernels
    from reparam.base.discrete import Discrete as Discrete
    from reparam.base.distribution import About as About
    from reparam.base.distribution import Distribution as Distribution
    from reparam.base.draw import Draw as Draw
    from reparam.base.mechanisms import Implicit as Implicit
    from reparam.base.mechanisms import InverseCDF as InverseCDF
    from reparam.base.mechanisms import LocationScale as LocationScale
    from reparam.base.reparameterized import Reparameterized as Reparameterized
    from reparam.base.tails import Tail as Tail
    from reparam.distributions.asymmetric_laplace import AsymmetricLaplace as AsymmetricLaplace
    from reparam.distributions.bates import Bates as Bates
    from reparam.distributions.bernoulli import Bernoulli as Bernoulli
    from reparam.distributions.beta import Beta as Beta
    from reparam.distributions.beta_binomial import BetaBinomial as BetaBinomial
    from reparam.distributions.beta_prime import BetaPrime as BetaPrime
    from reparam.distributions.binomial import Binomial as Binomial
    from reparam.distributions.burr_xii import BurrXII as BurrXII
    from reparam.distributions.categorical import Categorical as Categorical
    from reparam.distributions.cauchy import Cauchy as Cauchy
    from reparam.distributions.chi import Chi as Chi
    from reparam.distributions.chi_square import ChiSquare as ChiSquare
    from reparam.distributions.concrete import Concrete as Concrete
    from reparam.distributions.continuous_bernoulli import (
        ContinuousBernoulli as ContinuousBernoulli,
    )
    from reparam.distributions.dagum import Dagum as Dagum
    from reparam.distributions.dirichlet import Dirichlet as Dirichlet
    from reparam.distributions.dirichlet_multinomial import (
        DirichletMultinomial as DirichletMultinomial,
    )
    from reparam.distributions.discrete_uniform import DiscreteUniform as DiscreteUniform
    from reparam.distributions.ex_gaussian import ExGaussian as ExGaussian
    from reparam.distributions.exp_gamma import ExpGamma as ExpGamma
    from reparam.distributions.exponential import Exponential as Exponential
    from reparam.distributions.f import F as F
    from reparam.distributions.frechet import Frechet as Frechet
    from reparam.distributions.gamma import Gamma as Gamma
    from reparam.distributions.gaussian import Gaussian as Gaussian
    from reparam.distributions.generalized_extreme_value import (
        GeneralizedExtremeValue as GeneralizedExtremeValue,
    )
    from reparam.distributions.generalized_gamma import GeneralizedGamma as GeneralizedGamma
    from reparam.distributions.generalized_logistic import (
        GeneralizedLogistic as GeneralizedLogistic,
    )
    from reparam.distributions.generalized_normal import GeneralizedNormal as GeneralizedNormal
    from reparam.distributions.generalized_pareto import GeneralizedPareto as GeneralizedPareto
    from reparam.distributions.geometric import Geometric as Geometric
    from reparam.distributions.gompertz import Gompertz as Gompertz
    from reparam.distributions.gumbel import Gumbel as Gumbel
    from reparam.distributions.half_cauchy import HalfCauchy as HalfCauchy
    from reparam.distributions.half_normal import HalfNormal as HalfNormal
    from reparam.distributions.half_student_t import HalfStudentT as HalfStudentT
    from reparam.distributions.horseshoe import Horseshoe as Horseshoe
    from reparam.distributions.hypergeometric import Hypergeometric as Hypergeometric
    from reparam.distributions.inverse_gamma import InverseGamma as InverseGamma
    from reparam.distributions.inverse_gaussian import InverseGaussian as InverseGaussian
    from reparam.distributions.inverse_wishart import InverseWishart as InverseWishart
    from reparam.distributions.johnson_sb import JohnsonSB as JohnsonSB
    from reparam.distributions.johnson_su import JohnsonSU as JohnsonSU
    from reparam.distributions.kumaraswamy import Kumaraswamy as Kumaraswamy
    from reparam.distributions.laplace import Laplace as Laplace
    from reparam.distributions.levy import Levy as Levy
    from reparam.distributions.lkj_cholesky import LKJCholesky as LKJCholesky
    from reparam.distributions.log_logistic import LogLogistic as LogLogistic
    from reparam.distributions.log_normal import LogNormal as LogNormal
    from reparam.distributions.log_uniform import LogUniform as LogUniform
    from reparam.distributions.logistic import Logistic as Logistic
    from reparam.distributions.logistic_normal import LogisticNormal as LogisticNormal
    from reparam.distributions.logit_normal import LogitNormal as LogitNormal
    from reparam.distributions.low_rank_gaussian import (
        LowRankMultivariateGaussian as LowRankMultivariateGaussian,
    )
    from reparam.distributions.matrix_gaussian import MatrixGaussian as MatrixGaussian
    from reparam.distributions.maxwell import Maxwell as Maxwell
    from reparam.distributions.moyal import Moyal as Moyal
    from reparam.distributions.multinomial import Multinomial as Multinomial
    from reparam.distributions.multivariate_gaussian import (
        MultivariateGaussian as MultivariateGaussian,
    )
    from reparam.distributions.multivariate_student_t import (
        MultivariateStudentT as MultivariateStudentT,
    )
    from reparam.distributions.nakagami import Nakagami as Nakagami
    from reparam.distributions.negative_binomial import NegativeBinomial as NegativeBinomial
    from reparam.distributions.noncentral_chi_square import (
        NoncentralChiSquare as NoncentralChiSquare,
    )
    from reparam.distributions.normal_inverse_gaussian import (
        NormalInverseGaussian as NormalInverseGaussian,
    )
    from reparam.distributions.one_hot_categorical import OneHotCategorical as OneHotCategorical
    from reparam.distributions.pareto import Pareto as Pareto
    from reparam.distributions.pert import PERT as PERT
    from reparam.distributions.poisson import Poisson as Poisson
    from reparam.distributions.power_spherical import PowerSpherical as PowerSpherical
    from reparam.distributions.projected_normal import ProjectedNormal as ProjectedNormal
    from reparam.distributions.rayleigh import Rayleigh as Rayleigh
    from reparam.distributions.relaxed_bernoulli import RelaxedBernoulli as RelaxedBernoulli
    from reparam.distributions.rice import Rice as Rice
    from reparam.distributions.sigmoid_beta import SigmoidBeta as SigmoidBeta
    from reparam.distributions.sinh_arcsinh import SinhArcsinh as SinhArcsinh
    from reparam.distributions.skellam import Skellam as Skellam
    from reparam.distributions.skew_normal import SkewNormal as SkewNormal
    from reparam.distributions.skew_t import SkewT as SkewT
    from reparam.distributions.soft_laplace import SoftLaplace as SoftLaplace
    from reparam.distributions.spherical_uniform import SphericalUniform as SphericalUniform
    from reparam.distributions.stable import Stable as Stable
    from reparam.distributions.stick_breaking_normal import (
        StickBreakingNormal as StickBreakingNormal,
    )
    from reparam.distributions.student_t import StudentT as StudentT
    from reparam.distributions.tanh_normal import TanhNormal as TanhNormal
    from reparam.distributions.triangular import Triangular as Triangular
    from reparam.distributions.two_piece_normal import TwoPieceNormal as TwoPieceNormal
    from reparam.distributions.uniform import Uniform as Uniform
    from reparam.distributions.von_mises import VonMises as VonMises
    from reparam.distributions.von_mises_fisher import VonMisesFisher as VonMisesFisher
    from reparam.distributions.weibull import Weibull as Weibull
    from reparam.distributions.wishart import Wishart as Wishart
    from reparam.distributions.zipf import Zipf as Zipf
    from reparam.divergences import kl as kl
    from reparam.domains import Integers as Integers
    from reparam.domains import Interval as Interval
    from reparam.engine.threads import threads as threads
    from reparam.errors import NotReparameterizable as NotReparameterizable
    from reparam.errors import ReparamError as ReparamError
    from reparam.estimators import estimate as estimate
    from reparam.expressions import Expression as Expression
    from reparam.fitting import fit as fit
    from reparam.graphs import Graph as Graph
    from reparam.parameters import Parameter as Parameter
    from reparam.registry import get as get
    from reparam.registry import names as names
    from reparam.spelling import parse as parse
    from reparam.transforms.arithmetic import abs as abs
    from reparam.transforms.arithmetic import exp as exp
    from reparam.transforms.arithmetic import log as log
    from reparam.transforms.arithmetic import transformed as transformed
    from reparam.transforms.clipped import Clipped as Clipped
    from reparam.transforms.clipped import clip as clip
    from reparam.transforms.folded import Folded as Folded
    from reparam.transforms.gaussian_copula import GaussianCopula as GaussianCopula
    from reparam.transforms.independent import Independent as Independent
    from reparam.transforms.independent import independent as independent
    from reparam.transforms.maps import Affine as Affine
    from reparam.transforms.maps import Exp as Exp
    from reparam.transforms.maps import Log as Log
    from reparam.transforms.maps import Power as Power
    from reparam.transforms.maps import Reciprocal as Reciprocal
    from reparam.transforms.maps import Sigmoid as Sigmoid
    from reparam.transforms.maps import Softplus as Softplus
    from reparam.transforms.maps import Tanh as Tanh
    from reparam.transforms.maps import formula as formula
    from reparam.transforms.mixture import Mixture as Mixture
    from reparam.transforms.mixture import mixture as mixture
    from reparam.transforms.order_statistic import OrderStatistic as OrderStatistic
    from reparam.transforms.order_statistic import order_statistic as order_statistic
    from reparam.transforms.transformed import Transformed as Transformed
    from reparam.transforms.truncated import Truncated as Truncated
    from reparam.transforms.truncated import truncate as truncate
    from reparam.transforms.zero_inflated import ZeroInflated as ZeroInflated
    from reparam.verification import verify as verify

    __version__: str

#: The module each public name lives in; importing the package imports none of these.
_HOMES = {
    "About": "reparam.base.distribution",
    "Clipped": "reparam.transforms.clipped",
    "Discrete": "reparam.base.discrete",
    "Distribution": "reparam.base.distribution",
    "Draw": "reparam.base.draw",
    "Expression": "reparam.expressions",
    "Graph": "reparam.graphs",
    "Implicit": "reparam.base.mechanisms",
    "Integers": "reparam.domains",
    "Interval": "reparam.domains",
    "InverseCDF": "reparam.base.mechanisms",
    "LocationScale": "reparam.base.mechanisms",
    "Independent": "reparam.transforms.independent",
    "Mixture": "reparam.transforms.mixture",
    "NotReparameterizable": "reparam.errors",
    "OrderStatistic": "reparam.transforms.order_statistic",
    "Parameter": "reparam.parameters",
    "Reparameterized": "reparam.base.reparameterized",
    "ReparamError": "reparam.errors",
    "Tail": "reparam.base.tails",
    "Transformed": "reparam.transforms.transformed",
    "Folded": "reparam.transforms.folded",
    "GaussianCopula": "reparam.transforms.gaussian_copula",
    "Truncated": "reparam.transforms.truncated",
    "ZeroInflated": "reparam.transforms.zero_inflated",
    "abs": "reparam.transforms.arithmetic",
    "exp": "reparam.transforms.arithmetic",
    "log": "reparam.transforms.arithmetic",
    "transformed": "reparam.transforms.arithmetic",
    "Affine": "reparam.transforms.maps",
    "Exp": "reparam.transforms.maps",
    "Log": "reparam.transforms.maps",
    "Power": "reparam.transforms.maps",
    "Reciprocal": "reparam.transforms.maps",
    "Sigmoid": "reparam.transforms.maps",
    "Softplus": "reparam.transforms.maps",
    "Tanh": "reparam.transforms.maps",
    "formula": "reparam.transforms.maps",
    "fit": "reparam.fitting",
    "clip": "reparam.transforms.clipped",
    "estimate": "reparam.estimators",
    "get": "reparam.registry",
    "independent": "reparam.transforms.independent",
    "kl": "reparam.divergences",
    "mixture": "reparam.transforms.mixture",
    "order_statistic": "reparam.transforms.order_statistic",
    "threads": "reparam.engine.threads",
    "names": "reparam.registry",
    "show_kernels": "reparam._kernels",
    "truncate": "reparam.transforms.truncated",
    "parse": "reparam.spelling",
    "verify": "reparam.verification",
    **{class_name: module_of(name) for name, class_name in BUILT_IN.items()},
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 - every entry is a string


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("reparam")
    if name not in _HOMES:
        raise AttributeError(f"module 'reparam' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
