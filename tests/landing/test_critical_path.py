"""Where the seconds of a row went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tasks.landing.critical_path import WAITING, RowCalls, Span, critical_chain, seconds_by_step
from tasks.storing.schemas import CALLS

SECOND = 1_000_000
START = datetime(2026, 1, 31, tzinfo=UTC)


def span(step, started, finished):
    return Span(int(started * SECOND), int(finished * SECOND), step)


def test_the_chain_is_that_of_the_calls_that_others_waited_for():
    """Three members at once, the slow one holds up the merger; the judge of a draft runs beside it."""
    spans = [
        span("outline", 0, 1), span("quick", 1, 2), span("slow", 1, 5), span("beside", 2, 4), span("merger", 5, 7),
    ]  # fmt: skip
    assert [each.step for each in critical_chain(spans)] == ["outline", "slow", "merger"]
    assert seconds_by_step(spans, 0, 8 * SECOND) == {"outline": 1, "slow": 4, "merger": 2, WAITING: 1}


def test_rounds_of_one_step_are_summed_and_gaps_are_waiting():
    spans = [span("draft", 1, 2), span("judge", 2.5, 3), span("draft", 3, 5)]
    assert seconds_by_step(spans, 0, 6 * SECOND) == {"draft": 3, "judge": 0.5, WAITING: 2.5}


def test_what_an_earlier_process_took_is_not_the_rows():
    spans = [span("draft", -100, -90), span("polish", -1, 2)]
    assert seconds_by_step(spans, 0, 3 * SECOND) == {"polish": 2, WAITING: 1}


def test_a_row_without_calls_waited():
    assert critical_chain([]) == []
    assert seconds_by_step([], 0, SECOND) == {WAITING: 1}


times = st.integers(-5, 20)


@given(st.lists(st.tuples(times, st.integers(0, 8), st.sampled_from("abc")), max_size=12))
def test_the_parts_always_sum_up_to_the_row(calls):
    """Also of hits, that take no time and end together."""
    spans = [span(step, started, started + took) for started, took, step in calls]
    found = seconds_by_step(spans, 0, 30 * SECOND)
    assert abs(sum(found.values()) - 30) < 1e-9
    assert min(found.values()) >= 0
    chain = critical_chain(spans)
    assert all(one.finished <= other.started for one, other in pairwise(chain))


def test_calls_of_rows_come_in_any_order_and_those_for_proof_are_left_out():
    def at(seconds):
        return START + timedelta(seconds=seconds)

    rows = [
        {
            "request_id": request_id,
            "arm": "made",
            "step": step,
            "started_at": at(begin),
            "finished_at": at(begin + 1),
        }
        for request_id in ("a", "b")
        for begin, step in enumerate(("outline", "draft", "@final/judge"))
    ]
    rows.append({**rows[0], "arm": "baseline", "step": "@baseline"})
    rows.append({**rows[0], "finished_at": None})
    Random(1).shuffle(rows)
    calls = RowCalls()
    calls.add(pa.Table.from_pylist(rows[:4], schema=CALLS))
    calls.add(pa.Table.from_pylist(rows[4:], schema=CALLS))
    found = {number: sorted(each.step for each in spans) for number, spans in calls.spans()}
    assert found == {
        calls.number("made", "a"): ["draft", "outline"],
        calls.number("made", "b"): ["draft", "outline"],
        calls.number("baseline", "a"): ["@baseline"],
    }
    assert calls.number("baseline", "b") is None
    assert list(RowCalls().spans()) == []
