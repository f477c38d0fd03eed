// The derivative of Student's t in the degrees of freedom: the twin of reparam/special/student.py,
// where the mathematics is. Regimes are the same.
#pragma once
#include "digamma.h"

// Twice the score in nu, from s and log(1 - s). From nu = 64 on it is computed of small terms.
template <bool LARGE>
INLINE Vector student_score(Vector share, Vector log_rest, Vector nu, Vector constant) {
    Vector direct = share * (1.0 + 1.0 / nu) + log_rest + constant;
    if (!LARGE) return direct;
    Vector exact = log_one_plus_minus(-smaller(share, all(0.5))) + share / nu + constant;
    return where(share < 0.5, exact, direct);
}

template <bool LARGE>
INLINE Vector student_centre(Vector t, Vector nu) {
    Vector ratio = t * t / nu, constant = digamma_half_excess(0.5 * nu);
    Vector end = ratio / (1.0 + ratio), log = log_one_plus(ratio), power = 0.5 * nu - 1.0;
    Vector integral = all(0.0);
    for (int j = 0; j < STUDENT_CENTRE_SIZE; j++) {
        Vector share = (STUDENT_CENTRE_NODE[j] * STUDENT_CENTRE_NODE[j]) * end;
        Vector log_rest = log_one_plus(-share);
        Vector density = STUDENT_CENTRE_WEIGHT[j] * exponential((log_rest + log) * power);
        integral += density * student_score<LARGE>(share, log_rest, nu, constant);
    }
    return -0.5 * (1.0 + ratio) * integral;
}

template <bool LARGE>
INLINE Vector student_tail(Vector t, Vector nu) {
    Vector far = absolute(t) / root(nu), ratio = far * far;
    Mask moderate = far < 1e8;
    Vector log = where(moderate, log_one_plus(where(moderate, ratio, all(1.0))),
                       2.0 * logarithm(larger(far, all(1.0))));
    Vector share_at_t = where(moderate, ratio / (1.0 + ratio), all(1.0));
    Vector constant = digamma_half_excess(0.5 * nu), rest_at_t = 1.0 / (1.0 + ratio);
    Vector inverse = 1.0 / ratio, rate = -2.0 / nu, integral = all(0.0);
    for (int j = 0; j < STUDENT_TAIL_SIZE; j++) {
        Vector log_rest = STUDENT_TAIL_NODE[j] * rate, lost = exponential_minus_one(log_rest);
        Vector share = share_at_t - lost * rest_at_t;
        Vector score = student_score<LARGE>(share, log_rest - log, nu, constant);
        integral += STUDENT_TAIL_FALLING[j] * score / root(1.0 - lost * inverse);
    }
    return 0.5 * integral / (nu * share_at_t);
}

// The number of each element's regime; the last one goes by way of the beta distribution.
constexpr int STUDENT_REGIMES = 5, STUDENT_BY_BETA = 4;

INLINE Mask student_regime(Vector t, Vector nu) {
    Mask choice = one(absolute(t) > 1.55) + 2 * one(nu >= 64.0);
    return where(nu < 1.0, Mask{} + STUDENT_BY_BETA, choice);
}

template <class Formula>
INLINE void student_each(const Formula &formula, const double *t, const double *nu, double *slope,
                         int n) {
    for (int i = 0; i < n; i += WIDTH) store(slope + i, formula(load(t + i), load(nu + i)));
}

#define CASE(number, call) \
    case number:           \
        return student_each([](Vector t, Vector nu) { return call; }, t, nu, slope, n);

// d(ln|t|)/d(nu) of n elements of one regime but the last; n is rounded up to whole vectors.
static void student_of_regime(int regime, const double *t, const double *nu, double *slope, int n) {
    switch (regime) {
        CASE(0, student_centre<false>(t, nu))
        CASE(1, student_tail<false>(t, nu))
        CASE(2, student_centre<true>(t, nu))
        CASE(3, student_tail<true>(t, nu))
    }
}
#undef CASE
