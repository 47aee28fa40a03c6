"""Ratings in the store: each once, checked against the texts there are, and in the metrics of their run."""

from __future__ import annotations

import threading
from datetime import date
from typing import TYPE_CHECKING

import orjson
import pytest
from house_rig import check_manifests, forget_journals, singles, tidied
from rating_rig import TODAY, TOMORROW, TOPICS, rated, read_table, satisfied, seen, written

from tasks.landing.plan import read_manifest
from tasks.landing.rated_texts import is_of_text
from tasks.landing.rating_ingest import files_of
from tasks.landing.ratings import merge
from tasks.landing.store_lock import store_lock
from tasks.storing.errors import UserError
from tasks.storing.schemas import RATINGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from landing_rig import Rig


@pytest.fixture
def night(rig: Callable[..., Rig]) -> Rig:
    made = rig()
    made.night(made.table(TOPICS))
    forget_journals(made)
    return made


def test_ratings_land_by_the_day_they_were_given_and_in_the_metrics(night: Rig) -> None:
    before = read_manifest(night.store, "night")
    path = written(night.folder, f"r0,ann,5,{TODAY}", f"r1,ann,2,{TOMORROW}", "r1,bob,4,")
    told = rated(night.store, path)
    assert (told.merged.new, told.rejected, told.scale) == (3, [], "stars")
    assert night.store.list("ratings") == [
        "ratings/rated_date=2026-01-31/night-0.parquet",
        f"ratings/rated_date={TODAY}/night-0.parquet",
        f"ratings/rated_date={TOMORROW}/night-0.parquet",
    ]
    frame = read_table(night.store)
    assert set(frame.columns) == {*RATINGS.names, "rated_date"}
    assert seen(night.store) == [
        ("r0", "made", "ann", 1),
        ("r1", "made", "ann", 0.25),
        ("r1", "made", "bob", 0.75),
    ]
    assert satisfied(night.store) == [("made", pytest.approx(2 / 3), 3)]
    check_manifests(night.store)
    after = read_manifest(night.store, "night")
    assert before is not None
    assert after is not None
    parts = {**before.pop("parts"), "metrics": after["parts"]["metrics"]}
    assert after == {**before, "parts": parts}, "nothing but the checksum of one part has changed"


def test_the_same_file_again_and_under_another_name_changes_nothing(night: Rig) -> None:
    lines = (f"r0,ann,up,{TODAY}", "r1,,down,", "r1,,down,", "r2,bob,up,")
    first = rated(night.store, written(night.folder, *lines))
    before = {path: night.store.read(path) for path in night.store.list() if not path.startswith("_")}
    again = rated(night.store, written(night.folder, *lines))
    copy = rated(night.store, written(night.folder, *lines, name="a copy.csv"))
    assert (first.merged.new, again.merged.known, copy.merged.known) == (4, 4, 4)
    assert (again.merged.new, copy.merged.new) == (0, 0)
    assert before == {path: night.store.read(path) for path in night.store.list() if not path.startswith("_")}


def test_the_newest_rating_of_a_rater_counts_whatever_the_order_of_the_files(night: Rig) -> None:
    late = written(night.folder, f"r0,ann,up,{TOMORROW}", name="late.csv")
    early = written(night.folder, f"r0,ann,down,{TODAY}", "r0,bob,down,", name="early.csv")
    rated(night.store, early)
    assert rated(night.store, late).merged.changed == 1
    assert rated(night.store, early).merged.known == 2
    assert seen(night.store) == [("r0", "made", "ann", 1), ("r0", "made", "bob", 0)]
    assert night.store.list("ratings") == [
        "ratings/rated_date=2026-01-31/night-0.parquet", f"ratings/rated_date={TOMORROW}/night-0.parquet",
    ]  # fmt: skip


def test_without_times_what_is_taken_in_last_counts(night: Rig) -> None:
    rated(night.store, written(night.folder, "r0,ann,up,", "r1,ann,up,"))
    rated(night.store, written(night.folder, "r0,ann,down,"))
    assert seen(night.store) == [("r0", "made", "ann", 0), ("r1", "made", "ann", 1)]


def test_raters_of_several_sources_are_not_the_same(night: Rig) -> None:
    path = written(night.folder, "r0,1,up,")
    rated(night.store, path, source="web")
    rated(night.store, path, source="mail")
    assert list(read_table(night.store)["source"]) == ["mail", "web"]
    assert satisfied(night.store) == [("made", 1, 2)]


def test_ratings_of_what_is_not_there_are_rejected_with_reasons_and_kept_and_the_rest_is_taken_in(
    rig: Callable[..., Rig],
) -> None:
    night = rig(faults=[{"kind": "refusal", "prompt": "topic 3"}])
    night.night(night.table({f"request-{number}": f"topic {number}" for number in range(4)}), run="night-1")
    path = written(
        night.folder, "request-0,ann,up,,", "reqest-1,ann,up,,", "request-1,ann,up,,nigth-1", "request-3,ann,up,,",
        "request-1,ann,up,,", "request-2,ann,up,2001-01-01,", "xyz,ann,up,,", "request-1,ann,great,,",
        header="request_id,rater,rating,rated_at,run",
    )  # fmt: skip
    told = rated(night.store, path, run="night-1")
    assert told.merged.new == 2
    reasons = {each.line: each.reason for each in told.rejected}
    made = reasons.pop(7)
    assert made.startswith("rated before the text was made, on ")
    assert reasons == {
        3: "request 'reqest-1' is not in run 'night-1'; did you mean 'request-1'?",
        4: "there is no committed run 'nigth-1'; did you mean 'night-1'?",
        5: "request 'request-3' failed in run 'night-1': there is no text to rate",
        8: "request 'xyz' is not in run 'night-1'",
        9: "'rating' is 'great', which is no rating",
    }
    kept = night.store.read(told.rejected_url.removeprefix(f"{night.store.url}/")).splitlines()
    assert [orjson.loads(line)["line"] for line in kept] == [3, 4, 5, 7, 8, 9]
    assert orjson.loads(orjson.loads(kept[0])["raw"])["request_id"] == "reqest-1"


def test_what_was_rejected_is_taken_in_once_it_can_be_and_forgotten(night: Rig) -> None:
    path = written(
        night.folder, "r0,ann,up,,", "x,ann,up,,later", header="request_id,rater,rating,rated_at,run"
    )
    first = rated(night.store, path, once=True)
    assert (first.news, len(first.rejected)) == (True, 1)
    assert not rated(night.store, path, once=True).news, "who was told once is not told again"
    night.night(night.table({"x": "topic x"}), run="later")
    assert rated(night.store, path, once=True).merged.new == 1
    assert rated(night.store, path, once=True).skipped
    assert night.store.list("_ratings/rejected") == []
    assert satisfied(night.store, "later") == [("made", 1, 1)]


def test_trying_rejected_rows_again_does_not_bring_back_what_a_newer_file_replaced(night: Rig) -> None:
    first = written(night.folder, "r0,ann,down,", "x,ann,up,", name="first.csv")
    rated(night.store, first, once=True)
    rated(night.store, written(night.folder, "r0,ann,up,", name="second.csv"), once=True)
    assert rated(night.store, first, once=True).merged.changed == 0
    assert seen(night.store) == [("r0", "made", "ann", 1)]


def test_a_chosen_arm_that_was_not_made_is_rejected_whole(night: Rig) -> None:
    told = rated(night.store, written(night.folder, "r0,made", header="request_id,chosen"))
    assert [each.reason for each in told.rejected] == ["request 'r0' has no baseline text in run 'night'"]
    assert night.store.list("ratings") == []


def test_a_file_whose_scale_cannot_be_told_leaves_everything_as_it_was(night: Rig) -> None:
    before = night.store.list()
    with pytest.raises(UserError, match=r"ratings.csv:2: every number is 1"):
        rated(night.store, written(night.folder, "r0,ann,1,"))
    assert night.store.list() == before


def test_two_at_once_lose_nothing(night: Rig) -> None:
    paths = [
        written(night.folder, *(f"r{row},rater-{number},up," for row in range(4)), name=f"{number}.csv")
        for number in range(4)
    ]
    threads = [threading.Thread(target=rated, args=(night.store, path)) for path in paths]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(seen(night.store)) == 16
    assert satisfied(night.store) == [("made", 1, 16)]
    check_manifests(night.store)


def test_ratings_of_a_joined_run_change_its_rows_alone(rig: Callable[..., Rig]) -> None:
    night = rig()
    names = singles(night, 3)
    tidied(night.store)
    others = [row for row in night.rows("metrics") if row["run"] != names[1]]
    rated(night.store, written(night.folder, "r1,ann,4/5,"), run=names[1])
    assert len(night.store.list("metrics")) == 1
    assert satisfied(night.store, names[1]) == [("made", 0.75, 1)]
    assert [row for row in night.rows("metrics") if row["run"] != names[1]] == others
    check_manifests(night.store)
    night.night(night.table({"r1": "topic 1"}), run=names[1], replace=True)
    assert satisfied(night.store, names[1]) == [("made", 0.75, 1)], "a commit reads the ratings itself"
    check_manifests(night.store)


def test_a_run_that_is_being_worked_is_left_to_its_commit(night: Rig) -> None:
    begun = night.begin(night.table({**TOPICS, "r9": "topic 9"}), replace=True)
    rated(night.store, written(night.folder, "r0,ann,up,"))
    assert satisfied(night.store) == [("made", None, None)]
    assert len(seen(night.store)) == 1
    night.commit(begun, night.produce(begun))
    assert satisfied(night.store) == [("made", 1, 1)]
    check_manifests(night.store)


def test_a_commit_that_read_too_early_is_brought_up_by_the_next_ratings_of_any_run(night: Rig) -> None:
    row = {"run": "night", "request_id": "r0", "arm": "made", "source": "file", "rater": "ann", "rating": 1.0}
    with store_lock(night.store) as lease:
        merge(night.store, lease, "night", date(2026, 1, 31), [{**row, "comment": None, "rated_at": None}])
    night.store.write("_ratings/waiting/night.json", b"{}")
    assert satisfied(night.store) == [("made", None, None)]
    night.night(night.table({"x": "topic x"}), run="later")
    rated(night.store, written(night.folder, "x,ann,up,"), run="later")
    assert satisfied(night.store) == [("made", 1, 1)]
    assert night.store.list("_ratings/waiting") == []


def test_a_rating_from_long_before_a_text_was_made_is_not_of_that_text(night: Rig) -> None:
    rated(night.store, written(night.folder, "r0,ann,down,", f"r1,ann,up,{TODAY}"))
    table = read_table(night.store)
    assert len(table) == 2
    (at,) = (each for each in table["rated_at"] if each == each)
    made = night.rows("outputs")[0]["finished_at"]
    assert is_of_text(at, made)
    assert not is_of_text(at, made.replace(year=made.year + 1))
    assert is_of_text(None, made)


def test_an_empty_inbox_has_no_files_and_its_files_are_read_through_the_store(night: Rig) -> None:
    assert files_of(night.store, "") == []
    night.store.write("_inbox/ratings/today.csv", b"request_id,rating\nr0,up\n")
    night.store.write("_inbox/ratings/readme.txt", b"not a table")
    (path,) = files_of(night.store, "")
    assert rated(night.store, "").file == "_inbox/ratings/today.csv"
    assert path.startswith("store:")
    assert len(seen(night.store)) == 1


def test_dates_are_the_runs_where_a_rating_says_no_time(night: Rig) -> None:
    rated(night.store, written(night.folder, "r0,ann,up,"))
    frame = read_table(night.store)
    assert [str(each) for each in frame["rated_date"]] == [str(date(2026, 1, 31))]
    assert frame["rated_at"].isna().all()
