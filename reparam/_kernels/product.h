// y = A x + b for many x, and sums of many a b^T. Entries of results lie in the lanes of vectors: each
// is a sum in one order, whatever is computed beside it, for all instruction sets.
#pragma once
#include <stdlib.h>

#include "vector.h"

// A tile of y is so many rows and vectors of entries, whose sums the registers hold.
constexpr int TILE_ROWS = WIDTH == 8 ? 8 : 4, TILE_VECTORS = 3;
// To rearrange a matrix takes as long as to multiply a few x by it.
constexpr long FEW_ROWS = 4;

// The sums of x[r * across + k * along] times row k of the panel, of that width, from `first` to `last`.
template <int ROWS, int VECTORS>
INLINE void add_products(const double *panel, const double *x, long across, long along, long first,
                         long last, Vector (&sum)[ROWS][VECTORS]) {
    for (long k = first; k < last; k++) {
        Vector column[VECTORS];
        for (int t = 0; t < VECTORS; t++) column[t] = load(panel + (k * VECTORS + t) * WIDTH);
#pragma GCC unroll 8
        for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
            for (int t = 0; t < VECTORS; t++)
                sum[r][t] = multiply_add(column[t], all(x[r * across + k * along]), sum[r][t]);
    }
}

// The sizes of A are `entries` and `columns`.
struct Product {
    const double *x, *offset;
    double *y;
    long rows, entries, columns;
};

// Some rows of A, a column after another, 0 after the last row, and as many entries of b.
struct Panel {
    double *data;
    // The row of A that they start with, and the columns that are not all 0.
    long start, first, last;
    double offset[TILE_VECTORS * WIDTH];

    void fill(const double *matrix, const Product &of, int width) {
        first = of.columns;
        last = 0;
        for (int j = 0; j < width; j++) {
            bool inside = start + j < of.entries;
            const double *row = matrix + (start + j) * of.columns;
            for (long k = 0; k < of.columns; k++) {
                double entry = inside ? row[k] : 0.0;
                data[k * width + j] = entry;
                if (entry == 0.0) continue;
                if (k < first) first = k;
                if (k >= last) last = k + 1;
            }
            offset[j] = inside && of.offset ? of.offset[start + j] : 0.0;
        }
    }
};

INLINE bool all_finite(const double *x, long n) {
    const int64_t exponent = 0x7ff0000000000000LL;
    int64_t infinite = 0;
    for (long i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, x + i, sizeof bits);
        infinite |= (bits & exponent) == exponent;
    }
    return !infinite;
}

template <int ROWS, int VECTORS>
INLINE void product_of_tile(const Panel &panel, const Product &of, long row) {
    const double *x = of.x + row * of.columns;
    double *y = of.y + row * of.entries + panel.start, *end = of.y + of.rows * of.entries;
    const int width = VECTORS * WIDTH;
    long first = panel.first, last = panel.last;
    if (last - first < of.columns && !all_finite(x, ROWS * of.columns)) {  // 0 times infinity
        first = 0;
        last = of.columns;
    }
    Vector sum[ROWS][VECTORS] = {};
    add_products<ROWS, VECTORS>(panel.data, x, of.columns, 1, first, last, sum);
    // what is stored beyond the end of a row is overwritten, if this is all there is of the next
    long left = of.entries - panel.start;
    bool whole = left >= width || (panel.start == 0 && end - y >= (ROWS - 1) * left + width);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++, y += of.entries)
#pragma GCC unroll 4
        for (int t = 0; t < VECTORS; t++) {
            Vector entries = load(panel.offset + t * WIDTH) + sum[r][t];
            if (whole) store(y + t * WIDTH, entries);
            else
                for (int i = 0; i < WIDTH && t * WIDTH + i < left; i++) y[t * WIDTH + i] = entries[i];
        }
}

template <int VECTORS>
static void product_of_panel(Panel &panel, const double *matrix, const Product &of) {
    panel.fill(matrix, of, VECTORS * WIDTH);
    long row = 0;
    for (; row + TILE_ROWS <= of.rows; row += TILE_ROWS)
        product_of_tile<TILE_ROWS, VECTORS>(panel, of, row);
    for (; row < of.rows; row++) product_of_tile<1, VECTORS>(panel, of, row);
}

// One matrix for all rows: whether there was memory for a part of it.
static bool product_of_all(const double *matrix, const Product &of) {
    Panel panel;
    panel.data = (double *)malloc(of.columns * TILE_VECTORS * WIDTH * sizeof(double));
    if (!panel.data) return false;
    for (panel.start = 0; panel.start < of.entries;) {
        long vectors = (of.entries - panel.start + WIDTH - 1) / WIDTH;
        if (vectors > TILE_VECTORS) vectors = TILE_VECTORS;
        if (vectors == 1) product_of_panel<1>(panel, matrix, of);
        else if (vectors == 2) product_of_panel<2>(panel, matrix, of);
        else product_of_panel<3>(panel, matrix, of);
        panel.start += vectors * WIDTH;
    }
    free(panel.data);
    return true;
}

// The sums of one row.
INLINE void product_of_row(const double *matrix, const Product &of, long row) {
    const double *x = of.x + row * of.columns;
    for (long j = 0; j < of.entries; j++, matrix += of.columns) {
        double sum = 0.0;
        for (long k = 0; k < of.columns; k++) sum = __builtin_fma(matrix[k], x[k], sum);
        of.y[row * of.entries + j] = (of.offset ? of.offset[j] : 0.0) + sum;
    }
}

// So many a b^T are added up, then their sum is added to the others'.
constexpr long OUTER_ROWS = 128;

template <int ROWS, int VECTORS>
INLINE void outer_of_tile(const double *panel, const double *left, double *total, long rows,
                          long entries, long columns, long rest) {
    Vector sum[ROWS][VECTORS] = {};
    add_products<ROWS, VECTORS>(panel, left, 1, entries, 0, rows, sum);
    for (int r = 0; r < ROWS; r++)
        for (int t = 0; t < VECTORS; t++)
            for (int i = 0; i < WIDTH && t * WIDTH + i < rest; i++)
                total[r * columns + t * WIDTH + i] += sum[r][t][i];
}

template <int VECTORS>
static void outer_of_panel(const double *left, const double *right, double *total, long rows,
                           long entries, long columns, long rest) {
    double panel[OUTER_ROWS * VECTORS * WIDTH];
    const int width = VECTORS * WIDTH;
    for (long i = 0; i < rows; i++)
        for (int j = 0; j < width; j++)
            panel[i * width + j] = j < rest ? right[i * columns + j] : 0.0;
    long j = 0;
    for (; j + TILE_ROWS <= entries; j += TILE_ROWS)
        outer_of_tile<TILE_ROWS, VECTORS>(panel, left + j, total + j * columns, rows, entries,
                                          columns, rest);
    for (; j + 2 <= entries; j += 2)
        outer_of_tile<2, VECTORS>(panel, left + j, total + j * columns, rows, entries, columns,
                                  rest);
    for (; j < entries; j++)
        outer_of_tile<1, VECTORS>(panel, left + j, total + j * columns, rows, entries, columns,
                                  rest);
}
