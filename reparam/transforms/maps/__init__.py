"""Monotone maps y = T(x; φ) that distributions are made of, one idea a module."""

from reparam.transforms.maps._map import Map, MapView
from reparam.transforms.maps.affine import Affine
from reparam.transforms.maps.exponential import Exp, Log
from reparam.transforms.maps.formula import Formula, formula
from reparam.transforms.maps.logistic import Sigmoid, Softplus, Tanh
from reparam.transforms.maps.power import Power, Reciprocal

__all__ = [
    "MAPS",
    "Affine",
    "Exp",
    "Formula",
    "Log",
    "Map",
    "MapView",
    "Power",
    "Reciprocal",
    "Sigmoid",
    "Softplus",
    "Tanh",
    "formula",
]

#: Maps by the name that text calls them by.
MAPS: dict[str, type[Map]] = {
    cls.name: cls for cls in (Affine, Exp, Log, Sigmoid, Tanh, Softplus, Power, Reciprocal)
}
