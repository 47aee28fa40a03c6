"""The recorded answers: where they are, how they are read, and folds that do not depend on their order."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tasks.storing.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

USUAL = Path("shared", "data", "outcomes")
FOLDS = 5


@dataclass(frozen=True)
class Data:
    """A folder with the files of issue 6."""

    folder: Path

    def has(self, *names: str) -> bool:
        """Whether all of these files are there (names without `.parquet`)."""
        return all((self.folder / f"{name}.parquet").is_file() for name in names)

    def table(self, name: str) -> pd.DataFrame:
        """One file; text columns as plain text."""
        found = pd.read_parquet(self.folder / f"{name}.parquet")
        kinds = found.select_dtypes("category").columns
        return found.astype(dict.fromkeys(kinds, object))


def opened(folder: str | None = None) -> Data:
    """The folder given, else `shared/data/outcomes` beside the project or further up.

    Raises:
        UserError: there is none, or no file of the kind is in it.
    """
    places = [Path(folder)] if folder else [above / USUAL for above in Path(__file__).resolve().parents]
    for place in places:
        if any(place.glob("*.parquet")):
            return Data(place)
    where = folder or f"../{USUAL}"
    raise UserError(
        f"no recorded answers in {where}",
        where="--data",
        hint="give a folder with chains.parquet, mmlu_pro_preds.parquet and so on; issue 6 says what is in them",
    )


def folds(keys: Iterable[object], number: int = FOLDS) -> NDArray[np.intp]:
    """The fold of each question by a hash of its key: the same for every method, model, order and selection of rows."""
    return np.array(
        [int(sha256(f"fold {key}".encode()).hexdigest()[:8], 16) % number for key in keys], dtype=np.intp
    )
