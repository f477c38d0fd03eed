// The extension module: arguments of kernels by the buffer protocol, so that NumPy is not compiled
// against, and the choice of the instruction set. It is made of Python's stable interface.
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#include "kernels.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <cpuid.h>
extern "C" const Kernels kernels_avx512, kernels_avx2;
#else
extern "C" const Kernels kernels_neon;
#endif

namespace {

const Kernels *active = nullptr;

// NumPy's type of arrays and functions, and whether they are there: it is imported when they are needed.
PyObject *array_type, *empty, *logarithm, *exponential;

bool has_numpy() {
    if (exponential) return true;
    PyObject *numpy = PyImport_ImportModule("numpy");
    if (!numpy) return false;
    array_type = PyObject_GetAttrString(numpy, "ndarray");
    empty = PyObject_GetAttrString(numpy, "empty");
    logarithm = PyObject_GetAttrString(numpy, "log");
    if (array_type && empty && logarithm) exponential = PyObject_GetAttrString(numpy, "exp");
    Py_DECREF(numpy);
    return exponential;
}

#if defined(__x86_64__) || defined(_M_X64)
// Whether the processor has AVX2 with fused multiplication, or AVX-512 (F, DQ, BW and VL), too, and the
// operating system keeps such registers. Not every compiler's run-time library answers that.
bool supports(bool wide) {
    unsigned a, b, c, d, kept, high;
    const unsigned fma = 1u << 12, saves = 1u << 27, avx2 = 1u << 5;
    const unsigned avx512 = 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & fma) || !(c & saves)) return false;
    __asm__ volatile("xgetbv" : "=a"(kept), "=d"(high) : "c"(0));
    const unsigned needed = wide ? 0xe6 : 0x06, features = wide ? avx512 | avx2 : avx2;
    if ((kept & needed) != needed || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
    return (b & features) == features;
}
#endif

// Kernels that run on this processor, the fastest first, by index; null after the last one.
const Kernels *available(int index) {
    const Kernels *found[3] = {nullptr, nullptr, nullptr};
    int count = 0;
#if defined(__x86_64__) || defined(_M_X64)
    if (supports(true)) found[count++] = &kernels_avx512;
    if (supports(false)) found[count++] = &kernels_avx2;
#else
    found[count++] = &kernels_neon;
#endif
    return found[index];
}

// Arguments of one call. The first output determines how many elements there are.
class Arguments {
  public:
    Arguments() = default;
    ~Arguments() {
        for (int i = 0; i < held_; i++) PyBuffer_Release(&views_[i]);
    }
    Arguments(const Arguments &) = delete;
    Arguments &operator=(const Arguments &) = delete;

    long size() const { return size_; }

    // A writable array with this number of rows, all of one length.
    double *output(PyObject *object, int rows = 1) {
        Py_buffer *view = hold(object, true);
        if (!view) return nullptr;
        long size = (long)(view->len / (Py_ssize_t)(rows * sizeof(double)));
        if (size_ >= 0 && size != size_) return wrong();
        size_ = size;
        return (double *)view->buf;
    }

    // An array, which says how many elements there are.
    Input any(PyObject *object) {
        Py_buffer *view = hold(object);
        if (!view) return {nullptr, 0};
        size_ = (long)(view->len / (Py_ssize_t)sizeof(double));
        return {(const double *)view->buf, 1};
    }

    // An array of that length; None has no data.
    Input array(PyObject *object, bool optional = false) {
        if (optional && object == Py_None) return {nullptr, 0};
        Py_buffer *view = hold(object);
        if (!view) return {nullptr, 0};
        if (view->len != size_ * (Py_ssize_t)sizeof(double)) return {wrong(), 0};
        return {(const double *)view->buf, 1};
    }

    // Such an array, or one number; or an array with so many numbers for each, or for all.
    Input either(PyObject *object, long each = 1) {
        if (each == 1 && PyFloat_Check(object)) {
            numbers_[number_] = PyFloat_AsDouble(object);
            return {&numbers_[number_++], 0};
        }
        Py_buffer *view = hold(object);
        if (!view) return {nullptr, 0};
        Py_ssize_t one = each * (Py_ssize_t)sizeof(double);
        if (view->len == one) return {(const double *)view->buf, 0};
        if (view->len != size_ * one) return {wrong(), 0};
        return {(const double *)view->buf, each};
    }

    // A number, or an array with one axis, of that length: the first one determines it otherwise.
    Input line(PyObject *object) {
        if (PyFloat_Check(object)) return either(object);
        Py_buffer *view = hold(object);
        if (!view) return {nullptr, 0};
        if (view->ndim == 1 && size_ < 0) size_ = (long)view->shape[0];
        if (view->ndim != 1 || view->shape[0] != size_) return {wrong(), 0};
        return {(const double *)view->buf, 1};
    }

    // An array of rows, all of one length, which is returned, too.
    double *rows(PyObject *object, long *length, bool is_output) {
        Py_buffer *view = hold(object, is_output);
        if (!view) return nullptr;
        if (view->ndim != 2 || (size_ >= 0 && view->shape[0] != size_)) return wrong();
        size_ = (long)view->shape[0];
        *length = (long)view->shape[1];
        return (double *)view->buf;
    }

    bool failed() const { return failed_; }

    static constexpr int MOST = 8;

    double *wrong(const char *problem = "arrays are not of one length") {
        if (!failed_) PyErr_SetString(PyExc_ValueError, problem);
        failed_ = true;
        return nullptr;
    }

  private:
    // The memory of an array of doubles, one after another.
    Py_buffer *hold(PyObject *object, bool writable = false) {
        const int flags = PyBUF_ND | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (failed_ || !object || PyObject_GetBuffer(object, &views_[held_], flags) < 0) {
            failed_ = true;
            return nullptr;
        }
        Py_buffer *view = &views_[held_++];
        const char *format = view->format;
        if (!format || format[0] != 'd' || format[1]) wrong("an array is not made of doubles");
        return failed_ ? nullptr : view;
    }

    Py_buffer views_[MOST];
    double numbers_[MOST];
    int held_ = 0, number_ = 0;
    long size_ = -1;
    bool failed_ = false;
};

// Fewer elements take no longer than others wait for the interpreter's lock.
constexpr long FEW = 512;

template <class Call>
long result(const Arguments &arguments, const Call &call, long each = 1) {
    if (arguments.size() * each <= FEW) return call();
    long found;
    Py_BEGIN_ALLOW_THREADS;
    found = call();
    Py_END_ALLOW_THREADS;
    return found;
}

template <class Call>
PyObject *called(const Arguments &arguments, const Call &call, long each = 1) {
    return arguments.failed() ? nullptr : PyLong_FromLong(result(arguments, call, each));
}

bool expects(Py_ssize_t wanted, Py_ssize_t given) {
    if (wanted != given) PyErr_Format(PyExc_TypeError, "%zd arguments, not %zd", wanted, given);
    return wanted == given;
}

PyObject *gamma(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(4, count)) return nullptr;
    Arguments a;
    double *h = a.output(given[3]);
    Input x = a.array(given[0], true), log_x = a.array(given[1]), alpha = a.either(given[2]);
    return called(a, [&] { return active->gamma(x, log_x, alpha, h, a.size()); });
}

PyObject *beta(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(7, count)) return nullptr;
    Arguments a;
    double *first = a.output(given[5]), *second = a.output(given[6]);
    Input x = a.array(given[0], true), rest = a.array(given[1], true), logit = a.array(given[2]);
    Input alpha = a.either(given[3]), beta = a.either(given[4]);
    return called(
        a, [&] { return active->beta(x, rest, logit, alpha, beta, first, second, a.size()); });
}

PyObject *beta_draw(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(6, count)) return nullptr;
    Arguments a;
    double *first = a.output(given[4]), *second = a.output(given[5]);
    Input x = a.array(given[0]), logit = a.array(given[1]);
    Input alpha = a.either(given[2]), beta = a.either(given[3]);
    return called(
        a, [&] { return active->beta_draw(x, logit, alpha, beta, first, second, a.size()); });
}

PyObject *student(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(3, count)) return nullptr;
    Arguments a;
    double *slope = a.output(given[2]);
    Input t = a.array(given[0]), nu = a.either(given[1]);
    return called(a, [&] { return active->student(t, nu, slope, a.size()); });
}

PyObject *log_gamma_star(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(2, count)) return nullptr;
    Arguments a;
    double *result = a.output(given[1]);
    Input alpha = a.array(given[0]);
    return called(a, [&] { return active->draws->log_gamma_star(alpha, result, a.size()), 0L; });
}

PyObject *product(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(4, count)) return nullptr;
    Arguments a;
    long entries = 0, columns = 0;
    double *y = a.rows(given[3], &entries, true);
    const double *x = a.rows(given[1], &columns, false);
    Input matrix = a.either(given[0], entries * columns), offset = {nullptr, 0};
    if (given[2] != Py_None) offset = a.either(given[2], entries);
    auto call = [&] {
        return active->product(matrix, offset, x, y, a.size(), entries, columns), 0L;
    };
    return called(a, call, entries * columns);
}

PyObject *outer(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(3, count)) return nullptr;
    Arguments a, of_total;
    long entries = 0, columns = 0, length = 0;
    const double *left = a.rows(given[0], &entries, false);
    const double *right = a.rows(given[1], &columns, false);
    double *total = of_total.rows(given[2], &length, true);
    if (of_total.failed()) return nullptr;
    if (of_total.size() != entries || length != columns) a.wrong();
    auto call = [&] {
        return active->outer(left, right, total, a.size(), entries, columns), 0L;
    };
    return called(a, call, entries * columns);
}

// A reference to a new object, or to none.
struct Held {
    PyObject *object;
    ~Held() { Py_XDECREF(object); }
};

// Fills in ln x, and x if it has data, and returns how many are rejected: -1 if there is an error.
long gamma_piece(Input z, Input u, Input alpha, double *x, double *log_x, long n) {
    Arguments a;
    Held work = {PyObject_CallFunction(empty, "((ll))", 3L, n)};
    double *steps = a.output(work.object, 3);
    if (!steps) return -1;
    result(a, [&] { return active->draws->propose(z, u, alpha, steps, n), 0L; });
    Held logs = {PyObject_CallFunctionObjArgs(logarithm, work.object, nullptr)};
    Held boost = {PyObject_CallFunction(empty, "l", n)};
    double *of_steps = a.output(logs.object, 3), *exponent = a.output(boost.object);
    if (a.failed()) return -1;
    long rejected = result(a, [&] {
        return active->draws->accept(z, alpha, steps, of_steps, exponent, log_x, n);
    });
    if (!x) return rejected;
    Held factor = {PyObject_CallFunctionObjArgs(exponential, boost.object, nullptr)};
    const double *grown = a.output(factor.object);
    if (a.failed()) return -1;
    result(a, [&] { return active->draws->finish(steps, grown, x, n), 0L; });
    return rejected;
}

// So many draws are made at a time: what they take fits a core's cache.
constexpr long PIECE = 8192;

PyObject *gamma_draws(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(5, count) || !has_numpy()) return nullptr;
    Arguments a;
    double *log_x = a.output(given[4]), *x = given[3] == Py_None ? nullptr : a.output(given[3]);
    Input z = a.array(given[0]), u = a.array(given[1]), alpha = a.either(given[2]);
    if (a.failed()) return nullptr;
    long rejected = 0;
    for (long start = 0; start < a.size(); start += PIECE) {
        long n = a.size() - start < PIECE ? a.size() - start : PIECE;
        long found = gamma_piece(z.from(start), u.from(start), alpha.from(start),
                                 x ? x + start : nullptr, log_x + start, n);
        if (found < 0) return nullptr;
        rejected += found;
    }
    return PyLong_FromLong(rejected);
}

PyObject *further(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(4, count)) return nullptr;
    Arguments a;
    double *first = a.output(given[2]), *second = a.output(given[3]);
    Input z = a.array(given[0]), u = a.array(given[1]);
    return called(a, [&] { return active->draws->further(z, u, first, second, a.size()), 0L; });
}

// Whether all numbers lie between two ends: false, too, if they are not one after another.
PyObject *inside(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(3, count)) return nullptr;
    double low = PyFloat_AsDouble(given[1]), high = PyFloat_AsDouble(given[2]);
    if (PyErr_Occurred()) return nullptr;
    Arguments a;
    Input values = a.any(given[0]);
    if (a.failed()) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    if (!a.size()) Py_RETURN_FALSE;
    return PyBool_FromLong(
        !result(a, [&] { return active->draws->outside(values, low, high, a.size()); }));
}

// How many numbers are NaN: -1 if they are not one after another.
PyObject *unknown(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(1, count)) return nullptr;
    Arguments a;
    Input values = a.any(given[0]);
    if (a.failed()) {
        PyErr_Clear();
        return PyLong_FromLong(-1);
    }
    return called(a, [&] { return active->draws->unknown(values, a.size()); });
}

PyObject *open_unit(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(1, count)) return nullptr;
    Arguments a;
    double *u = a.output(given[0]);
    return called(a, [&] { return active->draws->open(u, a.size()), 0L; });
}

PyObject *lesser(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(2, count)) return nullptr;
    Arguments a;
    double *w = a.output(given[1]);
    Input u = a.array(given[0]);
    return called(a, [&] { return active->draws->lesser(u, w, a.size()), 0L; });
}

PyObject *sign(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(2, count)) return nullptr;
    Arguments a;
    double *z = a.output(given[1]);
    Input u = a.array(given[0]);
    return called(a, [&] { return active->draws->sign(u, z, a.size()), 0L; });
}

// Whether it was done: not unless arrays are lines of one length, or single numbers.
PyObject *place(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(4, count)) return nullptr;
    Arguments a;
    double *y = a.output(given[3]);
    Input z = a.line(given[0]), loc = a.line(given[1]), scale = a.line(given[2]);
    if (a.failed() || !z.step) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    return called(a, [&] { return active->draws->place(z, loc, scale, y, a.size()), 1L; });
}

// A fresh array of products: None unless arrays are lines of one length, or single numbers.
PyObject *times(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!expects(3, count) || !has_numpy()) return nullptr;
    Arguments a;
    Input weight = a.line(given[0]), factor = a.line(given[1]);
    const bool either = given[2] == Py_True;
    if (a.failed() || a.size() < 0) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    PyObject *product = PyObject_CallFunction(empty, "l", a.size());
    if (!product) return nullptr;
    double *to = a.output(product);
    if (!to) Py_CLEAR(product);
    else result(a, [&] { return active->draws->times(weight, factor, either, to, a.size()), 0L; });
    return product;
}

// Whether arguments are an array with one axis, and more like it, or NumPy's numbers.
PyObject *lines(PyObject *, PyObject *const *given, Py_ssize_t count) {
    if (!has_numpy()) return nullptr;
    Arguments a;
    for (Py_ssize_t i = 0; i < count && !a.failed(); i++) {
        bool number = i > 0 && PyFloat_Check(given[i]) && !PyFloat_CheckExact(given[i]);
        if (i == Arguments::MOST || !(number || (PyObject *)Py_TYPE(given[i]) == array_type)) a.wrong();
        a.line(given[i]);
    }
    PyErr_Clear();
    return PyBool_FromLong(!a.failed());
}

PyObject *names(PyObject *, PyObject *) {
    PyObject *list = PyList_New(0);
    if (!list) return nullptr;
    for (int i = 0; available(i); i++) {
        PyObject *name = PyUnicode_FromString(available(i)->name);
        bool failed = !name || PyList_Append(list, name) < 0;
        Py_XDECREF(name);
        if (failed) {
            Py_DECREF(list);
            return nullptr;
        }
    }
    return list;
}

PyObject *choose(PyObject *, PyObject *name) {
    PyObject *bytes = PyUnicode_AsUTF8String(name);
    if (!bytes) return nullptr;
    const Kernels *chosen = nullptr;
    for (int i = 0; available(i); i++)
        if (!strcmp(available(i)->name, PyBytes_AsString(bytes))) chosen = available(i);
    Py_DECREF(bytes);
    if (!chosen) return PyErr_Format(PyExc_ValueError, "no kernels %R for this processor", name);
    active = chosen;
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"names", names, METH_NOARGS, "Return the names of kernels that run here, the fastest first."},
    {"choose", choose, METH_O, "Use the kernels of that name from now on."},
    {"gamma", (PyCFunction)(void (*)(void))gamma, METH_FASTCALL, "gamma(x, log_x, alpha, h)"},
    {"beta", (PyCFunction)(void (*)(void))beta, METH_FASTCALL,
     "beta(x, rest, logit, alpha, beta, first, second)"},
    {"beta_draw", (PyCFunction)(void (*)(void))beta_draw, METH_FASTCALL,
     "beta_draw(x, logit, alpha, beta, first, second)"},
    {"student", (PyCFunction)(void (*)(void))student, METH_FASTCALL, "student(t, nu, slope)"},
    {"log_gamma_star", (PyCFunction)(void (*)(void))log_gamma_star, METH_FASTCALL,
     "log_gamma_star(alpha, result)"},
    {"product", (PyCFunction)(void (*)(void))product, METH_FASTCALL,
     "product(matrix, x, offset, y)"},
    {"outer", (PyCFunction)(void (*)(void))outer, METH_FASTCALL, "outer(left, right, total)"},
    {"gamma_draws", (PyCFunction)(void (*)(void))gamma_draws, METH_FASTCALL,
     "gamma_draws(z, u, alpha, x, log_x)"},
    {"inside", (PyCFunction)(void (*)(void))inside, METH_FASTCALL, "inside(values, low, high)"},
    {"unknown", (PyCFunction)(void (*)(void))unknown, METH_FASTCALL, "unknown(values)"},
    {"open", (PyCFunction)(void (*)(void))open_unit, METH_FASTCALL, "open(u)"},
    {"lesser", (PyCFunction)(void (*)(void))lesser, METH_FASTCALL, "lesser(u, w)"},
    {"sign", (PyCFunction)(void (*)(void))sign, METH_FASTCALL, "sign(u, z)"},
    {"place", (PyCFunction)(void (*)(void))place, METH_FASTCALL, "place(z, loc, scale, y)"},
    {"times", (PyCFunction)(void (*)(void))times, METH_FASTCALL, "times(weight, factor, either)"},
    {"lines", (PyCFunction)(void (*)(void))lines, METH_FASTCALL, "lines(*arguments)"},
    {"further", (PyCFunction)(void (*)(void))further, METH_FASTCALL,
     "further(z, u, first, second)"},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_compiled", "Compiled kernels.", -1, methods,
                          nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__compiled(void) {
    active = available(0);
    if (!active) {
        PyErr_SetString(PyExc_ImportError, "no kernels for this processor");
        return nullptr;
    }
    return PyModule_Create(&definition);
}
