// What a build for one instruction set offers, and the module calls.
#pragma once

// Doubles of an array (step 1, or as many as an element has), or what is the same for all elements
// (step 0).
typedef struct Input {
    const double *data;
    long step;
    Input from(long start) const { return {data + start * step, step}; }
} Input;

// The steps of the gamma sampler, between which NumPy takes logarithms and exponentials. Work has
// three rows: v, d and u, and logs theirs. The boost is the exponent of the last factor.
typedef struct {
    void (*propose)(Input z, Input u, Input alpha, double *work, long n);
    // Returns how many are rejected, whose ln x is NaN.
    long (*accept)(Input z, Input alpha, const double *work, const double *logs, double *boost,
                   double *log_x, long n);
    void (*finish)(const double *work, const double *factor, double *x, long n);
    // Two uniform numbers that z and u determine.
    void (*further)(Input z, Input u, double *first, double *second, long n);
    // ln Gamma*(alpha), of which quantiles are made.
    void (*log_gamma_star)(Input alpha, double *result, long n);
    // Closed forms: 2^-54 in place of 0, the lesser of u and 1 - u, the sign of u - 1/2 for z, and
    // y = scale z + loc.
    void (*open)(double *u, long n);
    void (*lesser)(Input u, double *w, long n);
    void (*sign)(Input u, double *z, long n);
    void (*place)(Input z, Input loc, Input scale, double *y, long n);
    // Products that are 0 where the weight is, or either is, even if the other is not finite.
    void (*times)(Input weight, Input factor, bool either, double *product, long n);
    // How many numbers are NaN, or do not lie between two ends.
    long (*unknown)(Input values, long n);
    long (*outside)(Input values, double low, double high, long n);
} Draws;

typedef struct {
    const char *name;
    // Each returns how many elements it left to NumPy, whose results are NaN: numbers that are not
    // finite, or so large or small that other formulas serve. x, and the rest of a beta draw, may
    // have no data: then they are computed of the logarithm, or the logit.
    long (*gamma)(Input x, Input log_x, Input alpha, double *h, long n);
    long (*beta)(Input x, Input rest, Input logit, Input alpha, Input beta, double *first,
                 double *second, long n);
    // The derivatives of x itself.
    long (*beta_draw)(Input x, Input logit, Input alpha, Input beta, double *first, double *second,
                      long n);
    long (*student)(Input t, Input nu, double *slope, long n);
    // y = A x + b for each row x; one A and b for all rows (step 0), or one each. b may have no data.
    void (*product)(Input matrix, Input offset, const double *x, double *y, long rows, long entries,
                    long columns);
    // The sum of a b^T over rows a and b.
    void (*outer)(const double *left, const double *right, double *total, long rows, long entries,
                  long columns);
    const Draws *draws;
} Kernels;
