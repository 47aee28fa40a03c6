"""What a night lets Prefect's automations know: events of the resource `nightpress.run.<run>`.

| event | when |
|---|---|
| nightpress.run.committed | a run has committed and is healthy |
| nightpress.run.unhealthy | a run has committed, and more rows failed than its recipe allows |
| nightpress.budget.exhausted | rows were deferred because the budget was spent |
| nightpress.errors.high | a larger share of the model calls failed than `alert_error_rate` |
| nightpress.drift | a figure has drifted from the nights before: quality, uplift, cost, latency, failures, ledger hits |

Each carries the run's figures and a readable `said`. `nightpress.drift` comes on every night on which a figure is out; its
label `nightpress.news` says what was not out the night before: `worse`, else `better`, else `none`.
"""

from typing import Any

from prefect.events import emit_event
from prefect.logging import get_run_logger

from flows.night_summary import money
from tasks.calling.budget import OVER_BUDGET
from tasks.landing.trend_sheets import said as words
from tasks.landing.trends import Trend, trend_of
from tasks.storing.filesystem import Store

COMMITTED = "nightpress.run.committed"
UNHEALTHY = "nightpress.run.unhealthy"
BUDGET = "nightpress.budget.exhausted"
ERRORS = "nightpress.errors.high"
DRIFT = "nightpress.drift"


def emit_night(manifest: dict[str, Any], store_url: str, alert_error_rate: float) -> None:
    """Emit what is to be known of a committed run."""
    for event, said in night_events(manifest, alert_error_rate):
        emit_event(
            event,
            resource=_resource(manifest, store_url),
            payload={
                "said": said, "run": manifest["run"], "recipe": manifest["recipe"], "rows": manifest["rows"],
                "calls": manifest["calls"], "usd": manifest["usd"]["spent"], "simulated": manifest["simulated"],
            },
        )  # fmt: skip


def emit_drift(manifest: dict[str, Any], store: Store) -> Trend | None:
    """Emit what of a committed run has drifted, if anything; the night is committed whatever comes of it.

    Returns:
        The run among the nights before it; None where there are none, or they cannot be read.
    """
    try:
        trend = trend_of(store, manifest)
    except Exception:  # noqa: BLE001 - the night is committed, and no trend is worth failing it
        get_run_logger().warning("the trend of the last nights could not be read", exc_info=True)
        return None
    if trend is None or not trend.flags:
        return trend
    emit_event(
        DRIFT,
        resource={**_resource(manifest, store.url), "nightpress.news": news(trend)},
        payload={
            "said": ". ".join(map(words, trend.flags)),
            "run": manifest["run"],
            "recipe": manifest["recipe"],
            "figures": [
                {
                    "figure": each.figure.name, "kind": each.drift.kind, "now": each.drift.now,
                    "before": each.drift.before, "nights": each.drift.nights, "worse": each.is_worse,
                    "in_a_row": each.in_a_row,
                }
                for each in trend.flags
            ],
            "changed": [change for mark in trend.marks if mark.run == manifest["run"] for change in mark.changes],
            "simulated": manifest["simulated"],
        },
    )  # fmt: skip
    return trend


def news(trend: Trend) -> str:
    """What is out tonight and was not the night before: worse, else better, else none."""
    new = {flag.is_worse for flag in trend.flags if flag.in_a_row == 1}
    return "worse" if True in new else "better" if new else "none"


def _resource(manifest: dict[str, Any], store_url: str) -> dict[str, str]:
    return {
        "prefect.resource.id": f"nightpress.run.{manifest['run']}",
        "prefect.resource.name": manifest["run"],
        "nightpress.recipe": manifest["recipe"],
        "nightpress.store": store_url,
    }


def night_events(manifest: dict[str, Any], alert_error_rate: float) -> list[tuple[str, str]]:
    """(event, what to say) of a committed run, in the order they are emitted."""
    rows, calls = manifest["rows"], manifest["calls"]
    made = f"{rows['made']:,} made, {rows['failed']:,} failed, {rows['deferred']:,} deferred"
    found = [(COMMITTED if manifest["healthy"] else UNHEALTHY, f"{made}; {money(manifest['usd']['spent'])}")]
    over_budget = manifest["errors"]["deferred"].get(OVER_BUDGET, 0)
    if over_budget:
        found.append(
            (BUDGET, f"{over_budget:,} requests wait for more money; {money(manifest['usd']['spent'])} spent")
        )
    rate = calls["failed"] / calls["sent"] if calls["sent"] else 0.0
    if rate > alert_error_rate:
        found.append((ERRORS, f"{rate:.1%} of {calls['sent']:,} model calls failed"))
    return found
