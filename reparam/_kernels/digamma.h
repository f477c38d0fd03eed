// The digamma function, and differences of it where it cancels: the twin of
// reparam/special/polygamma.py. delta(z) = log z - psi(z).
#pragma once
#include "elementary.h"
#include "tables.h"

// Beyond it products of ten such numbers come near overflow: quotients are added one by one.
constexpr double FEW_PRODUCTS = 1e9;

// delta(z) for z >= 10.
INLINE Vector asymptotic_delta(Vector z) {
    Vector inverse = 1.0 / z, square = inverse * inverse, total = all(BERNOULLI[7]);
    for (int k = 6; k >= 0; k--) total = total * square + BERNOULLI[k];
    return inverse * (0.5 + inverse * total);
}

// psi(z) for 0 < z < 1e9, by ten steps of psi(z+1) = psi(z) + 1/z over a common denominator.
INLINE Vector digamma(Vector z) {
    Vector top = all(1.0), bottom = z;
    for (int k = 1; k < 10; k++) {
        Vector next = z + (double)k;
        top = top * next + bottom;
        bottom = bottom * next;
    }
    Vector end = z + 10.0;
    return logarithm(end) - asymptotic_delta(end) - top / bottom;
}

INLINE Vector delta(Vector z) {
    Vector large = asymptotic_delta(larger(z, all(10.0)));
    Mask small = z < 10.0;
    if (!any(small)) return large;
    Vector near = smaller(z, all(10.0));
    return where(small, logarithm(near) - digamma(near), large);
}

// The divided difference between p^2 and q^2 of the sum of B_2k/2k y^k.
INLINE Vector bernoulli_slope(Vector p, Vector q) {
    Vector square = p * p, other = q * q, value = all(0.0), slope = all(0.0);
    for (int k = 7; k >= 0; k--) {
        slope = slope * other + value;
        value = value * square + BERNOULLI[k];
    }
    return slope * other + value;
}

// psi(z+h) - psi(z) for z, h > 0.
INLINE Vector digamma_difference(Vector z, Vector h) {
    Vector end = z + h, top = all(1.0), bottom = z * end;
    for (int k = 1; k < 10; k++) {
        Vector next = (z + (double)k) * (end + (double)k);
        top = top * next + bottom;
        bottom = bottom * next;
    }
    Vector carried = top / bottom;
    Mask far = end > FEW_PRODUCTS;
    if (any(far)) {
        Vector sum = all(0.0);
        for (int k = 0; k < 10; k++) sum += 1.0 / ((z + (double)k) * (end + (double)k));
        carried = where(far, sum, carried);
    }
    Vector p = 1.0 / (z + 10.0), q = 1.0 / (end + 10.0), step = h * p * q;
    Vector rest = 0.5 * step + step * (p + q) * bernoulli_slope(p, q);
    return h * carried + log_one_plus(h * p) + rest;
}

// delta(z) - 1/2z for z >= 16, of 1/z.
INLINE Vector tail_of_delta(Vector inverse) {
    Vector square = inverse * inverse, total = square * BERNOULLI[5];
    for (int k = 4; k >= 0; k--) total = (total + BERNOULLI[k]) * square;
    return total;
}

struct Pair {
    Vector first, second;
};

// delta1(a) - delta1(a+b) and delta(b) - delta(a+b), with delta1(z) = 1/z - delta(z).
INLINE Pair delta_differences(Vector a, Vector b) {
    Vector p = 1.0 / a, q = 1.0 / (a + b), r = 1.0 / b, common = tail_of_delta(q);
    Vector first = 0.5 * b * p * q - (tail_of_delta(p) - common);
    Vector second = 0.5 * a * r * q + (tail_of_delta(r) - common);
    Mask small = (a < 16.0) | (b < 16.0);
    if (any(small)) {
        Vector step = b * p * q;
        Vector near = 0.5 * step - step * (p + q) * bernoulli_slope(p, q);
        Mask below = a < 10.0;
        if (any(below))
            near = where(below, log_one_plus(b * p) - digamma_difference(a, b) + step, near);
        first = where(small, near, first);
        step = a * r * q;
        near = 0.5 * step + step * (r + q) * bernoulli_slope(r, q);
        below = b < 10.0;
        if (any(below)) near = where(below, digamma_difference(b, a) - log_one_plus(a * r), near);
        second = where(small, near, second);
    }
    return {first, second};
}

// psi(z+1/2) - psi(z) - 1/2z.
INLINE Vector digamma_half_excess(Vector z) {
    Vector top = all(0.25), bottom = z * (z + 0.5) * (z + 1.0);
    for (int k = 1; k < 10; k++) {
        Vector s = z + (double)k, next = s * (s + 0.5) * (s + 1.0);
        top = top * next + 0.25 * bottom;
        bottom = bottom * next;
    }
    Vector carried = top / bottom;
    Mask far = z > FEW_PRODUCTS;
    if (any(far)) {
        Vector sum = all(0.0);
        for (int k = 0; k < 10; k++) {
            Vector s = z + (double)k;
            sum += 0.25 / (s * (s + 0.5) * (s + 1.0));
        }
        carried = where(far, sum, carried);
    }
    Vector inverse = 1.0 / (z + 10.0), square = inverse * inverse, total = all(0.0);
    for (int k = 7; k >= 0; k--) total = (total + HALF_BERNOULLI[k]) * square;
    return carried + total;
}
