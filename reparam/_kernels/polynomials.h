// Polynomials of elementary functions: made by tools/kernel_polynomials.py, not by hand.
// Coefficients start with that of the highest power.
#pragma once

// (e^s - 1 - s)/s^2 for |s| <= log(2)/2
constexpr double EXP[] = {
    0x1.1f730349868cep-29,
    0x1.af4de97ca4194p-26,
    0x1.27e4db646b17ep-22,
    0x1.71de0231960ebp-19,
    0x1.a01a01a6d889cp-16,
    0x1.a01a01abe7fe1p-13,
    0x1.6c16c16c162d4p-10,
    0x1.11111111100dcp-7,
    0x1.5555555555556p-5,
    0x1.5555555555557p-3,
    0x1.0000000000000p-1,
};

// (e^s - 1 - s)/s^2 for |s| <= 1/2
constexpr double BEND[] = {
    0x1.6267cf434f12cp-33,
    0x1.201cd8001288bp-29,
    0x1.ae63a07779c78p-26,
    0x1.27e450c2e35f7p-22,
    0x1.71de3a84a10c3p-19,
    0x1.a01a01f8a44eap-16,
    0x1.a01a01a00ef0fp-13,
    0x1.6c16c16c02003p-10,
    0x1.1111111111120p-7,
    0x1.555555555558ep-5,
    0x1.5555555555555p-3,
    0x1.0000000000000p-1,
};

// (2 atanh(s)/s - 2)/s^2 of s^2, s <= 0.1716
constexpr double LOG[] = {
    0x1.2b5900de53b32p-3,
    0x1.39fe51a7c18f9p-3,
    0x1.7462b51cb66b1p-3,
    0x1.c71c62e3f11e6p-3,
    0x1.2492492df281ap-2,
    0x1.99999999952d7p-2,
    0x1.5555555555558p-1,
};

// (2 atanh(s)/s - 2)/s^2 of s^2, s <= 0.4599
constexpr double ATANH[] = {
    0x1.25e191589867fp-2,
    -0x1.bfecd2329ca8fp-5,
    0x1.29822262b3534p-3,
    0x1.831d6670e7e65p-4,
    0x1.e8014f9bc16e6p-4,
    0x1.10c9472423656p-3,
    0x1.3b17fc80411c0p-3,
    0x1.745cedd3eb45dp-3,
    0x1.c71c72b219df8p-3,
    0x1.249249233b545p-2,
    0x1.999999999b207p-2,
    0x1.5555555555553p-1,
};
