// Elementary functions of vectors, and expressions of them where the obvious way cancels: the twin
// of reparam/special/_accurate.py. Errors are an ulp or two.
#pragma once
#include "polynomials.h"
#include "vector.h"

// 1.5 * 2^52: adding it rounds to an integer, which ends up in the low bits.
constexpr double SHIFTER = 6755399441055744.0;
constexpr double LOG2_E = 1.4426950408889634;
// log 2 in two parts, the first of which has zeros at its end.
constexpr double LOG_2_HIGH = 0x1.62e42feep-1, LOG_2_LOW = 0x1.a39ef35793c76p-33;
constexpr double EXP_HIGH = 0x1.62e42fefa38p-1, EXP_LOW = 0x1.ef35793c7673p-45;

// x = n log 2 + rest, and 2^n, for -708 <= x <= 709 (farther x are moved there).
struct Reduced {
    Vector rest, scale;
};

INLINE Reduced reduced(Vector x) {
    x = smaller(larger(x, all(-708.0)), all(709.0));
    Vector shifted = x * LOG2_E + SHIFTER, n = shifted - SHIFTER;
    return {(x - n * EXP_HIGH) - n * EXP_LOW, (Vector)(((Mask)shifted << 52) + (1023LL << 52))};
}

INLINE Vector exponential(Vector x) {
    Reduced r = reduced(x);
    return (r.rest * r.rest * polynomial(EXP, r.rest) + r.rest + 1.0) * r.scale;
}

INLINE Vector exponential_minus_one(Vector x) {
    Reduced r = reduced(x);
    return r.scale * (r.rest * r.rest * polynomial(EXP, r.rest) + r.rest) + (r.scale - 1.0);
}

// log(2^k (1 + f)), with sqrt(1/2) <= 1 + f <= sqrt(2); k is given as the integer in `power`.
INLINE Vector log_of(Mask power, Vector f) {
    Vector k = (Vector)(power + 0x4338000000000000LL) - SHIFTER;
    Vector s = f / (2.0 + f), square = s * s, half = 0.5 * f * f;
    Vector rest = s * (half + square * polynomial(LOG, square)) + k * LOG_2_LOW;
    return k * LOG_2_HIGH + (f - (half - rest));
}

constexpr int64_t SQRT_HALF_BITS = 0x3fe6a09e667f3bcdLL;
constexpr int64_t EXPONENT_BITS = (int64_t)0xfff0000000000000LL;

// x > 0, and normal.
INLINE Vector logarithm(Vector x) {
    Mask above = (Mask)x - SQRT_HALF_BITS;
    return log_of(above >> 52, (Vector)((Mask)x - (above & EXPONENT_BITS)) - 1.0);
}

// log(1 + y) for y > -1, 1 + y normal: the rounding error of 1 + y goes into f, at no division.
INLINE Vector log_one_plus(Vector y) {
    Vector u = 1.0 + y, back = u - 1.0, lost = (1.0 - (u - back)) + (y - back);
    Mask above = (Mask)u - SQRT_HALF_BITS, exponent = above & EXPONENT_BITS;
    Vector inverse = (Vector)((1023LL << 52) - exponent);
    return log_of(above >> 52, ((Vector)((Mask)u - exponent) - 1.0) + lost * inverse);
}

// 2 atanh(s) for |s| <= 0.45.
INLINE Vector twice_atanh(Vector s) {
    Vector square = s * s;
    return s * (2.0 + square * polynomial(ATANH, square));
}

// 2 atanh(s) - r, that is log(1 + r) - r, with s = r/(2 + r) and |s| <= 0.45.
INLINE Vector twice_atanh_minus(Vector s, Vector r) {
    Vector square = s * s;
    return s * (square * polynomial(ATANH, square) - r);
}

// e^s - 1 - s.
INLINE Vector bend(Vector s) {
    Vector near = s * s * polynomial(BEND, s);
    Mask far = absolute(s) >= 0.5;
    return any(far) ? where(far, exponential_minus_one(s) - s, near) : near;
}

// log(1 + r) - r for r > -1.
INLINE Vector log_one_plus_minus(Vector r) {
    Mask far = absolute(r) >= 0.3;
    Vector inner = where(far, all(0.0), r), near = twice_atanh_minus(inner / (2.0 + inner), inner);
    return any(far) ? where(far, log_one_plus(r) - r, near) : near;
}

// ab - cd, with the rounding errors of both products.
INLINE Vector product_difference(Vector a, Vector b, Vector c, Vector d) {
    Vector first = a * b, second = c * d;
    Vector lost = multiply_add(a, b, -first) - multiply_add(c, d, -second);
    return (first - second) + lost;
}

// 1/(1 + e^-x).
INLINE Vector sigmoid(Vector x) { return 1.0 / (1.0 + exponential(-x)); }
