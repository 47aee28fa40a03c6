"""The report of a run in the Prefect UI: Markdown, tables, and the way to the HTML file."""

from typing import Any

from prefect.artifacts import (
    acreate_markdown_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_table_artifact,
)
from prefect.logging import get_run_logger

from flows.night_progress import artifact_key
from flows.spend_artifact import publish_spend
from tasks.landing.night_report import Report, read_report
from tasks.landing.report_file import write_report
from tasks.landing.report_markdown import report_markdown
from tasks.landing.sheet import Sheet
from tasks.landing.spend_sheets import spend_by_step
from tasks.landing.wording import one_line
from tasks.storing.filesystem import Store

MOST_ROWS = 500
LONGEST_CELL = 300


def publish_report(store: Store, run: str) -> str:
    """Make the report of a committed run, publish its artifacts and write its HTML; returns where that lies.

    Args:
        run: its name; empty for the run that was committed last.

    Raises:
        UserError: there is no such run.
    """
    report = read_report(store, run)
    url = write_report(store, report)
    create_markdown_artifact(
        report_markdown(report),
        key=artifact_key("night", report.run),
        description=f"What {report.run} came to",
    )
    create_table_artifact(
        _table(spend_by_step(report.calls)),
        key=artifact_key("spend", report.run),
        description=f"What the calls of {report.run} cost, by step, role and model",
    )
    if left := _left(report):
        create_table_artifact(
            left,
            key=artifact_key("rejects", report.run),
            description=f"Rows of {report.run} that were not made",
        )
    create_link_artifact(
        url, "The report as one HTML file", key=artifact_key("report", report.run),
        description=f"`{url}`, which no page of a server may open: `nightpress report {report.run} --open` does",
    )  # fmt: skip
    publish_spend(store)
    return url


def report_or_warning(store: Store, run: str) -> str:
    """As `publish_report`, of a run that is committed whatever becomes of its report.

    Returns:
        Nothing, or what went wrong, to be put after the run's message.
    """
    try:
        publish_report(store, run)
    except Exception as error:  # noqa: BLE001 - the night is committed, and no report is worth failing it
        return _warned(error)
    return ""


async def draft_or_warning(store: Store, run: str, draft: str) -> str:
    """Publish a single request's report with its draft before the figures; returns as `report_or_warning`."""
    try:
        await acreate_markdown_artifact(
            report_markdown(read_report(store, run), draft),
            key=artifact_key("draft", run),
            description=f"What {run} came to",
        )
    except Exception as error:  # noqa: BLE001 - as above
        return _warned(error)
    return ""


def _warned(error: Exception) -> str:
    said = f"the report could not be made: {error}"
    get_run_logger().warning(said, exc_info=True)
    return f"; {said}"


def _table(sheet: Sheet) -> list[dict[str, Any]]:
    rows = (tuple(one_line(cell, LONGEST_CELL) for cell in row) for row in sheet.rows[:MOST_ROWS])
    return [dict(zip(sheet.columns, row, strict=True)) for row in rows]


def _left(report: Report) -> list[dict[str, Any]]:
    return [
        {"request": which, "left as": how, "reason": why}
        for how, left in (("rejected", report.rejected), ("deferred", report.deferred))
        for which, why in left.first
    ]
