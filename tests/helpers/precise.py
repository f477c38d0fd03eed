"""Functions of mpmath's numbers in FLINT's balls: some thousand times faster at many digits."""

from contextlib import contextmanager

from flint import arb, ctx
from mpmath import mp, mpf


@contextmanager
def _bits(count):
    before = ctx.prec
    ctx.prec = count
    try:
        yield
    finally:
        ctx.prec = before


def _by_balls(function):
    """Return a function of mpmath's numbers, right to mpmath's precision."""

    def evaluate(x):
        sign, mantissa, exponent, bits = mpf(x)._mpf_
        extra = 60
        while True:
            with _bits(max(mp.prec, bits) + extra):
                ball = function(arb(int((-1) ** sign * mantissa)) * arb(2) ** int(exponent))
                if ball.rel_accuracy_bits() > mp.prec + 10:
                    mantissa, exponent = ball.mid().man_exp()
                    return mp.ldexp(mpf(int(mantissa)), int(exponent))
            extra *= 2
            assert extra < 1e5, (function, x)

    return evaluate


log_gamma = _by_balls(lambda x: x.lgamma())
digamma = _by_balls(lambda x: x.digamma())
