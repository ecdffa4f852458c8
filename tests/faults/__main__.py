"""Does every fault and prints what came of it: `make faults`.

python -m tests.faults [WORD…]      # only those whose name holds one of the words
"""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

import hushbeam.pipelines  # noqa: F401 - before numpy: words differ a little with the threads of its matrix products
from tests.faults.every import SCENARIOS
from tests.faults.scenarios import Night, NotPossibleHereError, Scenario, make_night


def main(words: Sequence[str], console: Console) -> int:
    """Gives 0 where every fault was survived."""
    logging.disable(logging.WARNING)
    chosen = [scenario for scenario in SCENARIOS if not words or any(word in scenario.name for word in words)]
    table = Table("fault", "survived", "what came of it", box=None, pad_edge=False)
    survived = impossible = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        night = make_night(Path(folder))
        for number, scenario in enumerate(chosen, start=1):
            console.print(f"{number} of {len(chosen)}: {scenario.name}", highlight=False)
            outcome, detail = _outcome(scenario, night)
            if outcome == "NO":  # now already: a run that is stopped prints no table
                console.print(f"NOT SURVIVED: {detail}", highlight=False, markup=False)
            survived += outcome == "yes"
            impossible += outcome == "not tried"
            table.add_row(scenario.name, outcome, detail)
    console.print(table)
    tried = len(chosen) - impossible
    console.print(f"{survived} of {tried} survived, {impossible} not possible on this machine", highlight=False)
    return int(survived != tried)


def _outcome(scenario: Scenario, night: Night) -> tuple[str, str]:
    try:
        return "yes", scenario.check(night)
    except NotPossibleHereError as error:
        return "not tried", str(error)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        return "NO", str(error)[:300]
    except Exception as error:  # noqa: BLE001 - the faults after it are still of interest
        return "NO", "".join(traceback.format_exception(error))[-600:]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Console(width=160)))
