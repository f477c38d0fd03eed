"""Monotone maps y = T(x; φ) that distributions are made of, one idea a module."""

from reparam.transforms.maps._map import Map, MapView
from reparam.transforms.maps.affine import Affine
from reparam.transforms.maps.exponential import Exp, Log
from reparam.transforms.maps.logistic import Sigmoid, Softplus, Tanh
from reparam.transforms.maps.power import Power, Reciprocal

__all__ = [
    "Affine",
    "Exp",
    "Log",
    "Map",
    "MapView",
    "Power",
    "Reciprocal",
    "Sigmoid",
    "Softplus",
    "Tanh",
]
