// The derivatives of beta draws in both shapes: the twin of reparam/special/_beta_integrals.py,
// where the mathematics is. Regimes are the same; only those that have derivatives are here.
#pragma once
#include "digamma.h"

// x, 1 - x and logit x.
struct Point {
    Vector x, rest, logit;
};

// log x and log(1 - x).
INLINE Pair point_logs(Point p) {
    Mask near_one = p.x > 0.62;
    Vector log = log_one_plus(-where(near_one, p.rest, p.x));
    return {where(near_one, log, p.logit + log), where(near_one, log - p.logit, log)};
}

INLINE Pair beta_carried(Point p, Vector alpha, Vector beta, Vector mass, Vector grown, Vector fall,
                         Vector first, Vector second) {
    Vector total = alpha + beta, carry = p.x * total, inverse = 1.0 / total;
    Vector by_alpha = 1.0 / alpha;
    return {(carry * (first * mass + grown) + (first + inverse)) * by_alpha,
            (carry * (fall - (second + inverse) * mass) - second) * by_alpha};
}

template <int N>
INLINE Pair beta_fixed(Point p, Vector alpha, Vector beta, const double (&node)[N],
                       const double (&log_node)[N], const double (&weight)[N],
                       const double (&log_weight)[N], Vector first, Vector second) {
    Vector mass = all(0.0), grown = all(0.0), fall = all(0.0), power = 1.0 - beta;
    for (int j = 0; j < N; j++) {
        // log((1 - x)/(1 - x node))
        Vector s = p.x * (node[j] - 1.0) / (2.0 - p.x * (1.0 + node[j])), log = twice_atanh(s);
        Vector density = exponential(log * power + log_node[j] * alpha);
        Vector weighted = weight[j] * density;
        mass += weighted;
        grown += log_weight[j] * density;
        fall += weighted * log;
    }
    Vector inverse = 1.0 / p.rest;
    return beta_carried(p, alpha, beta, mass * inverse, grown * inverse, fall * inverse,
                        first - 1.0 / (alpha + beta), second);
}

INLINE Pair beta_small(Point p, Vector alpha, Vector beta) {
    Pair logs = point_logs(p);
    Vector step = digamma_difference(beta + 1.0, alpha) + alpha / (alpha + beta) / beta;
    Vector first = digamma(alpha + 1.0) - digamma(alpha + beta) - logs.first;
    return beta_fixed(p, alpha, beta, BETA_SMALL_NODE, BETA_SMALL_LOG, BETA_SMALL_WEIGHT,
                      BETA_SMALL_LOG_WEIGHT, first, logs.second + step);
}

INLINE Pair beta_moderate(Point p, Vector alpha, Vector beta) {
    Pair logs = point_logs(p);
    Vector both = digamma(alpha + beta);
    Vector first = digamma(alpha) + 1.0 / alpha - both - logs.first;
    return beta_fixed(p, alpha, beta, BETA_MODERATE_NODE, BETA_MODERATE_LOG, BETA_MODERATE_WEIGHT,
                      BETA_MODERATE_LOG_WEIGHT, first, logs.second + both - digamma(beta));
}

// What the scaled rules share: the weight W, whose exponent falls to the cutoff within `length`.
template <bool HIGH, bool PRECISE>
struct Scaled {
    Vector gap, total, slope, base, tail, length;

    // L (or Lambda, for x > 0.62), and the exponent of W, at s = node * length.
    INLINE_MEMBER Pair at(Vector node) const {
        Vector s = (HIGH ? 1.0 : -1.0) * node * length, exponent;
        if (PRECISE) exponent = bend(s) * base;
        Vector growth = exponential_minus_one(s) * base;
        Vector less = HIGH ? growth : twice_atanh_minus(growth / (2.0 + growth), growth);
        Vector log = HIGH ? log_one_plus(growth) : growth + less;
        if (PRECISE) {
            exponent += HIGH ? log_one_plus_minus(growth) : less;
            exponent = -(exponent * total + node * (slope * length));
        } else {
            exponent = node * (tail * length) - log * total;
        }
        return {log, exponent};
    }

    INLINE_MEMBER Scaled(Point p, Vector alpha, Vector beta) {
        Vector x = p.x, rest = p.rest;
        gap = PRECISE ? product_difference(alpha, rest, beta, x) : alpha * rest - beta * x;
        total = alpha + beta + 1.0;
        slope = gap + rest;
        base = HIGH ? rest : x;
        tail = HIGH ? beta : -1.0 - alpha;
        length = 2.0 * CUTOFF / (slope + root(slope * slope + 2.0 * CUTOFF * total * x * rest));
        if (HIGH) {
            Vector rate = total * rest;
            Mask low = rate < CUTOFF;
            if (any(low)) {
                Vector inner = beta * log_one_plus(CUTOFF / rate);
                length = where(low, log_one_plus((CUTOFF + inner) / rate), length);
            }
        }
        for (int i = 0; i < (HIGH ? 2 : 1); i++) {
            Vector less = exponential_minus_one(-length), shrunk = x * (less + 1.0);
            Vector gained = where(length < 1.0, slope - beta * x * less,
                                  (alpha + 1.0) * rest - beta * shrunk);
            Vector tangent = gained / (rest + shrunk);
            length = larger(length + (at(all(1.0)).second + CUTOFF) / tangent, 0.1 * length);
        }
    }
};

// psi(alpha+1) - psi(alpha+beta+1) - log x, and log(1 - x) - psi(beta) + psi(alpha+beta).
INLINE Pair beta_offsets(Point p, Vector alpha, Vector beta, Vector gap) {
    Vector ratio = gap / alpha, distance = -log_one_plus(-smaller(ratio, all(0.9)));
    Mask far = ratio > 0.5, tiny = alpha < 1.0;
    Vector log_x = any(far | tiny) ? point_logs(p).first : all(0.0);
    if (any(far)) distance = where(far, logarithm(alpha / (alpha + beta)) - log_x, distance);
    Pair steps = delta_differences(alpha, beta);
    Vector first = distance + steps.first;
    if (any(tiny)) first = where(tiny, -digamma_difference(alpha + 1.0, beta) - log_x, first);
    return {first, log_one_plus(gap / beta) + steps.second};
}

template <bool HIGH, bool PRECISE>
INLINE Pair beta_finished(const Scaled<HIGH, PRECISE> &scaled, Point p, Vector alpha, Vector beta,
                          Vector mass, Vector first, Vector second) {
    mass = mass * scaled.length;
    first = first * scaled.length * scaled.length;
    second = second * scaled.length;
    Pair offsets = beta_offsets(p, alpha, beta, scaled.gap);
    Pair result = beta_carried(p, alpha, beta, mass, HIGH ? second : first + second,
                               HIGH ? second - first : second, offsets.first, offsets.second);
    // x rounds to the mean, whose derivative it is
    Mask mean = smaller(alpha, beta) > 1e30;
    if (PRECISE && any(mean)) {
        result.first = where(mean, 1.0 / alpha, result.first);
        result.second = where(mean, -1.0 / beta, result.second);
    }
    return result;
}

template <bool HIGH, bool PRECISE, int N>
INLINE Pair beta_rule(Point p, Vector alpha, Vector beta, const double (&node)[N],
                      const double (&weight)[N]) {
    Scaled<HIGH, PRECISE> scaled(p, alpha, beta);
    Vector mass = all(0.0), first = all(0.0), second = all(0.0);
    for (int j = 0; j < N; j++) {
        Pair at = scaled.at(all(node[j]));
        Vector density = weight[j] * exponential(at.second);
        mass += density;
        first += node[j] * density;
        second += density * at.first;
    }
    return beta_finished(scaled, p, alpha, beta, mass, first, second);
}

// A plateau of W before it falls: panels gather where it ends.
template <bool PRECISE>
static __attribute__((noinline)) Pair beta_long(Point p, Vector alpha, Vector beta) {
    Scaled<true, PRECISE> scaled(p, alpha, beta);
    Vector mass = all(0.0), first = all(0.0), second = all(0.0);
    Vector length = scaled.length, plateau = -logarithm(scaled.total * p.rest);
    Vector end = larger(smaller(plateau / length, all(1.0)), all(0.0)), start = all(0.0);
    for (int k = 1; k < PANELS_BEFORE + PANELS_FALL; k++) {
        Vector stop = k < PANELS_BEFORE ? larger(end + PANEL_BEFORE[k] / length, all(0.0))
                                        : end + PANEL_FALL[k - PANELS_BEFORE] * (1.0 - end);
        Vector middle = 0.5 * (stop + start), half = 0.5 * (stop - start);
        start = stop;
        if (!any(half > 0.0)) continue;
        for (int j = 0; j < PANEL_SIZE; j++) {
            Vector node = middle + half * PANEL_NODE[j];
            Pair at = scaled.at(node);
            Vector density = half * PANEL_WEIGHT[j] * exponential(at.second);
            mass += density;
            first += node * density;
            second += density * at.first;
        }
    }
    return beta_finished(scaled, p, alpha, beta, mass, first, second);
}

// What the sum for small x needs of the shapes alone.
struct BetaSeries {
    static constexpr int TERMS = 48;
    Vector total, by_alpha, first, second, ratio[TERMS], own[TERMS], other[TERMS];

    INLINE_MEMBER void fill(Vector alpha, Vector beta) {
        total = alpha + beta;
        by_alpha = 1.0 / alpha;
        first = digamma(alpha + 1.0) + delta(total);
        second = digamma_difference(beta + 1.0, alpha) + alpha / total / beta;
        for (int k = 0; k < TERMS; k++) {
            Vector u = alpha + (k + 1.0), v = total + (double)k, inverse = 1.0 / (u * v);
            ratio[k] = v * (v * inverse);
            own[k] = (beta - 1.0) * inverse;
            other[k] = u * inverse;
        }
    }
};

INLINE Pair beta_near_zero(Point p, const BetaSeries &s) {
    Vector sum = all(1.0), own = all(0.0), other = all(0.0);
    for (int k = BetaSeries::TERMS - 1; k >= 0; k--) {
        Vector step = p.x * s.ratio[k];
        own = step * own + (step * s.own[k]) * sum;
        other = step * other + (step * s.other[k]) * sum;
        sum = step * sum + 1.0;
    }
    Vector first = s.first - logarithm(p.x * s.total);
    Vector second = s.second + log_one_plus(-p.x);
    return {(first * sum + own) * s.by_alpha, -(second * sum + other) * s.by_alpha};
}

INLINE Mask beta_is_near_zero(Vector x, Vector alpha, Vector beta) {
    Vector total = alpha + beta;
    Mask shapes = (alpha <= 8.0) & (beta > 8.0) & (total <= 1e8);
    Vector most = smaller(1.2 * alpha + 0.6, 4.0 * alpha);
    return shapes & (x <= 0.1) & (x >= 1e-290) & (x * total <= most);
}

// The number of each element's regime, x being below the mean, or near 0.
constexpr int BETA_REGIMES = 13;

INLINE Mask beta_regime(Vector x, Vector alpha, Vector beta) {
    Mask near = beta_is_near_zero(x, alpha, beta);
    Mask high = x > 0.62, plateau = high & (beta < 0.2);
    Mask small = (alpha <= 8.0) & (beta <= 8.0) & ~high;
    Mask large = (alpha >= 8.0) & (beta >= 8.0);
    Mask scaled = 2 + 3 * one(large) + one(high) + one(plateau) + 5 * one(alpha + beta > 1e4);
    return where(near, Mask{} + 12, where(small, one(alpha >= 1.0), scaled));
}

// The pieces of a chunk of elements.
struct BetaArrays {
    const double *x, *rest, *logit, *alpha, *beta;
    double *first, *second;
    // if all elements have the same shapes
    const BetaSeries *series;
};

template <class Formula>
INLINE void beta_each(const Formula &formula, const BetaArrays &of, int n) {
    for (int i = 0; i < n; i += WIDTH) {
        Point p = {load(of.x + i), load(of.rest + i), load(of.logit + i)};
        Pair found = formula(p, load(of.alpha + i), load(of.beta + i));
        store(of.first + i, found.first);
        store(of.second + i, found.second);
    }
}

static void beta_each_near_zero(const BetaArrays &of, int n) {
    BetaSeries each;
    for (int i = 0; i < n; i += WIDTH) {
        Point p = {load(of.x + i), load(of.rest + i), load(of.logit + i)};
        if (!of.series) each.fill(load(of.alpha + i), load(of.beta + i));
        Pair found = beta_near_zero(p, of.series ? *of.series : each);
        store(of.first + i, found.first);
        store(of.second + i, found.second);
    }
}

#define CASE(number, call) \
    case number:           \
        return beta_each([](Point p, Vector alpha, Vector beta) { return call; }, of, n);

// Both derivatives of logit x, of n elements of one regime; n is rounded up to whole vectors.
static void beta_of_regime(int regime, const BetaArrays &of, int n) {
    switch (regime) {
        CASE(0, beta_small(p, alpha, beta))
        CASE(1, beta_moderate(p, alpha, beta))
        CASE(2, (beta_rule<false, false>(p, alpha, beta, BETA_LOW_NODE, BETA_LOW_WEIGHT)))
        CASE(3, (beta_rule<true, false>(p, alpha, beta, BETA_HIGH_NODE, BETA_HIGH_WEIGHT)))
        CASE(4, beta_long<false>(p, alpha, beta))
        CASE(5, (beta_rule<false, false>(p, alpha, beta, BETA_LARGE_NODE, BETA_LARGE_WEIGHT)))
        CASE(6, (beta_rule<true, false>(p, alpha, beta, BETA_LARGE_NODE, BETA_LARGE_WEIGHT)))
        CASE(7, (beta_rule<false, true>(p, alpha, beta, BETA_LOW_NODE, BETA_LOW_WEIGHT)))
        CASE(8, (beta_rule<true, true>(p, alpha, beta, BETA_HIGH_NODE, BETA_HIGH_WEIGHT)))
        CASE(9, beta_long<true>(p, alpha, beta))
        CASE(10, (beta_rule<false, true>(p, alpha, beta, BETA_LARGE_NODE, BETA_LARGE_WEIGHT)))
        CASE(11, (beta_rule<true, true>(p, alpha, beta, BETA_LARGE_NODE, BETA_LARGE_WEIGHT)))
        case 12:
            return beta_each_near_zero(of, n);
    }
}
#undef CASE
