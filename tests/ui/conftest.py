"""A real browser on the UI of a real `nightpress up`; what it saw is kept as pictures (NIGHTPRESS_SCREENSHOTS)."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.up_rig import Up

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 30_000
SETTLED_MS = 1_500
LOOK_MS = 500
PRESSES = 4
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("CI has no Chromium")
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


class Ui:
    """The pages of the UI as a person uses them."""

    def __init__(self, page: Page, up: Up, pictures: Path) -> None:
        self.page, self.up, self.pictures = page, up, pictures
        self.address = f"{up.address}/v2"
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def picture(self, name: str) -> None:
        self.page.wait_for_timeout(SETTLED_MS)
        self.page.screenshot(path=str(self.pictures / f"{name}.png"), full_page=True)

    def open(self, path: str) -> None:
        self.page.goto(f"{self.address}/{path}")

    def form(self, deployment: str) -> None:
        """Custom Run of a deployment, from its page."""
        self.open(f"deployments/deployment/{self.up.deployments()[deployment]['id']}")
        self.page.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Custom run").click()
        expect(self.page.get_by_role("button", name="Submit")).to_be_visible(timeout=PATIENCE_MS)

    def fill(self, **fields: str) -> None:
        """Type into text and number fields, by their labels."""
        for name, text in fields.items():
            self.page.get_by_label(re.compile(rf"^{name}\b")).first.fill(text)

    def choose(self, field: str, *options: str) -> None:
        """Pick from the drop-down under this label."""
        self.page.get_by_role("button", name=f"Select {field}", exact=True).click()
        for option in options:
            self.page.get_by_role("option", name=option, exact=True).click()
        self.page.keyboard.press("Escape")

    def submit(self) -> None:
        self.page.keyboard.press("Tab")  # what is typed last counts once its field is left
        self.page.wait_for_timeout(300)
        self.page.get_by_role("button", name="Submit").click()

    def submitted(self, deployment: str) -> str:
        """Submit; the id of the flow run that this has made.

        On a loaded machine a click can come while the form draws itself anew, and be lost: as long as the
        form is still there and no run has been made, it is pressed again, as a person would.
        """
        mine = {"deployments": {"name": {"any_": [deployment]}}}
        known = {run["id"] for run in self.up.ask("flow_runs/filter", **mine)}
        for _ in range(PRESSES):
            self.submit()
            for _ in range(PATIENCE_MS // 2 // LOOK_MS):
                made = {run["id"] for run in self.up.ask("flow_runs/filter", **mine)} - known
                if made:
                    self.page.wait_for_url(re.compile(r"tab=Runs|/runs/"))
                    assert len(made) == 1
                    return made.pop()
                self.page.wait_for_timeout(LOOK_MS)
        self.picture(f"{deployment}-not-submitted")
        raise AssertionError(f"no run was made; the page says:\n{self.page.inner_text('body')}")

    def completed(self, flow_run: str) -> dict[str, Any]:
        """Wait for the run, then open its page and see there that it is completed."""
        ended = self.up.ended(flow_run)
        assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
        self.open(f"runs/flow-run/{flow_run}")
        expect(self.page.get_by_text("Completed").first).to_be_visible(timeout=PATIENCE_MS)
        return ended

    def says(self, text: str) -> None:
        """See the state's message on the run's page; its log may come a little later."""
        self.page.get_by_role("tab", name="Details").click()
        expect(self.page.get_by_text(text).first).to_be_visible()
        self.page.get_by_role("tab", name="Logs").click()


@pytest.fixture
def ui(browser: Browser, up: Up, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    pictures = Path(
        os.environ.get("NIGHTPRESS_SCREENSHOTS") or tmp_path_factory.getbasetemp() / "screenshots"
    )
    pictures.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(PATIENCE_MS)
    opened = Ui(page, up, pictures)
    yield opened
    page.close()
    assert opened.complaints == []
