"""Samplers to verify, right, and wrong in many ways; tests write this file into a project."""

import os
import signal
import sys
import time
from typing import ClassVar

import numpy as np

import reparam as rp


class Right:
    distribution = "laplace"
    noise = "uniform"
    sign = 1.0

    def transform(self, u, loc, scale):
        z = np.where(u < 0.5, np.log(2.0 * u), -np.log(2.0 - 2.0 * u))
        return loc + scale * z, {"loc": 1.0, "scale": self.sign * z}

    def rsample(self, n, *, rng, **theta):
        return self.transform(rng.random(n), **theta)


class WrongSign(Right):
    sign = -1.0


class Hanging(Right):
    def rsample(self, n, **_):
        time.sleep(1000.0)


class Raising(Right):
    def rsample(self, n, **_):
        raise ValueError("no luck\x1b[2J\ntoday")


class Leaving(Right):
    def rsample(self, n, **_):
        sys.exit("good bye")


class Shapes(Right):
    def rsample(self, n, **options):
        return super().rsample(n + 1, **options)


class NaN(Right):
    def rsample(self, n, **options):
        y, gradients = super().rsample(n, **options)
        y[n // 2] = np.nan
        return y, gradients


class Dying(Right):
    def rsample(self, n, **_):
        os._exit(3)


class Killed(Right):
    def rsample(self, n, **_):
        os.kill(os.getpid(), signal.SIGKILL)


class Orphaned(Right):
    def rsample(self, n, **_):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000.0)


class Printing(Right):
    def rsample(self, n, **options):
        print("said by Python")  # noqa: T201
        os.write(1, b"said below Python\n")
        sys.stdin.read()
        return super().rsample(n, **options)


class Lawless:
    parameters: ClassVar = {"loc": (-1.0, 1.0)}

    def rsample(self, n, **_):
        raise NotImplementedError


class Broken(Right):
    @property
    def parameters(self):
        raise RuntimeError("broken property")


class InfiniteGradients(Right):
    def rsample(self, n, *, rng, **theta):
        y, gradients = super().rsample(n, rng=rng, **theta)
        return y, {**gradients, "scale": np.copysign(np.inf, gradients["scale"])}


class FewNaN(Right):
    def rsample(self, n, *, rng, **theta):
        y, gradients = super().rsample(n, rng=rng, **theta)
        far = np.abs(gradients["scale"]) > 7.0
        return y, {**gradients, "scale": np.where(far, np.nan, gradients["scale"])}


class NoNumbers:
    """Without a transform, so that draws alone are looked at."""

    distribution = "laplace"

    def rsample(self, n, *, rng, loc, scale):
        z = rng.laplace(size=n)
        return loc + scale * z, {"loc": self.slopes(n), "scale": z}

    def slopes(self, n):
        return np.full(n, np.nan)


class Zeros(NoNumbers):
    def slopes(self, n):
        return np.zeros(n)


class Tail(NoNumbers):
    """∂y/∂scale is twice what it should be where F(y) < 5e-4."""

    def rsample(self, n, *, rng, loc, scale):
        z = rng.laplace(size=n)
        return loc + scale * z, {"loc": np.ones(n), "scale": np.where(z < -6.9, 2.0 * z, z)}


class MissingHere(NoNumbers):
    """No derivative in scale at some parameters."""

    def rsample(self, n, *, rng, loc, scale):
        z = rng.laplace(size=n)
        return loc + scale * z, {"loc": np.ones(n), "scale": z if scale > 0.9 else None}


class GlobalState(NoNumbers):
    def rsample(self, n, *, rng, loc, scale):
        z = np.random.laplace(size=n)  # noqa: NPY002 - what is wrong here
        return loc + scale * z, {"loc": np.ones(n), "scale": z}


class WrongTransform(Right):
    """Draws are right, and what transform makes of noise is not."""

    def rsample(self, n, *, rng, **theta):
        return Right().transform(rng.random(n), **theta)

    def transform(self, u, loc, scale):
        return super().transform(u, loc, 1.01 * scale)


class Formulas(Right):
    """With all formulas, those of a Laplace distribution but for one scale or sign."""

    of = dict.fromkeys(["cdf", "sf", "log_prob", "icdf", "score", "pathwise"], 1.0)

    def __getattr__(self, name):
        if name not in self.of:
            raise AttributeError(name)
        factor = self.of[name]

        def formula(at, loc, scale):
            if name in ("score", "pathwise"):
                said = getattr(rp.Laplace(loc, scale), name)(at)
                return {**said, "scale": factor * said["scale"]}
            return getattr(rp.Laplace(loc, factor * scale), name)(at)

        return formula
