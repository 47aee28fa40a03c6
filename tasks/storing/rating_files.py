"""A file of people's ratings, read row by row: each row becomes ratings or, with its line and a reason, a refusal.

Whether the rated texts exist is not known here.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from tasks.storing.columns import Column, shown
from tasks.storing.csv_rows import read_csv
from tasks.storing.errors import UserError, near_miss
from tasks.storing.json_rows import read_jsonl
from tasks.storing.parquet_rows import read_parquet
from tasks.storing.rating_values import HINT, Mark, NoScale, found_scale, rating_of, read_mark
from tasks.storing.raw_rows import raw_json
from tasks.storing.request_files import format_of, spoken
from tasks.storing.request_ids import given_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.storing.rating_values import Scale
    from tasks.storing.raw_rows import RawRow

ARMS: Final = ("made", "baseline")
TIE: Final = "tie"
SAID: Final[dict[str, Scale | None]] = {"rating": None, "thumbs": "thumbs", "stars": "stars"}
CHOSEN: Final = "chosen"
TEXTS: Final = ("run", "arm", "source", "rater", "comment")
KNOWN: Final = ("request_id", *SAID, CHOSEN, *TEXTS, "rated_at")
COLUMNS: Final = {name: Column() if name == "request_id" else Column(default=None) for name in KNOWN}
MAX_ROW_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 1 << 20
LONGEST_NAME: Final = 200
AHEAD: Final = timedelta(days=1)  # clocks and time zones


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for rows that do not say it.

    Attributes:
        scale: of bare numbers; None: find it.
    """

    run: str = ""
    arm: str = "made"
    source: str = "file"
    scale: Scale | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """One person's rating of one text, from 0 to 1; `line` is where it stands in its file."""

    line: int
    run: str
    request_id: str
    arm: str
    source: str
    rater: str
    rating: float
    comment: str | None
    rated_at: datetime | None
    raw: str = field(repr=False, compare=False, default="")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that is not taken in, and why; `raw` is the row as JSON text."""

    line: int
    request_id: str | None
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class RatingsRead:
    """A whole file.

    Attributes:
        fingerprint: of the file's bytes and of what was said about them, 16 hex digits.
        scale: of its bare numbers; None where there are none.
        unused: columns of which nothing was taken.
    """

    fingerprint: str
    scale: Scale | None
    ratings: list[Rating]
    refusals: list[Refusal]
    unused: list[str]


@dataclass(slots=True)
class _Row:
    """A row before the scale is known: a mark, or the chosen arm."""

    cells: dict[str, Any]
    line: int
    raw: str
    request_id: str
    said: Mark | str


def read_ratings(path: str, file: BinaryIO, given: Defaults) -> RatingsRead:
    """Every row of the file.

    Args:
        path: its ending says its format; messages name it.
        file: seekable; left open.

    Raises:
        UserError: it cannot be read, lacks a column, or the scale of its numbers cannot be told.
    """
    where = spoken(path)
    digest = hashlib.sha256(orjson.dumps([given.run, given.arm, given.source, given.scale]))
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    rows: list[_Row] = []
    refusals: list[Refusal] = []
    names: dict[str, None] = {}
    for line, raw_row in enumerate(_raw_rows(path, file, where), start=1):
        names.update(dict.fromkeys(raw_row.cells))
        read = _read(raw_row, raw_row.line or line)
        (rows if isinstance(read, _Row) else refusals).append(read)  # type: ignore[arg-type]
    if names and not names.keys() & {*SAID, CHOSEN}:
        close = {miss for name in names if "mean" in (miss := near_miss(name, (*SAID, CHOSEN)))}
        hint = min(
            close, default="columns: request_id, run, arm, rater, rating (or chosen), comment, rated_at"
        )
        raise UserError("no column 'rating', 'thumbs', 'stars' or 'chosen'", where=where, hint=hint)
    if rows and not given.run and "run" not in names:
        raise UserError("no column 'run'", where=where, hint="say whose texts were rated: --run NAME")
    scale = given.scale or _scale(rows, where)
    made = _Made(given, scale)
    ratings: list[Rating] = []
    for row in rows:
        try:
            ratings += made.ratings(row)
        except ValueError as error:
            refusals.append(Refusal(row.line, row.request_id, str(error), row.raw))
    unused = [name for name in names if name not in COLUMNS]
    refusals.sort(key=lambda each: each.line)
    return RatingsRead(digest.hexdigest()[:16], scale if made.bare else None, ratings, refusals, unused)


def _raw_rows(path: str, file: BinaryIO, where: str) -> Iterator[RawRow]:
    match format_of(path):
        case ".csv":
            return read_csv(file, where, COLUMNS, MAX_ROW_BYTES)
        case ".parquet":
            return read_parquet(file, where, COLUMNS)
        case _:
            return read_jsonl(file, where, COLUMNS, MAX_ROW_BYTES)


def _read(raw_row: RawRow, line: int) -> _Row | Refusal:
    raw, request_id = raw_json(raw_row), None
    try:
        if raw_row.fault:
            raise ValueError(raw_row.fault)
        cells = {name: value for name, value in raw_row.cells.items() if value is not None and value != ""}
        request_id = given_id(cells)
        if request_id is None:
            raise ValueError("has no request_id")
        return _Row(cells, line, raw, request_id, _said(cells))
    except ValueError as error:
        return Refusal(line, request_id, str(error), raw)


def _said(cells: dict[str, Any]) -> Mark | str:
    """What the row says of its text; of two texts, the chosen arm."""
    told = [name for name in (*SAID, CHOSEN) if name in cells]
    if len(told) != 1:
        raise ValueError(f"has {' and '.join(map(repr, told))}: one is enough" if told else "has no rating")
    (name,) = told
    if name == CHOSEN:
        chosen = str(cells[CHOSEN]).strip().casefold()
        if chosen not in (*ARMS, TIE):
            raise ValueError(f"'chosen' is {shown(cells[CHOSEN])}; {near_miss(chosen, (*ARMS, TIE))}")
        if "arm" in cells:
            raise ValueError("has 'arm' beside 'chosen', which is about both arms")
        return chosen
    try:
        return read_mark(cells[name], SAID[name])
    except ValueError as error:
        raise ValueError(f"{name!r} {error}") from None


def _scale(rows: list[_Row], where: str) -> Scale | None:
    try:
        return found_scale((row.line, row.said) for row in rows if isinstance(row.said, Mark))
    except NoScale as error:
        raise UserError(error.what, where=f"{where}:{error.line}", hint=HINT) from None


class _Made:
    """Rows made into ratings; equal rows of nobody in particular are told apart by how many there were before."""

    def __init__(self, given: Defaults, scale: Scale | None) -> None:
        self.given, self.scale, self.bare = given, scale, False
        self.latest = datetime.now(UTC) + AHEAD
        self._nobodies: Counter[tuple[str, ...]] = Counter()

    def ratings(self, row: _Row) -> list[Rating]:
        """One, or one for each arm where an arm was chosen.

        Raises:
            ValueError: a cell is not what it should be.
        """
        texts = {name: _text(row.cells, name) for name in TEXTS}
        run, arm = texts["run"] or self.given.run, texts["arm"] or self.given.arm
        arm = arm.casefold() if arm.casefold() in ARMS else arm  # a comparison names its own
        if not run:
            raise ValueError("names no run")
        if isinstance(row.said, Mark):
            self.bare |= row.said.scale is None
            try:
                values = {arm: rating_of(row.said, self.scale)}
            except ValueError as error:
                raise ValueError(f"'{next(name for name in SAID if name in row.cells)}' {error}") from None
        else:
            values = {each: 0.5 if row.said == TIE else float(row.said == each) for each in ARMS}
        at = self._time(row.cells.get("rated_at"))
        source = texts["source"] or self.given.source
        rater = texts["rater"] or self._nobody(run, row.request_id, source, values, texts["comment"], at)
        return [
            Rating(row.line, run, row.request_id, each, source, rater, value, texts["comment"], at, row.raw)
            for each, value in values.items()
        ]

    def _time(self, cell: Any) -> datetime | None:
        if cell is None:
            return None
        try:
            at = datetime.fromisoformat(cell.strip()) if isinstance(cell, str) else None
        except ValueError:
            at = None
        if at is None:
            raise ValueError(f"'rated_at' is {shown(cell)}, not a time like 2026-01-31T08:30:00Z")
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        if at > self.latest:
            raise ValueError(f"'rated_at' is {shown(cell)}, which is still to come")
        return at

    def _nobody(
        self,
        run: str,
        request_id: str,
        source: str,
        values: dict[str, float],
        comment: str | None,
        at: datetime | None,
    ) -> str:
        """A name for who gave none: the same each time the same rating is read."""
        said = orjson.dumps([values, comment, at])
        name = f"anonymous-{hashlib.sha256(said).hexdigest()[:10]}"
        seen = (run, request_id, source, name, *values)
        self._nobodies[seen] += 1
        return name if self._nobodies[seen] == 1 else f"{name}-{self._nobodies[seen]}"


def _text(cells: dict[str, Any], name: str) -> str | None:
    cell = cells.get(name)
    if cell is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        raise ValueError(f"{name!r} is {shown(cell)}, not text")  # noqa: TRY004 - a fault of the row
    text = str(cell)
    if name == "comment":
        return text
    text = text.strip()
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise ValueError(f"{name!r} is not at most {LONGEST_NAME} printable characters")
    return text or None
