// The kernels for one instruction set, which the compiler's options choose: over arrays of any
// length, each element by the regime that its own values choose.
#include "kernels.h"

#include "beta.h"
#include "gamma.h"
#include "product.h"
#include "student.h"

namespace {

// Elements are sorted by regime within chunks of this size.
constexpr int CHUNK = 1024;

// A chunk's numbers of one argument, repeated to whole vectors.
struct Buffer {
    double data[CHUNK + WIDTH];

    void fill(Input from, long start, int m) {
        if (from.step) memcpy(data, from.data + start, m * sizeof(double));
        else
            for (int i = 0; i < m; i++) data[i] = from.data[0];
        pad(m);
    }

    void gather(const Buffer &from, const uint16_t *index, int m) {
        for (int i = 0; i < m; i++) data[i] = from.data[index[i]];
        pad(m);
    }

    void pad(int m) {
        for (int i = m; i % WIDTH; i++) data[i] = data[m - 1];
    }
};

typedef uint8_t Bytes __attribute__((vector_size(WIDTH)));

// A chunk's elements in the order of their regimes; those of the last one are left to NumPy.
template <int REGIMES>
struct Order {
    uint8_t regime[CHUNK + WIDTH];
    uint16_t index[CHUNK];
    int count[REGIMES + 1];

    void set(int i, Mask regimes) {
        Bytes bytes = __builtin_convertvector(regimes, Bytes);
        memcpy(regime + i, &bytes, sizeof bytes);
    }

    // Whether all are of one regime, which needs no sorting.
    bool sort(int m) {
        memset(count, 0, sizeof count);
        for (int i = 0; i < m; i++) count[regime[i]]++;
        if (count[regime[0]] == m) return true;
        int next[REGIMES + 1], start = 0;
        for (int c = 0; c <= REGIMES; c++) {
            next[c] = start;
            start += count[c];
        }
        for (int i = 0; i < m; i++) index[next[regime[i]]++] = (uint16_t)i;
        return false;
    }
};

// Shapes outside of it, and arguments whose powers overflow, are left to NumPy.
INLINE Mask usual(Vector shape) { return (shape >= 1e-100) & (shape <= 1e100); }

long gamma(Input x, Input log_x, Input alpha, double *h, long n) {
    Buffer bx, bl, ba, gx, gl, ga, out;
    Order<GAMMA_REGIMES> order;
    long left = 0;
    for (long start = 0; start < n; start += CHUNK) {
        int m = n - start < CHUNK ? (int)(n - start) : CHUNK;
        bl.fill(log_x, start, m);
        ba.fill(alpha, start, m);
        if (x.data) bx.fill(x, start, m);
        for (int i = 0; i < m; i += WIDTH) {
            Vector log = load(bl.data + i), shape = load(ba.data + i);
            if (!x.data) store(bx.data + i, exponential(log));
            Mask inside = usual(shape) & (log <= 300.0) & (log >= -1e100);
            Mask regime = gamma_regime(load(bx.data + i), shape);
            order.set(i, where(inside, regime, Mask{} + GAMMA_REGIMES));
        }
        if (order.sort(m)) {
            gamma_of_regime(order.regime[0], bx.data, bl.data, ba.data, out.data, m);
            memcpy(h + start, out.data, m * sizeof(double));
        } else {
            const uint16_t *index = order.index;
            for (int c = 0; c < GAMMA_REGIMES; c++) {
                int k = order.count[c];
                if (!k) continue;
                gx.gather(bx, index, k);
                gl.gather(bl, index, k);
                ga.gather(ba, index, k);
                gamma_of_regime(c, gx.data, gl.data, ga.data, out.data, k);
                for (int i = 0; i < k; i++) h[start + index[i]] = out.data[i];
                index += k;
            }
        }
        if (!order.count[GAMMA_REGIMES]) continue;
        left += order.count[GAMMA_REGIMES];
        for (int i = 0; i < m; i++)
            if (order.regime[i] == GAMMA_REGIMES) h[start + i] = __builtin_nan("");
    }
    return left;
}

long beta(Input x, Input rest, Input logit, Input alpha, Input beta, double *first, double *second,
          long n) {
    Buffer bx, by, bl, ba, bb, gx, gy, gl, ga, gb, out, other, own, opposite;
    // of elements that are in order already, and of those that are gathered
    BetaSeries shared;
    const BetaSeries *series = nullptr;
    if (!alpha.step && !beta.step && n > WIDTH) {
        Vector a = all(*alpha.data), b = all(*beta.data);
        shared.fill(smaller(a, b), larger(a, b));
        series = &shared;
    }
    const BetaArrays whole = {bx.data, by.data, bl.data, ba.data,
                              bb.data, own.data, opposite.data, series};
    const BetaArrays some = {gx.data, gy.data, gl.data, ga.data,
                             gb.data, out.data, other.data, series};
    Order<BETA_REGIMES> order;
    int64_t above[CHUNK + WIDTH];
    long left = 0;
    for (long start = 0; start < n; start += CHUNK) {
        int m = n - start < CHUNK ? (int)(n - start) : CHUNK;
        bl.fill(logit, start, m);
        ba.fill(alpha, start, m);
        bb.fill(beta, start, m);
        if (x.data) {
            bx.fill(x, start, m);
            by.fill(rest, start, m);
        }
        for (int i = 0; i < m; i += WIDTH) {
            Vector l = load(bl.data + i), a = load(ba.data + i), b = load(bb.data + i), X, Y;
            if (x.data) {
                X = load(bx.data + i);
                Y = load(by.data + i);
            } else {
                Vector small = exponential(-absolute(l)), near_one = 1.0 / (1.0 + small);
                Vector near_zero = small * near_one;
                X = where(l < 0.0, near_zero, near_one);
                Y = where(l < 0.0, near_one, near_zero);
            }
            Mask inside = usual(a) & usual(b) & (absolute(l) <= 1e100);
            // above the mean, and near 1, it is the mirror image
            Mask up = X * b > Y * a;
            up = (up & ~beta_is_near_zero(X, a, b)) | beta_is_near_zero(Y, b, a);
            store(bx.data + i, where(up, Y, X));
            store(by.data + i, where(up, X, Y));
            store(bl.data + i, where(up, -l, l));
            store(ba.data + i, where(up, b, a));
            store(bb.data + i, where(up, a, b));
            memcpy(above + i, &up, sizeof up);
            Mask regime = beta_regime(where(up, Y, X), where(up, b, a), where(up, a, b));
            order.set(i, where(inside, regime, Mask{} + BETA_REGIMES));
        }
        if (order.sort(m)) {
            beta_of_regime(order.regime[0], whole, m);
        } else {
            const uint16_t *index = order.index;
            for (int c = 0; c < BETA_REGIMES; c++) {
                int k = order.count[c];
                if (!k) continue;
                gx.gather(bx, index, k);
                gy.gather(by, index, k);
                gl.gather(bl, index, k);
                ga.gather(ba, index, k);
                gb.gather(bb, index, k);
                beta_of_regime(c, some, k);
                for (int i = 0; i < k; i++) {
                    own.data[index[i]] = out.data[i];
                    opposite.data[index[i]] = other.data[i];
                }
                index += k;
            }
        }
        for (int i = 0; i < m; i++) {
            first[start + i] = above[i] ? -opposite.data[i] : own.data[i];
            second[start + i] = above[i] ? -own.data[i] : opposite.data[i];
        }
        left += order.count[BETA_REGIMES];
        if (order.count[BETA_REGIMES])
            for (int i = 0; i < m; i++)
                if (order.regime[i] == BETA_REGIMES)
                    first[start + i] = second[start + i] = __builtin_nan("");
    }
    return left;
}

long beta_draw(Input x, Input logit, Input alpha, Input shape, double *first, double *second,
               long n) {
    long left = beta({0, 0}, {0, 0}, logit, alpha, shape, first, second, n);
    for (long start = 0; start < n; start += WIDTH) {
        int m = n - start < WIDTH ? (int)(n - start) : WIDTH;
        double of_x[WIDTH] = {}, of_logit[WIDTH] = {}, rest[WIDTH];
        memcpy(of_x, x.data + start, m * sizeof(double));
        memcpy(of_logit, logit.data + start, m * sizeof(double));
        Vector near_one = sigmoid(-load(of_logit)), point = load(of_x);
        store(rest, point * where(point > 0.75, near_one, 1.0 - point));
        for (int k = 0; k < m; k++) {
            double slope = rest[k], &own = first[start + k], &other = second[start + k];
            if (of_x[k] > 0.75 && of_logit[k] > 700.0) {  // 1 - x all but underflows
                own = other = __builtin_nan("");
                left++;
            } else {
                bool nothing = slope == 0.0 && own == own;  // NaN is left to NumPy
                own = nothing ? 0.0 : own * slope;
                other = nothing ? 0.0 : other * slope;
            }
        }
    }
    return left;
}

// nu < 1: from the derivative of the beta draw with logit log(nu/t^2).
void student_by_beta(const Buffer &t, const Buffer &nu, Buffer &slope, int m) {
    Buffer logit, alpha, first, second;
    const double half = 0.5;
    for (int i = 0; i < m; i += WIDTH) {
        Vector v = load(nu.data + i);
        Vector ratio = logarithm(v) - 2.0 * logarithm(absolute(load(t.data + i)));
        store(logit.data + i, ratio);
        store(alpha.data + i, 0.5 * v);
    }
    beta({0, 0}, {0, 0}, {logit.data, 1}, {alpha.data, 1}, {&half, 0}, first.data, second.data, m);
    first.pad(m);
    for (int i = 0; i < m; i += WIDTH)
        store(slope.data + i, 0.5 * (1.0 / load(nu.data + i) - 0.5 * load(first.data + i)));
}

long student(Input t, Input nu, double *slope, long n) {
    Buffer bt, bn, gt, gn, out;
    Order<STUDENT_REGIMES> order;
    long left = 0;
    for (long start = 0; start < n; start += CHUNK) {
        int m = n - start < CHUNK ? (int)(n - start) : CHUNK;
        bt.fill(t, start, m);
        bn.fill(nu, start, m);
        for (int i = 0; i < m; i += WIDTH) {
            Vector size = absolute(load(bt.data + i)), v = load(bn.data + i);
            Mask inside = usual(0.5 * v) & (size <= 1e140) & ((v >= 1.0) | (size >= 1e-140));
            Mask regime = student_regime(size, v);
            order.set(i, where(inside, regime, Mask{} + STUDENT_REGIMES));
        }
        if (order.sort(m))
            for (int i = 0; i < m; i++) order.index[i] = (uint16_t)i;
        const uint16_t *index = order.index;
        for (int c = 0; c < STUDENT_REGIMES; c++) {
            int k = order.count[c];
            if (!k) continue;
            gt.gather(bt, index, k);
            gn.gather(bn, index, k);
            if (c == STUDENT_BY_BETA) student_by_beta(gt, gn, out, k);
            else student_of_regime(c, gt.data, gn.data, out.data, k);
            for (int i = 0; i < k; i++) slope[start + index[i]] = out.data[i];
            index += k;
        }
        left += order.count[STUDENT_REGIMES];
        for (int i = 0; i < m; i++)
            if (order.regime[i] == STUDENT_REGIMES) slope[start + i] = __builtin_nan("");
    }
    return left;
}

void product(Input matrix, Input offset, const double *x, double *y, long rows, long entries,
             long columns) {
    bool each = offset.step;  // has an offset of its own
    Product of = {x, each ? nullptr : offset.data, y, rows, entries, columns};
    if (matrix.step || rows < FEW_ROWS || !product_of_all(matrix.data, of))
        for (long row = 0; row < rows; row++) product_of_row(matrix.data + row * matrix.step, of, row);
    if (each)
        for (long i = 0; i < rows * entries; i++) y[i] = offset.data[i] + y[i];
}

void outer(const double *left, const double *right, double *total, long rows, long entries,
           long columns) {
    memset(total, 0, entries * columns * sizeof(double));
    for (long start = 0; start < rows; start += OUTER_ROWS) {
        long m = rows - start < OUTER_ROWS ? rows - start : OUTER_ROWS;
        for (long k = 0; k < columns;) {
            long rest = columns - k, vectors = (rest + WIDTH - 1) / WIDTH;
            auto part = vectors > 2   ? outer_of_panel<3>
                        : vectors > 1 ? outer_of_panel<2>
                                      : outer_of_panel<1>;
            part(left + start * entries, right + start * columns + k, total + k, m, entries,
                 columns, rest);
            k += (vectors > 2 ? 3 : vectors) * WIDTH;
        }
    }
}

}  // namespace

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
#define JOINED_OF(a, b) a##b
#define JOINED(a, b) JOINED_OF(a, b)

extern "C" const Draws JOINED(draws_, INSTRUCTIONS);
extern "C" const Kernels JOINED(kernels_, INSTRUCTIONS) = {
    TEXT(INSTRUCTIONS), gamma, beta, beta_draw, student, product, outer,
    &JOINED(draws_, INSTRUCTIONS)};
