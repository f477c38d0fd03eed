"""Record the accuracy of the library as it is now: ``python tools/update_ledger.py``.

Writes ``tests/reference/ledger.json`` and prints what changed by more than the tests let pass.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from reference import ledger


def main() -> None:
    before, after = (ledger.read() if ledger.PATH.exists() else {}), ledger.measure()
    ledger.write(after)
    for function, kinds in after.items():
        slack = ledger.promise(function).slack
        for kind, error in kinds.items():
            old = before.get(function, {}).get(kind)
            if old is None or abs(error - old) > 0.25 * old + slack:
                print(f"{function}, {kind}: {old} -> {error:.3g}")


if __name__ == "__main__":
    main()
