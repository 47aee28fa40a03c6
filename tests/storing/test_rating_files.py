"""Files of ratings: every format, every mistake with its line, and nobody in particular told apart."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import orjson
import pandas as pd
import pytest

from tasks.storing.errors import UserError
from tasks.storing.rating_files import Defaults, RatingsRead, read_ratings
from tasks.storing.rating_values import HINT

NIGHT = Defaults(run="night")


def read(text: str | bytes, given: Defaults = NIGHT, name: str = "ratings.csv") -> RatingsRead:
    return read_ratings(name, io.BytesIO(text.encode() if isinstance(text, str) else text), given)


def plain(found: RatingsRead) -> list[tuple[Any, ...]]:
    return [
        (each.request_id, each.arm, each.rater, each.rating, each.comment, each.rated_at)
        for each in found.ratings
    ]


ROWS = [
    {"request_id": "a", "rater": "ann", "rating": 4, "comment": "good", "rated_at": "2026-02-01T08:30:00Z"},
    {"request_id": "b", "rater": "bob", "rating": 2, "comment": None, "rated_at": "2026-02-01"},
]


def as_bytes(kind: str) -> bytes:
    if kind == "csv":
        return pd.DataFrame(ROWS).to_csv(index=False).encode()
    if kind == "jsonl":
        return b"\n".join(map(orjson.dumps, ROWS))
    file = io.BytesIO()
    frame = pd.DataFrame(ROWS)
    frame["rated_at"] = pd.to_datetime(frame["rated_at"], format="ISO8601", utc=True)
    frame.to_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_every_format_says_the_same(kind: str) -> None:
    found = read(as_bytes(kind), name=f"ratings.{kind}")
    assert found.refusals == []
    assert found.scale == "stars"
    assert plain(found) == [
        ("a", "made", "ann", 0.75, "good", datetime(2026, 2, 1, 8, 30, tzinfo=UTC)),
        ("b", "made", "bob", 0.25, None, datetime(2026, 2, 1, tzinfo=UTC)),
    ]


def test_columns_named_for_their_scale_need_no_other_word() -> None:
    found = read("request_id,stars,thumbs\na,1,\nb,,1\nc,5,\n")
    assert [each.rating for each in found.ratings] == [0, 1, 1]
    assert found.scale is None


def test_a_chosen_arm_is_one_and_the_other_nothing_and_a_tie_is_half_for_each() -> None:
    found = read("request_id,rater,chosen\na,ann,baseline\nb,ann,Made\nc,ann,tie\n")
    assert [(each.request_id, each.arm, each.rating) for each in found.ratings] == [
        ("a", "made", 0), ("a", "baseline", 1), ("b", "made", 1), ("b", "baseline", 0), ("c", "made", 0.5),
        ("c", "baseline", 0.5),
    ]  # fmt: skip
    assert {each.rater for each in found.ratings} == {"ann"}


def test_columns_of_a_row_go_before_what_is_said_for_all() -> None:
    found = read("request_id,run,arm,source,rating\na,other,baseline,web,up\nb,,,,up\n")
    assert [(each.run, each.arm, each.source) for each in found.ratings] == [
        ("other", "baseline", "web"),
        ("night", "made", "file"),
    ]


def test_zones_become_utc() -> None:
    found = read("request_id,rating,rated_at\na,up,2026-02-01T08:30:00+02:00\n")
    assert found.ratings[0].rated_at == datetime(2026, 2, 1, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("a,ann,great,", "'rating' is 'great', which is no rating"),
        ("a,ann,,", "has no rating"),
        (",ann,up,", "has no request_id"),
        ("a,ann,up", "has 3 cells, the header has 4"),
        ("a,ann,up,yesterday", "'rated_at' is 'yesterday', not a time like 2026-01-31T08:30:00Z"),
        ("a,ann,up,2999-01-01", "'rated_at' is '2999-01-01', which is still to come"),
        (f"a,{'x' * 201},up,", "'rater' is not at most 200 printable characters"),
        (f"{'x' * 201},ann,up,", "request_id is not 1 to 200 printable characters"),
        ('a,"ann,up,', "a quoted cell begins here and is not closed properly"),
    ],
)
def test_a_wrong_row_costs_itself_and_says_its_line(row: str, why: str) -> None:
    found = read(f"request_id,rater,rating,rated_at\n\nz,zoe,up,\n{row}\ny,zoe,down,\n")
    assert [(each.line, each.reason) for each in found.refusals] == [(4, why)]
    assert [(each.request_id, each.line) for each in found.ratings] == [("z", 3), ("y", 5)]
    assert found.refusals[0].raw


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = 'request_id,rating,comment\na,up,"one\ntwo\nthree"\n\nb,great,\n"c,up,\nd,great,\n'
    assert [each.line for each in read(text).refusals] == [6, 7, 8]
    lines = b'{"request_id": "a", "rating": true}\n\n{"request_id": "b"}\nno json\n'
    assert [each.line for each in read(lines, name="r.jsonl").refusals] == [3, 4]


@pytest.mark.parametrize(
    ("header", "row", "why"),
    [
        ("request_id,chosen", "a,made2", "'chosen' is 'made2'; did you mean 'made'?"),
        ("request_id,chosen,arm", "a,made,made", "has 'arm' beside 'chosen', which is about both arms"),
        ("request_id,thumbs,stars", "a,up,3", "has 'thumbs' and 'stars': one is enough"),
        ("request_id,stars", "a,4.5", "'stars' is 4.5, not stars (whole numbers from 1 to 5)"),
    ],
)
def test_what_a_row_cannot_say_is_refused(header: str, row: str, why: str) -> None:
    assert [each.reason for each in read(f"{header}\n{row}\n").refusals] == [why]


def test_a_row_that_names_no_run_is_refused_where_others_do() -> None:
    found = read("request_id,run,rating\na,,up\nb,night,up\n", Defaults())
    assert [(each.line, each.reason) for each in found.refusals] == [(2, "names no run")]


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        ("request_id,rating\na,1\nb,1\n", NIGHT,
         f"ratings.csv:2: every number is 1, which is the best of thumbs and the worst of stars; {HINT}"),
        ("request_id,rating\na,3\n\nb,7\n", NIGHT, f"ratings.csv:4: 7 is of no known scale; {HINT}"),
        ("request,rating\na,3\n", NIGHT, "ratings.csv: no column 'request_id'; did you mean 'request'?"),
        ("request_id,ratng\na,3\n", NIGHT,
         "ratings.csv: no column 'rating', 'thumbs', 'stars' or 'chosen'; did you mean 'rating'?"),
        ("request_id,rating\na,up\n", Defaults(), "ratings.csv: no column 'run'; say whose texts were rated: --run NAME"),
        ("", NIGHT, "ratings.csv: empty: no header with the columns' names"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_as_it_is_says_where_and_what_to_do(
    text: str, given: Defaults, said: str
) -> None:
    with pytest.raises(UserError) as error:
        read(text, given)
    assert str(error.value) == said


def test_with_the_scale_told_only_rows_that_do_not_fit_are_refused() -> None:
    found = read("request_id,rating\na,1\nb,7\nc,5\n", Defaults(run="night", scale="stars"))
    assert [each.rating for each in found.ratings] == [0, 1]
    assert [each.reason for each in found.refusals] == [
        "'rating' is 7, not stars (whole numbers from 1 to 5)"
    ]


def test_ratings_of_nobody_in_particular_are_each_their_own_and_the_same_when_read_again() -> None:
    text = "request_id,rating\na,up\na,up\na,down\nb,up\n"
    first, again = read(text), read(text)
    assert len({(each.request_id, each.rater) for each in first.ratings}) == 4
    assert plain(first) == plain(again)
    assert first.fingerprint == again.fingerprint
    assert all(each.rater.startswith("anonymous-") for each in first.ratings)


def test_the_fingerprint_is_of_the_bytes_and_of_what_was_said_about_them() -> None:
    text = "request_id,rating\na,up\n"
    assert read(text, name="a.csv").fingerprint == read(text, name="b.csv").fingerprint
    assert read(text).fingerprint != read(text, Defaults(run="other")).fingerprint
    assert read(text).fingerprint != read(text + "b,up\n").fingerprint


def test_columns_that_nothing_was_taken_of_are_named() -> None:
    assert read("request_id,rating,coment\na,up,good\n").unused == ["coment"]
