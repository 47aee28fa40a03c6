"""The report's page in a real browser: wide and narrow, light and dark; what it saw is kept as pictures."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tasks.landing.night_report import read_report
from tasks.landing.report_html import report_html
from tasks.storing.filesystem import Store
from tests.landing.report_rig import TYPES, UPLIFT, MadeUp, metrics_of, nights

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LONG = 'x | y <script>alert(1)</script> & "q" $a$ an-unbroken-name-' + "w" * 90
# Words outside their drawing, or over each other, by the boxes that the browser gives them.
MISPLACED = """() => {
  const wrong = [];
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.getBoundingClientRect();
    if (!frame.width) continue;
    const words = [...svg.querySelectorAll('text')].map(each => [each.getBoundingClientRect(), each.textContent]);
    words.forEach(([one, said], place) => {
      if (one.left < frame.left - 2 || one.right > frame.right + 2) wrong.push(said + ' leaves');
      for (const [two, other] of words.slice(0, place)) {
        const over = Math.min(one.right, two.right) - Math.max(one.left, two.left);
        const high = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
        if (over > 1 && high > 4) wrong.push(said + ' over ' + other);
      }
    });
  }
  return wrong;
}"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of a night with all figures, of one without control arm, and of one whose names are long and foul."""
    made = {}
    for name, changes in {
        "full": {"uplift": UPLIFT, "metrics": metrics_of("night")},
        "plain": {"share": 0.0, "requests": 12},
        "foul": {"uplift": UPLIFT, "names": {number: f"{LONG}{number}" for number in range(240)}},
    }.items():
        folder = tmp_path_factory.mktemp(name)
        night = MadeUp(Store.open(str(folder)), **changes)
        night.commit()
        if name == "foul":
            night = rename(night)
        report = read_report(night.store)
        made[name] = folder / "report.html"
        drawn = replace(report, nights=nights(30)) if name != "plain" else report
        made[name].write_text(report_html(drawn))
    return made


def rename(night: MadeUp) -> MadeUp:
    """The same night with long names for models, roles, steps and types of request."""
    for call in night.calls:
        call.update(
            step=f"{call['step']}/{LONG}", role=f"{call['role']} {LONG}", model=f"{call['model']} {LONG}"
        )
    night.metrics = [{**row, "request_type": f"{row['request_type']} {LONG}"} for row in metrics_of("night")]
    night.requests = 0
    night.commit()
    return night


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 700, 400])
@pytest.mark.parametrize("name", ["full", "plain", "foul"])
def test_the_page_fits_loads_nothing_and_its_words_do_not_touch(
    browser: Browser, pages: dict[str, Path], name: str, width: int, scheme: str, tmp_path: Path
):
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request", lambda asked: complaints.append(asked.url) if not asked.url.startswith("file:") else None
    )
    page.goto(pages[name].as_uri())
    pictures = Path(os.environ.get("NIGHTPRESS_SCREENSHOTS") or tmp_path)
    pictures.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(pictures / f"report-{name}-{width}-{scheme}.png"), full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(MISPLACED) == []
    shown = page.locator("svg:visible")
    assert shown.count() == {"full": 5, "foul": 5, "plain": 3}[name]
    first = shown.first.locator("path").first
    assert first.evaluate("each => getComputedStyle(each).stroke") not in {"none", ""}
    page.get_by_text("The numbers").first.click()
    assert page.locator("details[open] table").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
    page.close()


def test_types_of_request_are_named_in_the_uplift(pages: dict[str, Path], browser: Browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(pages["full"].as_uri())
    for kind in TYPES:
        assert page.locator("svg.roomy text", has_text=kind).first.is_visible()
    page.close()
