"""`kill -9` while texts are written once more, and the same command again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from command_rig import RECIPE, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from command_rig import Commands

    from deployments.simulator.running import RunningSimulator

ROWS = 60
CONCURRENCY = 4
BATCH = "batch: {mentions: [Kind regards], then: refine, max_rows: 1}\nmake:"


def test_a_night_killed_among_its_rewrites_goes_on_and_pays_twice_at_most_what_was_in_flight(
    commands: Callable[..., Commands], simulate: Callable[..., RunningSimulator]
) -> None:
    put_right = {"text": "As wished. Kind regards", "latency_seconds": 0.05}
    simulator = simulate(scripts=[{"prompt": "put right", "replies": [put_right]}])
    night = commands(simulator.openai_url, ROWS)
    (night.folder / "short.yaml").write_text(RECIPE.replace("make:", BATCH))
    process = night.start(concurrency=CONCURRENCY)
    until(lambda: simulator.stats()["calls"] >= 2 * ROWS + ROWS // 2, process)
    process.kill()
    process.communicate()
    assert night.manifest() is None
    assert night.read("outputs").empty
    code, out, err = night.run(concurrency=CONCURRENCY)
    assert (code, err) == (0, ""), out
    outputs, calls, manifest = night.read("outputs"), night.read("calls"), night.manifest()
    assert manifest is not None
    assert (len(outputs), manifest["rows"]["made"], manifest["batch"]) == (ROWS, ROWS, {"rewritten": ROWS})
    assert outputs["content"].eq("As wished. Kind regards").all()
    assert calls["call_id"].is_unique
    answered = calls[(calls["status"] == "ok") & (calls["step"] == "@batch")]
    assert answered.groupby("request_id").size().eq(1).all()
    assert simulator.stats()["sent_twice"] <= CONCURRENCY
    assert manifest["usd"]["spent"] >= simulator.stats()["usd"] - 1e-6
