"""Compile ``reparam/_kernels``: for hatchling, or ``python tools/build_kernels.py`` in place.

Without a C++ compiler (GCC or Clang; ``CXX`` names another one), or with REPARAM_KERNELS=numpy, a
pure Python package is installed, and NumPy serves. Nothing but the standard library is needed.
``tools/build_wheels.py`` makes the wheels of a release: REPARAM_PLATFORM names the platform of a
wheel, and the package ziglang compiles for it.
"""

from __future__ import annotations

import importlib.util
import math
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

THIS = Path(__file__)
ROOT = THIS.parents[1]
SOURCES = ROOT / "reparam" / "_kernels"

#: The extension works with this version of Python and all later ones.
STABLE = "0x030B0000"
FLAGS = [
    *("-std=c++17", "-O3", "-fvisibility=hidden", "-fno-exceptions", "-fno-rtti"),
    *("-fno-math-errno", "-fno-trapping-math"),
]
#: By machine: the instruction sets that kernels are compiled for, and their options.
INSTRUCTIONS = {
    "x86_64": {
        "avx2": ["-mavx2", "-mfma"],
        "avx512": [
            *("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"),
            "-mprefer-vector-width=512",
        ],
    },
    "aarch64": {"neon": []},
}
#: By the platform of a wheel, as its file name states it: Zig's name, of which the machine is the
#: first part.
PLATFORMS = {
    "manylinux_2_17_x86_64": "x86_64-linux-gnu.2.17",
    "manylinux_2_17_aarch64": "aarch64-linux-gnu.2.17",
    "macosx_11_0_x86_64": "x86_64-macos.11.0",
    "macosx_11_0_arm64": "aarch64-macos.11.0",
    "win_amd64": "x86_64-windows-gnu",
}


# Constants -------------------------------------------------------------------------------------


def special(name: str) -> Any:
    """Return a module of constants in ``reparam/special``, without importing the package."""
    path = ROOT / "reparam" / "special" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"constants{name}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def array(name: str, values: Sequence[float]) -> str:
    """Return the declaration of an array."""
    entries = ", ".join(float(value).hex() for value in values)
    return f"constexpr double {name}[] = {{{entries}}};\n"


def legendre(order: int) -> tuple[list[float], list[float]]:
    """Return the nodes and weights of the Gauss-Legendre rule on [−1, 1]."""
    nodes, weights = [], []
    for k in range(order):
        x = -math.cos(math.pi * (k + 0.75) / (order + 0.5))
        for _ in range(8):
            low, high = 1.0, x
            for n in range(2, order + 1):
                low, high = high, ((2 * n - 1) * x * high - (n - 1) * low) / n
            slope = order * (x * high - low) / (x * x - 1.0)
            x -= high / slope
        nodes.append(x)
        weights.append(2.0 / ((1.0 - x * x) * slope * slope))
    return nodes, weights


def tables() -> Iterator[str]:
    """Yield ``tables.h``: the constants of ``reparam/special``, and what follows from them."""
    rules, expansions = special("_rules"), special("_expansions").TABLES
    constants = special("_constants")
    yield "// Constants of reparam/special: made by tools/build_kernels.py.\n#pragma once\n"
    yield f"constexpr double CUTOFF = {rules.CUTOFF};\n"
    for name, rule in vars(rules).items():
        if not (name.isupper() and isinstance(rule, tuple)):
            continue
        nodes, weights = rule
        logs = [math.log(node) for node in nodes]
        pairs = list(zip(nodes, weights, strict=True))
        yield f"constexpr int {name}_SIZE = {len(nodes)};\n"
        yield array(f"{name}_NODE", nodes)
        yield array(f"{name}_REST", [1.0 - node for node in nodes])
        yield array(f"{name}_LOG", logs)
        yield array(f"{name}_WEIGHT", weights)
        yield array(f"{name}_GROWTH", [math.expm1(node) for node in nodes])
        yield array(f"{name}_NODE_WEIGHT", [node * weight for node, weight in pairs])
        yield array(f"{name}_FALLING", [weight * math.exp(-node) for node, weight in pairs])
        yield array(f"{name}_LOG_WEIGHT", [-log * w for log, w in zip(logs, weights, strict=True)])
    bernoulli = constants.BERNOULLI
    yield array("BERNOULLI", bernoulli)
    yield array(
        "HALF_BERNOULLI",
        [b * (4.0**k - 1.0) * 2.0 / 4.0**k for k, b in enumerate(bernoulli, 1)],
    )
    yield array("STIRLING", constants.STIRLING)
    terms = constants.STEP_TERMS
    yield f"constexpr int STEP_TERMS[] = {{{', '.join(map(str, terms))}}};\n"
    yield array("STEP", [1.0 / (2 * k + 1) for k in range(1, max(terms) + 1)])
    for number, table in enumerate(expansions):
        rows = [row[::-1] for row in reversed(table.rows)]
        lengths = ", ".join(str(len(row)) for row in rows)
        yield f"constexpr int EXPANSION_{number}_LENGTH[] = {{{lengths}}};\n"
        yield array(f"EXPANSION_{number}", [entry for row in rows for entry in row])
    yield f"constexpr int EXPANSIONS = {len(expansions)};\n"
    yield array("EXPANSION_LEAST", [table.least for table in expansions])
    nodes, weights = legendre(constants.PANEL_ORDER)
    yield f"constexpr int PANEL_SIZE = {len(nodes)};\n"
    yield array("PANEL_NODE", nodes) + array("PANEL_WEIGHT", weights)
    for name in ("FALL", "BEFORE"):
        values = getattr(constants, f"PANEL_{name}")
        yield f"constexpr int PANELS_{name} = {len(values)};\n" + array(f"PANEL_{name}", values)


# Compiling -------------------------------------------------------------------------------------


def compiler() -> list[str] | None:
    """Return the command of a C++ compiler with vector extensions, if there is one."""
    if given := os.environ.get("CXX"):
        return shlex.split(given)
    return next(([name] for name in ("g++", "clang++") if shutil.which(name)), None)


def build(
    target: Path, command: Sequence[str], machine: str, link: Sequence[str], include: str
) -> None:
    """Compile the extension."""
    sets = INSTRUCTIONS[machine]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        (made / "tables.h").write_text("".join(tables()), encoding="utf-8")
        common = [*command, *FLAGS, f"-I{made}", f"-I{include}"]
        if not target.name.endswith(".pyd"):
            common.append("-fPIC")
        units = [
            ("module.cpp", "module.o", [f"-DPy_LIMITED_API={STABLE}"]),
            *(
                (
                    f"{unit}.cpp",
                    f"{unit}_{name}.o",
                    [*options, f"-DINSTRUCTIONS={name}", f"-ffp-contract={fused}", "-Wno-psabi"],
                )
                for name, options in sets.items()
                for unit, fused in (("kernels", "fast"), ("draws", "off"))
            ),
        ]

        def compiled(unit: tuple[str, str, list[str]]) -> str:
            source, made_of_it, options = unit
            output = str(made / made_of_it)
            run([*common, *options, "-c", str(SOURCES / source), "-o", output])
            return output

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compiled, units))
        run([*command, *link, *objects, "-o", str(target)])


def run(command: Sequence[str]) -> None:
    """Run a command, with what it prints in the error."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(command)}\n{done.stderr}")


def build_here() -> Path | None:
    """Build for this machine, in place; return the file, or None where NumPy is to serve."""
    target = SOURCES / "_compiled.abi3.so"
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)
    if os.environ.get("REPARAM_KERNELS") == "numpy" or machine not in INSTRUCTIONS:
        return None
    if os.name == "nt" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return None  # the first needs an import library, the second has no stable interface
    if up_to_date(target):
        return target
    target.unlink(missing_ok=True)
    command = compiler()
    if command is None:
        print("reparam: no C++ compiler, so NumPy serves", file=sys.stderr)
        return None
    link = ["-shared", "-Wl,--as-needed"]
    if sys.platform == "darwin":
        link = ["-bundle", "-undefined", "dynamic_lookup"]
    try:
        build(target, command, machine, link, sysconfig.get_path("include"))
    except OSError as error:
        print(f"reparam: compiling failed, so NumPy serves\n{error}", file=sys.stderr)
        return None
    return target


def up_to_date(target: Path) -> bool:
    """Return whether the file is newer than all that it is made of."""
    if not target.exists():
        return False
    headers_and_units = [*SOURCES.glob("*.h"), *SOURCES.glob("*.cpp")]
    constants = (ROOT / "reparam" / "special").glob("_*s.py")
    made = target.stat().st_mtime
    return all(made > path.stat().st_mtime for path in (*headers_and_units, *constants, THIS))


# Compiling for another platform ----------------------------------------------------------------

#: What ``module.cpp`` uses of Python, itself and by macros: the import library of Windows.
STABLE_NAMES = (
    *("PyBool_FromLong", "PyBuffer_Release", "PyBytes_AsString", "PyErr_Clear", "PyErr_Format"),
    *("PyErr_Occurred", "PyErr_SetString", "PyEval_RestoreThread", "PyEval_SaveThread"),
    *("PyFloat_AsDouble", "PyImport_ImportModule", "PyList_Append", "PyList_New"),
    *("PyLong_FromLong", "PyModule_Create2", "PyObject_CallFunctionObjArgs"),
    *("PyObject_GetAttrString", "PyObject_GetBuffer", "PyType_IsSubtype"),
    *("PyUnicode_AsUTF8String", "PyUnicode_FromString", "_PyObject_CallFunction_SizeT"),
    *("_Py_Dealloc", "PyExc_ImportError DATA", "PyExc_TypeError DATA"),
    *("PyExc_ValueError DATA", "PyFloat_Type DATA", "_Py_FalseStruct DATA"),
    *("_Py_NoneStruct DATA", "_Py_TrueStruct DATA"),
)
#: Python's headers ask a file for these, which only holds for the machine that they are from.
CONFIGURATION = """
#define SIZEOF_INT __SIZEOF_INT__
#define SIZEOF_LONG __SIZEOF_LONG__
#define SIZEOF_LONG_LONG __SIZEOF_LONG_LONG__
#define SIZEOF_SIZE_T __SIZEOF_SIZE_T__
#define SIZEOF_VOID_P __SIZEOF_POINTER__
#define SIZEOF_WCHAR_T __SIZEOF_WCHAR_T__
#ifdef _WIN32
#define MS_WINDOWS
#define HAVE_DECLSPEC_DLL
#define Py_ENABLE_SHARED
#endif
"""


def build_for(name: str, folder: Path) -> Path:
    """Build for that platform, with Zig and the headers of this Python; return the file."""
    zig = [sys.executable, "-m", "ziglang"]
    triple = PLATFORMS[name]
    headers = folder / "include"
    shutil.copytree(sysconfig.get_path("include"), headers)
    (headers / "pyconfig.h").write_text(CONFIGURATION, encoding="utf-8")
    link, target = ["-shared", "-s"], folder / "_compiled.abi3.so"
    if "macos" in triple:
        link += ["-undefined", "dynamic_lookup"]
    if "windows" in triple:
        target = folder / "_compiled.pyd"
        names, library = folder / "python3.def", folder / "python3.lib"
        names.write_text("\n".join(["LIBRARY python3.dll", "EXPORTS", *STABLE_NAMES]))
        run([*zig, "dlltool", "-m", "i386:x86-64", "-d", str(names), "-l", str(library)])
        link.append(str(library))
    machine = triple.partition("-")[0]
    build(target, [*zig, "cc", "-target", triple], machine, link, str(headers))
    return target


# Packing ---------------------------------------------------------------------------------------


class KernelsHook(BuildHookInterface):  # type: ignore[type-arg]
    """What hatchling calls before it packs a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and put the extension into the wheel, unless it is an editable install's."""
        self._folder = tempfile.TemporaryDirectory()
        if name := os.environ.get("REPARAM_PLATFORM"):
            made: Path | None = build_for(name, Path(self._folder.name))
        else:
            made, name = build_here(), sysconfig.get_platform()
        if made and version != "editable":
            build_data["force_include"][str(made)] = f"reparam/_kernels/{made.name}"
            build_data["pure_python"] = False
            system = name.replace("-", "_").replace(".", "_")
            build_data["tag"] = f"cp311-abi3-{system}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was built for another platform."""
        self._folder.cleanup()


if __name__ == "__main__":
    print(build_here() or "nothing built: NumPy serves")
