"""What a night lets Prefect's automations know: events of the resource `nightpress.run.<run>`.

| event | when |
|---|---|
| nightpress.run.committed | a run has committed and is healthy |
| nightpress.run.unhealthy | a run has committed, and more rows failed than its recipe allows |
| nightpress.budget.exhausted | rows were deferred because the budget was spent |
| nightpress.errors.high | a larger share of the model calls failed than `alert_error_rate` |

Each carries the run's figures and a readable `said`.
"""

from typing import Any

from prefect.events import emit_event

from flows.night_summary import money
from tasks.calling.budget import OVER_BUDGET

COMMITTED = "nightpress.run.committed"
UNHEALTHY = "nightpress.run.unhealthy"
BUDGET = "nightpress.budget.exhausted"
ERRORS = "nightpress.errors.high"


def emit_night(manifest: dict[str, Any], store_url: str, alert_error_rate: float) -> None:
    """Emit what is to be known of a committed run."""
    for event, said in night_events(manifest, alert_error_rate):
        emit_event(
            event,
            resource={
                "prefect.resource.id": f"nightpress.run.{manifest['run']}",
                "prefect.resource.name": manifest["run"],
                "nightpress.recipe": manifest["recipe"],
                "nightpress.store": store_url,
            },
            payload={
                "said": said, "run": manifest["run"], "recipe": manifest["recipe"], "rows": manifest["rows"],
                "calls": manifest["calls"], "usd": manifest["usd"]["spent"], "simulated": manifest["simulated"],
            },
        )  # fmt: skip


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
