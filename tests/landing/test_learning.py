"""What past nights say of tonight's models: faded, only of the same models, whatever lies in the store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from tasks.calling.catalog import Catalog, load_catalog
from tasks.choosing.estimates import Estimates
from tasks.landing import learning
from tasks.landing.learning import estimates_for
from tasks.storing.filesystem import Store
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import MODEL_METRICS

if TYPE_CHECKING:
    from pathlib import Path

TONIGHT = date(2026, 3, 31)
MODELS = """
providers:
  here: {{api: openai, base_url: "{url}"}}
models:
  one: {{provider: here, id: {id}, strengths: {{writing: 0.5}}}}
  two: {{provider: here, id: two-1}}
"""


def catalog(url: str = "https://models.example.com/v1", model_id: str = "one-1") -> Catalog:
    return load_catalog(MODELS.format(url=url, id=model_id))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(str(tmp_path / "store"))


def row(run: str = "night", **more: Any) -> dict[str, Any]:
    usual = {
        "run": run, "model": "one", "task": "writing", "calls": 10, "errors": 1, "quality_n": 10, "quality_mean": 0.9,
        "tokens_in": 50.0, "tokens_out": 70.0, "seconds_p50": 2.0, "host": "models.example.com", "model_id": "one-1",
        "simulated": False,
    }  # fmt: skip
    return {**usual, **more}


def lands(store: Store, on: date, *rows: dict[str, Any], name: str = "night-0") -> str:
    path = part_path("model_metrics", on, name)
    write_part(store, path, MODEL_METRICS, rows)
    return path


def quality(store: Store, file: Catalog | None = None, **given: Any) -> float:
    """Observations behind what is known of model `one`."""
    estimates = estimates_for(store, file or catalog(), TONIGHT, **given)
    return estimates.quality_of("one", None, "writing").n


def test_an_empty_store_knows_nothing(store: Store) -> None:
    assert estimates_for(store, catalog(), TONIGHT) == Estimates()


def test_a_past_run_is_known_by_its_figures(store: Store) -> None:
    lands(
        store, TONIGHT, row(), row(model="two", model_id="two-1", after="one", quality_mean=0.3, calls=None)
    )
    estimates = estimates_for(store, catalog(), TONIGHT)
    found = estimates.quality_of("one", catalog().models["one"], "writing")
    assert (found.n, found.mean) == (10, pytest.approx(0.7))
    assert (estimates.tokens_out("one", "writing"), estimates.seconds("one", "writing")) == (70, 2)
    assert estimates.error_rate("one").n == 10
    assert estimates.pairs["one", "two"]["writing"].n == 10
    assert estimates.runs == 1


def test_older_nights_fade_and_the_oldest_and_later_ones_do_not_count(store: Store) -> None:
    lands(store, date(2026, 3, 1), row())
    assert quality(store) == pytest.approx(5)
    lands(store, date(2025, 11, 1), row())
    lands(store, date(2026, 4, 1), row())
    assert quality(store) == pytest.approx(5)


def test_a_night_may_be_given_as_a_moment(store: Store) -> None:
    lands(store, date(2026, 3, 1), row())
    moment = datetime(2026, 3, 31, 2, tzinfo=UTC)
    assert estimates_for(store, catalog(), moment) == estimates_for(store, catalog(), TONIGHT)


@pytest.mark.parametrize(
    "file",
    [
        catalog(model_id="one-2"),
        catalog(url="https://other.example.com/v1"),
        catalog(url="http://127.0.0.1:8/v1"),
    ],
)
def test_a_name_that_points_to_another_model_starts_anew(store: Store, file: Catalog) -> None:
    lands(store, TONIGHT, row())
    assert quality(store) == 10
    assert quality(store, file) == 0


def test_models_that_tonights_catalog_lacks_are_left_out(store: Store) -> None:
    lands(store, TONIGHT, row(model="three"))
    assert estimates_for(store, catalog(), TONIGHT) == Estimates()


def test_simulated_and_real_answers_of_one_address_are_kept_apart_and_the_newest_kind_wins(
    store: Store,
) -> None:
    lands(store, date(2026, 3, 29), row(quality_n=3), name="a-0")
    lands(store, date(2026, 3, 30), row(simulated=True, quality_n=100), name="b-0")
    assert quality(store) == pytest.approx(100, rel=0.05)
    lands(store, TONIGHT, row(quality_n=4), row(simulated=True, quality_n=7), name="c-0")
    assert quality(store) == pytest.approx(7, rel=0.05), "3 and 4, both real"


def test_a_run_that_is_made_anew_does_not_learn_from_itself(store: Store) -> None:
    lands(store, TONIGHT, row("a"), row("b", quality_n=2), name="joined-0123456789ab-0")
    assert quality(store) == 12
    assert quality(store, without="a") == 2


def test_parts_that_housekeeping_joined_hold_several_runs(store: Store) -> None:
    lands(store, TONIGHT, row("a"), row("b"), row("b", request_type="law"), name="joined-0123456789ab-0")
    estimates = estimates_for(store, catalog(), TONIGHT)
    assert estimates.runs == 2
    assert estimates.quality_of("one", None, "writing", "law").n == 10


def test_no_night_fails_for_an_odd_part(store: Store) -> None:
    lands(store, TONIGHT, row())
    store.write(part_path("model_metrics", TONIGHT, "broken-0"), b"not Parquet")
    store.write(part_path("model_metrics", TONIGHT, "empty-0"), b"")
    store.write("model_metrics/readme.txt", b"of somebody else")
    old = pa.schema([column for column in MODEL_METRICS if column.name not in {"host", "model_id", "task"}])
    path = part_path("model_metrics", TONIGHT, "old-0")
    write_part(store, path, old, [{"run": "old", "model": "one", "calls": 3}])
    odd = old.append(pa.field("host", pa.int64())).append(pa.field("model_id", pa.string()))
    odd = odd.append(pa.field("task", pa.list_(pa.string())))
    write_part(
        store, part_path("model_metrics", TONIGHT, "odd-0"), odd, [{"run": "odd", "task": ["x"], "host": 3}]
    )
    assert quality(store) == 10


def test_only_the_newest_parts_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "MOST_PARTS", 2)
    for day in (29, 30, 31):
        lands(store, date(2026, 3, day), row(quality_n=day))
    assert quality(store) == pytest.approx(61, rel=0.05)
