"""The HTML report as a file of the store: beside the run's manifest, replaced whenever it is made anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.landing.report_html import report_html
from tasks.landing.run_paths import report_path

if TYPE_CHECKING:
    from tasks.landing.night_report import Report
    from tasks.storing.filesystem import Store


def write_report(store: Store, report: Report) -> str:
    """Write the report's page; returns where it lies, as `report_url` does."""
    store.write(report_path(report.run), report_html(report).encode())
    return report_url(store, report.run)


def report_url(store: Store, run: str) -> str:
    """Where a run's page lies: `file://…` on a disk, else below the store's URL."""
    path = report_path(run)
    return f"{store.url}/{path}" if "://" in store.url else (Path(store.url) / path).as_uri()
