// The arithmetic of the gamma sampler and of ln Gamma* in quantiles, the twins of
// reparam/families/_gamma_draws.py and reparam/special/log_gamma.py, where the mathematics is. Operations are NumPy's, one by one and in the same order, so that draws are the
// same bits: it is compiled without fused multiplication and addition, and NumPy itself computes
// logarithms and exponentials between the steps.
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels.h"
#include "tables.h"

namespace {

constexpr double LARGE = 16777216.0;  // 2^24

template <bool ONE>
inline double at(Input input, long i) {
    return input.data[ONE ? 0 : i];
}

template <bool ONE>
void propose(Input z, Input alpha, double *v, double *d, long n) {
    for (long i = 0; i < n; i++) {
        double scale = at<ONE>(alpha, i) + 2.0 / 3.0;
        double root = 1.0 + z.data[i] / (3.0 * sqrt(scale));
        double cube = root * (root * root);
        v[i] = cube > 0.0 ? cube : 0.0;
        d[i] = scale;
    }
}

template <bool ONE>
long accept(Input z, Input alpha, const double *v, const double *d, const double *log_v,
            const double *log_d, const double *log_u, double *exponent, double *log_x, long n) {
    const double greatest = 1.7976931348623157e308;
    long rejected = 0;
    for (long i = 0; i < n; i++) {
        double square = z.data[i] * z.data[i];
        double log_a = ((1.0 - v[i]) + log_v[i]) * d[i] + 0.5 * square;
        if (d[i] >= LARGE) {
            double h = z.data[i] / (3.0 * sqrt(d[i]));
            double series = 1.0 / 12.0 - h * (1.0 / 15.0 - h * (1.0 / 18.0));
            log_a = ((-square * h) * h) * series;
        }
        double boost = log_u[i] - log_a;
        bool lost = boost > 0.0;
        rejected += lost;
        boost = boost / at<ONE>(alpha, i);
        boost = boost > -greatest ? boost : -greatest;
        exponent[i] = boost;
        log_x[i] = lost ? NAN : (log_v[i] + log_d[i]) + boost;
    }
    return rejected;
}

void gamma_propose(Input z, Input u, Input alpha, double *work, long n) {
    (alpha.step ? propose<false> : propose<true>)(z, alpha, work, work + n, n);
    memcpy(work + 2 * n, u.data, n * sizeof(double));
}

long gamma_accept(Input z, Input alpha, const double *work, const double *logs, double *boost,
                  double *log_x, long n) {
    return (alpha.step ? accept<false> : accept<true>)(z, alpha, work, work + n, logs, logs + n,
                                                       logs + 2 * n, boost, log_x, n);
}

void gamma_finish(const double *work, const double *factor, double *x, long n) {
    for (long i = 0; i < n; i++) x[i] = (work[i] * work[n + i]) * factor[i];
}

inline uint64_t mixed(uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBu;
    return bits ^ (bits >> 31);
}

inline double uniform(uint64_t state) {
    return 0x1p-52 * ((double)(int64_t)(mixed(state) >> 12) + 0.5);
}

void further(Input z, Input u, double *first, double *second, long n) {
    for (long i = 0; i < n; i++) {
        uint64_t of_z, of_u;
        memcpy(&of_z, z.data + i, 8);
        memcpy(&of_u, u.data + i, 8);
        uint64_t state = mixed(mixed(of_z) ^ of_u);
        first[i] = uniform(state + 0x9E3779B97F4A7C15u);
        second[i] = uniform(state + 0x3C6EF372FE94F82Au);
    }
}

// So many elements are computed together.
constexpr int LANES = 16;

void log_gamma_star_of(double *alpha) {
    double carried[LANES] = {}, square[LANES], step[LANES];
    for (int terms : STEP_TERMS) {
        int low = 0;
        for (int i = 0; i < LANES; i++) {
            double s = 1.0 / (2.0 * alpha[i] + 1.0);
            square[i] = alpha[i] < 8.0 ? s * s : 0.0;
            step[i] = 0.0;
            low += alpha[i] < 8.0;
        }
        if (!low) break;
        for (int k = terms - 1; k >= 0; k--)
            for (int i = 0; i < LANES; i++) step[i] = (step[i] + STEP[k]) * square[i];
        for (int i = 0; i < LANES; i++) {
            carried[i] += step[i];
            alpha[i] = alpha[i] < 8.0 ? alpha[i] + 1.0 : alpha[i];
        }
    }
    double inverse[LANES], series[LANES] = {};
    for (int i = 0; i < LANES; i++) {
        inverse[i] = 1.0 / alpha[i];
        square[i] = inverse[i] * inverse[i];
    }
    for (int k = sizeof STIRLING / sizeof *STIRLING - 1; k >= 0; k--)
        for (int i = 0; i < LANES; i++) series[i] = series[i] * square[i] + STIRLING[k];
    for (int i = 0; i < LANES; i++) alpha[i] = carried[i] + series[i] * inverse[i];
}

void log_gamma_star(Input alpha, double *result, long n) {
    for (long start = 0; start < n; start += LANES) {
        long m = n - start < LANES ? n - start : LANES;
        double part[LANES] = {};
        memcpy(part, alpha.data + start, m * sizeof(double));
        log_gamma_star_of(part);
        memcpy(result + start, part, m * sizeof(double));
    }
}

void open_unit(double *u, long n) {
    for (long i = 0; i < n; i++) u[i] = u[i] > 0x1p-54 ? u[i] : 0x1p-54;
}

void lesser(Input u, double *w, long n) {
    for (long i = 0; i < n; i++) {
        double rest = 1.0 - u.data[i];
        w[i] = u.data[i] < rest ? u.data[i] : rest;
    }
}

void sign(Input u, double *z, long n) {
    for (long i = 0; i < n; i++) z[i] = copysign(z[i], u.data[i] - 0.5);
}

template <bool ONE_LOC, bool ONE_SCALE>
void place_each(Input z, Input loc, Input scale, double *y, long n) {
    for (long i = 0; i < n; i++) y[i] = at<ONE_SCALE>(scale, i) * z.data[i] + at<ONE_LOC>(loc, i);
}

void place(Input z, Input loc, Input scale, double *y, long n) {
    if (loc.step) (scale.step ? place_each<false, false> : place_each<false, true>)(z, loc, scale, y, n);
    else (scale.step ? place_each<true, false> : place_each<true, true>)(z, loc, scale, y, n);
}

template <bool ONE_WEIGHT, bool ONE_FACTOR>
void times_each(Input weight, Input factor, bool either, double *product, long n) {
    for (long i = 0; i < n; i++) {
        double by = at<ONE_WEIGHT>(weight, i), of = at<ONE_FACTOR>(factor, i), found = by * of;
        bool zero = (by == 0.0) | (either & (of == 0.0));
        product[i] = (found != found) & zero ? 0.0 : found;
    }
}

void times(Input weight, Input factor, bool either, double *product, long n) {
    auto each = weight.step ? (factor.step ? times_each<false, false> : times_each<false, true>)
                            : (factor.step ? times_each<true, false> : times_each<true, true>);
    each(weight, factor, either, product, n);
}

long unknown(Input values, long n) {
    long count = 0;
    for (long i = 0; i < n; i++) count += values.data[i] != values.data[i];
    return count;
}

long outside(Input values, double low, double high, long n) {
    long count = 0;
    for (long i = 0; i < n; i++) count += !((low < values.data[i]) & (values.data[i] < high));
    return count;
}

}  // namespace

#define JOINED_OF(a, b) a##b
#define JOINED(a, b) JOINED_OF(a, b)

extern "C" const Draws JOINED(draws_, INSTRUCTIONS) = {gamma_propose, gamma_accept, gamma_finish,
                                                      further, log_gamma_star, open_unit, lesser,
                                                      sign, place, times, unknown, outside};
