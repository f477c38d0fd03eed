// The derivative of gamma draws in the shape: the twin of reparam/special/_gamma_integrals.py, where
// the mathematics is. Regimes are the same, and have the same numbers.
#pragma once
#include "digamma.h"

// The power series. Terms are brought over a common denominator, for which one division is enough.
template <int TERMS>
INLINE Vector gamma_series(Vector x, Vector log_x, Vector alpha) {
    Vector top = alpha + (TERMS + 1.0);
    Vector last = logarithm(top) - delta(top) - log_x, total = last;
    // sums of 1/(alpha+k), from the last k on, are less/denominator
    Vector less = all(0.0), denominator = all(1.0);
    for (int k = TERMS; k > 0; k--) {
        Vector step = alpha + (double)k;
        less = less * step + denominator;
        denominator = denominator * step;
        total = total * x + (denominator * last - less);
    }
    return total / (denominator * alpha);
}

INLINE Vector gamma_carried(Vector x, Vector alpha, Vector mass, Vector first, Vector distance) {
    return (x * (distance * mass + first) + distance) / alpha;
}

INLINE Vector gamma_below(Vector x, Vector log_x, Vector alpha) {
    Vector mass = all(0.0), first = all(0.0);
    for (int j = 0; j < GAMMA_BELOW_SIZE; j++) {
        Vector density = exponential(GAMMA_BELOW_REST[j] * x + GAMMA_BELOW_LOG[j] * alpha);
        mass += GAMMA_BELOW_WEIGHT[j] * density;
        first += GAMMA_BELOW_LOG_WEIGHT[j] * density;
    }
    return gamma_carried(x, alpha, mass, first, digamma(alpha + 1.0) - log_x);
}

template <int N>
INLINE Vector gamma_above(Vector x, Vector log_x, Vector alpha, const double (&node)[N],
                          const double (&growth)[N], const double (&weight)[N],
                          const double (&node_weight)[N]) {
    Vector mass = all(0.0), first = all(0.0);
    for (int j = 0; j < N; j++) {
        Vector density = exponential(node[j] * alpha - growth[j] * x);
        mass += weight[j] * density;
        first += node_weight[j] * density;
    }
    return (log_x - digamma(alpha)) * mass + first;
}

template <int N>
INLINE Vector gamma_far_above(Vector x, Vector log_x, Vector alpha, const double (&node)[N],
                              const double (&weight)[N]) {
    Vector mass = all(0.0), first = all(0.0), power = alpha - 1.0;
    for (int j = 0; j < N; j++) {
        Vector log = logarithm(x + node[j]) - log_x;
        Vector density = weight[j] * exponential(log * power);
        mass += density;
        first += density * log;
    }
    return ((log_x - digamma(alpha)) * mass + first) / x;
}

// The expansion, for shapes from 8 on. Rows and coefficients start with that of the highest power.
template <int ROWS, int N>
INLINE Vector gamma_expansion(Vector x, Vector alpha, const int (&length)[ROWS],
                              const double (&coefficients)[N]) {
    Vector inverse = 1.0 / alpha, w = log_one_plus((x - alpha) * inverse), total = all(0.0);
    const double *next = coefficients;
#pragma GCC unroll 32
    for (int row = 0; row < ROWS; row++) {
        Vector entry = all(*next++);
        for (int k = 1; k < length[row]; k++) entry = entry * inverse + *next++;
        total = total * w + entry;
    }
    return total * inverse;
}

// log(x/alpha) for alpha >= 8.
INLINE Vector log_ratio(Vector x, Vector log_x, Vector alpha) {
    Vector ratio = (x - alpha) / alpha;
    Mask far = absolute(ratio) >= 0.5;
    Vector near = log_one_plus(where(far, all(0.0), ratio));
    if (!any(far)) return near;
    Vector quotient = larger(x / alpha, all(1e-290));
    Vector other = where(quotient > 1e-290, logarithm(quotient), log_x - logarithm(alpha));
    return where(far, other, near);
}

// The integrals of W and s W over s > 0, W(s) = exp(-slope s - x (e^(+-s) - 1 -+ s)).
template <int SIGN, int N>
INLINE Pair gamma_scaled(Vector slope, Vector x, const double (&node)[N],
                         const double (&weight)[N]) {
    const double sign = SIGN;
    Vector length = 2.0 * CUTOFF / (slope + root(slope * slope + 2.0 * CUTOFF * x));
    for (int i = 0; i < 4; i++) {
        Vector excess = slope * length + x * bend(sign * length) - CUTOFF;
        length = length - excess / (slope + sign * x * exponential_minus_one(sign * length));
    }
    Vector mass = all(0.0), first = all(0.0);
    for (int j = 0; j < N; j++) {
        Vector s = node[j] * length;
        Vector density = weight[j] * exponential(-x * bend(sign * s) - s * slope);
        mass += density;
        first += node[j] * density;
    }
    return {mass * length, first * length * length};
}

INLINE Vector gamma_scaled_below(Vector x, Vector log_x, Vector alpha) {
    Pair sums = gamma_scaled<-1>(alpha + 1.0 - x, x, BETA_LOW_NODE, BETA_LOW_WEIGHT);
    Vector distance = 1.0 / alpha - delta(alpha) - log_ratio(x, log_x, alpha);
    return gamma_carried(x, alpha, sums.first, sums.second, distance);
}

INLINE Vector gamma_scaled_above(Vector x, Vector log_x, Vector alpha) {
    Pair sums = gamma_scaled<1>(x - alpha, x, BETA_HIGH_NODE, BETA_HIGH_WEIGHT);
    return (log_ratio(x, log_x, alpha) + delta(alpha)) * sums.first + sums.second;
}

// The number of each element's regime.
constexpr int GAMMA_REGIMES = 10 + EXPANSIONS;

INLINE Mask gamma_regime(Vector x, Vector alpha) {
    Mask above = x > larger(alpha, all(0.5)), below = one(x > 0.3) + one(x > 2.0);
    Mask choice = where(above, 3 + one(x >= 2.0) + one(x >= 5.0) + one(x >= 12.0) + one(x >= 30.0), below);
    Mask large = alpha >= EXPANSION_LEAST[0];
    if (!any(large)) return choice;
    Mask central = (x - alpha) * (x - alpha) <= 25.0 * x, table = 9 + one(large);
    for (int i = 1; i < EXPANSIONS; i++) table += one(alpha >= EXPANSION_LEAST[i]);
    return where(large, where(central, table, 8 + one(above)), choice);
}

template <class Formula>
INLINE void gamma_each(const Formula &formula, const double *x, const double *log_x,
                       const double *alpha, double *h, int n) {
    for (int i = 0; i < n; i += WIDTH)
        store(h + i, formula(load(x + i), load(log_x + i), load(alpha + i)));
}

#define CASE(number, call)                                                                  \
    case number:                                                                            \
        return gamma_each([](Vector x, Vector log_x, Vector alpha) { return call; }, x, log_x, \
                          alpha, h, n);

#define ABOVE(rule) \
    gamma_above(x, log_x, alpha, rule##_NODE, rule##_GROWTH, rule##_WEIGHT, rule##_NODE_WEIGHT)

// h = d(ln x)/d(alpha) of n elements of one regime; n is rounded up to whole vectors.
static void gamma_of_regime(int regime, const double *x, const double *log_x, const double *alpha,
                            double *h, int n) {
    switch (regime) {
        CASE(0, gamma_series<12>(x, log_x, alpha))
        CASE(1, gamma_series<22>(x, log_x, alpha))
        CASE(2, gamma_below(x, log_x, alpha))
        CASE(3, ABOVE(GAMMA_ABOVE_HALF))
        CASE(4, ABOVE(GAMMA_ABOVE_TWO))
        CASE(5, ABOVE(GAMMA_ABOVE_FIVE))
        CASE(6, ABOVE(GAMMA_ABOVE_TWELVE))
        CASE(7, gamma_far_above(x, log_x, alpha, GAMMA_ABOVE_TEN_NODE, GAMMA_ABOVE_TEN_FALLING))
        CASE(8, gamma_scaled_below(x, log_x, alpha))
        CASE(9, gamma_scaled_above(x, log_x, alpha))
        CASE(10, (gamma_expansion(x, alpha, EXPANSION_0_LENGTH, EXPANSION_0)))
        CASE(11, (gamma_expansion(x, alpha, EXPANSION_1_LENGTH, EXPANSION_1)))
        CASE(12, (gamma_expansion(x, alpha, EXPANSION_2_LENGTH, EXPANSION_2)))
        CASE(13, (gamma_expansion(x, alpha, EXPANSION_3_LENGTH, EXPANSION_3)))
        CASE(14, (gamma_expansion(x, alpha, EXPANSION_4_LENGTH, EXPANSION_4)))
        CASE(15, (gamma_expansion(x, alpha, EXPANSION_5_LENGTH, EXPANSION_5)))
        CASE(16, (gamma_expansion(x, alpha, EXPANSION_6_LENGTH, EXPANSION_6)))
    }
}
#undef ABOVE
#undef CASE
