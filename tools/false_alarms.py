"""Count false alarms: ``python tools/false_alarms.py 200 docs/false-alarms.log``.

Runs ``reparam verify`` on the registry, with a fresh seed each time and two worker processes, until
the log has N runs: one line each with the seed, the outcome, the time, and whatever failed or was
inconclusive. A run that was broken off is taken up where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reparam.verification import Outcome, Report, verify

#: What a right distribution must not be called.
ALARMS = (Outcome.FAILS, Outcome.INCONCLUSIVE)
#: Seconds for a check: such runs wait for everything else that the machine does.
PATIENCE = 3600.0


def line(report: Report) -> str:
    """Return a run's line of the log."""
    alarms = [str(check) for check in report.checks if check.outcome in ALARMS]
    head = f"seed {report.seed}: {report.outcome}, {report.seconds:.0f} s"
    return " | ".join([head, *alarms])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", type=int)
    parser.add_argument("log", type=Path)
    options = parser.parse_args()
    done = options.log.read_text(encoding="utf-8").splitlines() if options.log.exists() else []
    with options.log.open("a", encoding="utf-8") as log:
        while len(done) < options.runs:
            done.append(line(verify(workers=2, time_limit=PATIENCE)))
            print(done[-1], file=log, flush=True)
    alarms = [entry for entry in done if f": {Outcome.HOLDS}," not in entry]
    print(f"{len(done)} runs, {len(alarms)} with alarms", *alarms, sep="\n")
    sys.exit(bool(alarms))


if __name__ == "__main__":
    main()
