"""Make the wheels of a release, for all platforms, on one machine with the headers of Python.

``python -m pip install hatchling ziglang && python tools/build_wheels.py [FOLDER]``. Wheels go to
``dist``, or that folder: one with compiled kernels for each platform of ``build_kernels.py``, and a
pure Python one, which pip installs everywhere else.
"""

from __future__ import annotations

import os
import subprocess
import sys

from build_kernels import PLATFORMS, ROOT

#: Of the pure Python wheel; the platform's name is empty.
PURE = {"REPARAM_KERNELS": "numpy"}


def main() -> None:
    """Make them, one after another."""
    folder = sys.argv[1] if len(sys.argv) > 1 else "dist"
    for settings in (*({"REPARAM_PLATFORM": name} for name in PLATFORMS), PURE):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "hatchling",
                "build",
                "--target",
                "wheel",
                "--directory",
                folder,
            ],
            cwd=ROOT,
            env=os.environ | settings,
            check=True,
        )


if __name__ == "__main__":
    main()
