"""Record the accuracy of the library as it is now: ``python tools/update_ledger.py``.

Writes ``tests/helpers/reference/ledger.json`` and prints what changed by more than the tests let
pass. A figure that breaks a promise is not recorded, nor is any other then. The figures are those
of NumPy's kernels, whatever was compiled: they are the same on every processor.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

from reference import ledger


def main() -> None:
    os.environ["REPARAM_KERNELS"] = "numpy"
    before, after = ledger.read(), ledger.measure()
    broken = []
    for function, kinds in after.items():
        bar, slack = ledger.promise(function)
        for kind, error in kinds.items():
            old = before.get(function, {}).get(kind)
            if not error <= bar:
                broken.append(f"{function}, {kind}: {error:.3g} is above {bar:g}")
            elif old is None or abs(error - old) > 0.25 * old + slack:
                print(f"{function}, {kind}: {old} -> {error:.3g}")
    if broken:
        sys.exit("\n".join(["Nothing recorded:", *broken]))
    ledger.write(after)


if __name__ == "__main__":
    main()
