"""`python -m tests.outcomes`: one table of what the patterns are worth on recorded answers, and the same as Parquet.

    --data DIR      the recordings (../shared/data/outcomes)
    --out FILE      the table as Parquet (build/outcomes.parquet)
    --only SET ...  some of the sets: mmlu_pro chains mot routerbench ...

Everything that is learnt is learnt on other folds of the questions than it is scored on.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from tasks.storing.errors import UserError
from tests.outcomes.data import opened
from tests.outcomes.sets import SETS
from tests.outcomes.table import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

OUT = Path(__file__).parents[2] / "build" / "outcomes.parquet"


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.outcomes",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", metavar="DIR")
    parser.add_argument("--out", metavar="FILE", type=Path, default=OUT)
    parser.add_argument("--only", metavar="SET", nargs="+", choices=SETS, default=tuple(SETS))
    wanted = parser.parse_args(given)
    try:
        data = opened(wanted.data)
    except UserError as mistake:
        print(mistake, file=sys.stderr)
        return 2
    found = []
    for name in wanted.only:
        chosen = SETS[name]
        if not data.has(*chosen.files):
            print(f"{name}: left out, {data.folder} lacks {' or '.join(chosen.files)}", file=sys.stderr)
            continue
        began = time.monotonic()
        found += chosen.results(data)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(shown(found))
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([each.flat() for each in found]).to_parquet(wanted.out, index=False)
    print(f"\nlanded in {wanted.out}")
    return 0 if found else 2


if __name__ == "__main__":
    raise SystemExit(main())
