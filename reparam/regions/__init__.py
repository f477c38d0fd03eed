"""Where vectors and matrices lie: real vectors, the simplex, the sphere, triangles, cones."""

from reparam.regions._matrices import (
    Correlation,
    CorrelationCholesky,
    LowerTriangular,
    PositiveDefinite,
    RealMatrix,
)
from reparam.regions._region import Dims, Number, Region, name_and_number
from reparam.regions._vectors import CountVector, PositiveVector, RealVector, Simplex, UnitVector

__all__ = [
    "Correlation",
    "CorrelationCholesky",
    "CountVector",
    "Dims",
    "LowerTriangular",
    "Number",
    "PositiveDefinite",
    "PositiveVector",
    "RealMatrix",
    "RealVector",
    "Region",
    "Simplex",
    "UnitVector",
    "name_and_number",
]
