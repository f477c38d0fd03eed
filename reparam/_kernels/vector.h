// Vectors of doubles, as many as a register holds, or two of NEON's, by the vector extensions of GCC and Clang.
#pragma once
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
constexpr int WIDTH = 8;
#else
constexpr int WIDTH = 4;
#endif

typedef double Vector __attribute__((vector_size(8 * WIDTH)));
// What a comparison of vectors gives (0 or -1), and the bits of doubles.
typedef int64_t Mask __attribute__((vector_size(8 * WIDTH)));

#define INLINE_MEMBER inline __attribute__((always_inline))
#define INLINE static INLINE_MEMBER

// Less 0, a number is itself; assigned lane by lane, it takes GCC an instruction for each lane.
INLINE Vector all(double value) { return value - Vector{}; }

INLINE Vector load(const double *from) {
    Vector v;
    memcpy(&v, from, sizeof v);
    return v;
}

INLINE void store(double *to, Vector v) { memcpy(to, &v, sizeof v); }

INLINE Vector where(Mask mask, Vector a, Vector b) { return mask ? a : b; }
INLINE Mask where(Mask mask, Mask a, Mask b) { return mask ? a : b; }
INLINE Vector larger(Vector a, Vector b) { return a > b ? a : b; }
INLINE Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
INLINE Vector absolute(Vector a) { return (Vector)((Mask)a & 0x7fffffffffffffffLL); }
// 1 where a comparison holds, else 0.
INLINE Mask one(Mask mask) { return mask & 1; }

INLINE bool any(Mask mask) {
#if defined(__AVX512F__)
    return _mm512_test_epi64_mask((__m512i)mask, (__m512i)mask) != 0;
#elif defined(__AVX2__)
    return _mm256_movemask_pd((__m256d)mask) != 0;
#else
    int64_t bits = 0;
    for (int i = 0; i < WIDTH; i++) bits |= mask[i];
    return bits != 0;
#endif
}

INLINE Vector root(Vector a) {
#if defined(__AVX512F__)
    return (Vector)_mm512_sqrt_pd((__m512d)a);
#elif defined(__AVX2__)
    return (Vector)_mm256_sqrt_pd((__m256d)a);
#else
    Vector r;
    for (int i = 0; i < WIDTH; i++) r[i] = __builtin_sqrt(a[i]);
    return r;
#endif
}

// ab + c with one rounding.
INLINE Vector multiply_add(Vector a, Vector b, Vector c) {
#if defined(__AVX512F__)
    return (Vector)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__AVX2__)
    return (Vector)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
    Vector r;
    for (int i = 0; i < WIDTH; i++) r[i] = __builtin_fma(a[i], b[i], c[i]);
    return r;
#endif
}

// Coefficients start with that of the highest power. Even and odd powers are summed side by side,
// since each step waits for the one before.
template <int N>
INLINE Vector polynomial(const double (&coefficients)[N], Vector x) {
    Vector square = x * x, total = all(coefficients[0]), other = all(coefficients[1]);
    for (int i = 2; i + 1 < N; i += 2) {
        total = total * square + coefficients[i];
        other = other * square + coefficients[i + 1];
    }
    return N % 2 ? (total * square + coefficients[N - 1]) + other * x : total * x + other;
}
