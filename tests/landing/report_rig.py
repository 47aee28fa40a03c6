"""Committed runs made up row by row, with a control arm and blind judges: what a report is made from, without a night."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from tasks.landing.run_paths import manifest_path
from tasks.landing.trend_night import TrendNight
from tasks.storing.parts import part_path, write_part
from tasks.storing.schemas import TABLES

if TYPE_CHECKING:
    from tasks.storing.filesystem import Store

NIGHT = date(2026, 1, 31)
BEGIN = datetime(2026, 1, 31, 2, tzinfo=UTC)
TYPES = ("news", "how-to", "product page", "opinion")
# step, role, model, begins after the first call, seconds, USD
CALLS = (
    ("outline", "planner", "gpt-4", 0.0, 2.1, 0.0031),
    ("panel/1", "writer", "claude", 2.1, 6.4, 0.0124),
    ("panel/2", "writer", "gpt-4", 2.1, 4.9, 0.0098),
    ("panel/3", "writer", "mistral", 2.1, 3.2, 0.0),
    ("panel/judge", "judge", "mistral", 8.5, 1.1, 0.0004),
    ("polish", "editor", "claude", 9.6, 3.8, 0.0088),
)  # fmt: skip
JUDGES = (("gemini", "google"), ("llama", "meta"))


@dataclass
class MadeUp:
    """A committed run.

    Attributes:
        requests: rows of the recipe.
        share: of them that the control arm works as well.
        gain: true difference of quality, by type of request.
        simulated: whether it says that it was.
    """

    store: Store
    run: str = "night"
    requests: int = 240
    share: float = 0.5
    gain: dict[str, float] = field(
        default_factory=lambda: dict(zip(TYPES, (0.09, 0.06, 0.0, -0.05), strict=True))
    )
    uplift: dict[str, Any] | None = None
    simulated: bool = True
    names: dict[int, str] = field(default_factory=dict)
    random: random.Random = field(default_factory=lambda: random.Random(7))
    outputs: list[dict[str, Any]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)

    def commit(self) -> dict[str, Any]:
        """Write the tables and the manifest; returns the manifest."""
        for number in range(self.requests):
            self._work(number)
        made = [row for row in self.outputs if row["arm"] == "made"]
        parts = {
            name: [self._part(name, rows)]
            for name in ("outputs", "calls", "scores", "metrics")
            if (rows := getattr(self, name))
        }
        sent = [call for call in self.calls if not call["cached"]]
        spent = sum(call["usd"] for call in sent)
        manifest = {
            "run": self.run, "run_date": NIGHT.isoformat(), "generation": 1, "healthy": True, "recipe": "technical-blog",
            "recipe_version": 3, "plan": "no plan",
            "rows": {
                "requests": self.requests, "made": sum(row["status"] == "made" for row in made),
                "failed": sum(row["status"] == "failed" for row in made), "deferred": 0, "rejected": 0, "retryable": 0,
                "unchanged": 0, "adopted": 0,
            },
            "calls": {
                "sent": len(sent), "cached": len(self.calls) - len(sent), "failed": 0, "tokens_in": 1000, "tokens_out": 2000,
            },
            "usd": {"spent": spent, "failed": 0.0, "saved": 0.0, "estimated": 0.0},
            "errors": {"rows": {}, "calls": {}, "deferred": {}}, "estimate": {}, "tokens_saved": {},
            "simulated": self.simulated, "parts": parts, "first_start": BEGIN.isoformat(), "committed_at": (BEGIN + timedelta(hours=2)).isoformat(),
            **({"uplift": self.uplift, "judges": JUDGED} if self.uplift else {}),
        }  # fmt: skip
        self.store.write(manifest_path(self.run), orjson.dumps(manifest))
        return manifest

    def _part(self, table: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        path = part_path(table, NIGHT, f"{self.run}-1")
        part = write_part(self.store, path, TABLES[table], rows)
        return {"path": path, "rows": part.rows}

    def _work(self, number: int) -> None:
        request_id = self.names.get(number, f"r{number:05}")
        kind = TYPES[number % len(TYPES)]
        hard = self.random.gauss(0.74, 0.09)
        speed = self.random.lognormvariate(0, 0.3)
        begin = BEGIN + timedelta(seconds=number)
        controlled = number % 100 < 100 * self.share
        fails = number % 97 == 96
        better = min(1.0, max(0.0, hard + self.gain[kind] + self.random.gauss(0, 0.05)))
        self._calls(request_id, kind, begin, speed)
        self.outputs.append(
            self._row(request_id, kind, "made", None if fails else better, sum(call[5] for call in CALLS), 13.4 * speed, begin)
        )  # fmt: skip
        if controlled:
            self.outputs.append(self._row(request_id, kind, "baseline", hard, 0.0061, 4.2 * speed, begin))
            self._call(
                request_id,
                kind,
                "baseline",
                ("@baseline", "baseline", "gpt-4", 0.0, 4.2, 0.0061),
                begin,
                speed,
            )
            for arm, score in (("made", better), ("baseline", hard)):
                self._judged(request_id, kind, arm, score, begin)
            for round_ in (1, 2):
                preferred = 1.0 if better > hard + 0.03 else 0.0 if better < hard - 0.03 else 0.5
                self._score(request_id, "made", "@pair", round_, JUDGES[0], "preference", preferred)

    def _calls(self, request_id: str, kind: str, begin: datetime, speed: float) -> None:
        for call in CALLS:
            self._call(request_id, kind, "made", call, begin, speed)

    def _call(
        self, request_id: str, kind: str, arm: str, call: tuple[Any, ...], begin: datetime, speed: float
    ) -> None:
        step, role, model, start, seconds, usd = call
        self.calls.append(
            {
                "call_id": f"{self.run}-{len(self.calls)}", "run": self.run, "request_id": request_id, "arm": arm,
                "request_type": kind, "step": step, "role": role, "round": 1, "model": model, "status": "ok", "cached": False,
                "tokens_in": 100, "tokens_out": 200, "tokens_cached": 0, "usd": usd, "usd_failed": 0.0,
                "seconds": seconds * speed, "started_at": begin + timedelta(seconds=start * speed),
                "finished_at": begin + timedelta(seconds=(start + seconds) * speed), "simulated": self.simulated,
            }
        )  # fmt: skip

    def _judged(self, request_id: str, kind: str, arm: str, score: float, begin: datetime) -> None:
        for judge in JUDGES:
            for criterion in ("accuracy", "tone"):
                self._score(request_id, arm, "@final", 1, judge, criterion, score)
            call = ("@final/judge", "judge", judge[0], 14.0, 0.9, 0.0007)
            self._call(request_id, kind, "proof", call, begin, 1.0)

    def _score(
        self, request_id: str, arm: str, step: str, round_: int, judge: tuple[str, str], criterion: str, score: float
    ) -> None:  # fmt: skip
        self.scores.append(
            {
                "run": self.run, "request_id": request_id, "arm": arm, "step": step, "round": round_, "judge": judge[0],
                "judge_family": judge[1], "criterion": criterion, "score": score, "reason": "so it seems",
            }
        )  # fmt: skip

    def _row(
        self, request_id: str, kind: str, arm: str, quality: float | None, usd: float, seconds: float, begin: datetime
    ) -> dict[str, Any]:  # fmt: skip
        failed = quality is None
        models = ["gpt-4"] if arm == "baseline" else ["gpt-4", "claude", "mistral"]
        return {
            "request_id": request_id, "run": self.run, "recipe": "technical-blog", "recipe_version": 3,
            "pattern": "ask" if arm == "baseline" else "pipeline", "request_type": kind, "arm": arm,
            "status": "failed" if failed else "made", "quality": quality,
            "quality_by": None if failed else [("accuracy", quality), ("tone", quality)],
            "models": models, "calls": 1 if arm == "baseline" else len(CALLS), "cached_calls": 0, "usd": usd, "seconds": seconds,
            "error_kind": "refusal" if failed else None, "error": "the model refused" if failed else None,
            "simulated": self.simulated, "started_at": begin, "finished_at": begin + timedelta(seconds=seconds),
        }  # fmt: skip


UPLIFT: dict[str, Any] = {
    "mean": 0.027,
    "low": 0.011,
    "high": 0.043,
    "n": 140,
    "level": 0.95,
    "usd_extra": 0.0284,
    "seconds_extra": 9.2,
    "caution": "one judge scored the pairs: the interval is over requests only",
}
JUDGED: dict[str, Any] = {
    "alpha": 0.71, "alpha_uplift": 0.4,
    "cautions": ["the judge gemini is of the family google, as gemini of the arm made: judges prefer texts of their own kind"],
}  # fmt: skip


def metrics_of(run: str) -> list[dict[str, Any]]:
    """Rows of `metrics` with an uplift for each type of request."""
    found = ((0.092, 0.061, 0.121), (0.058, 0.029, 0.087), (0.004, -0.026, 0.035), (-0.047, -0.078, -0.015))
    return [
        {"run": run, "recipe": "technical-blog", "pattern": "pipeline", "request_type": kind, "arm": "made",
         "uplift": mean, "uplift_low": low, "uplift_high": high}
        for kind, (mean, low, high) in zip(TYPES, found, strict=True)
    ]  # fmt: skip


def nights(count: int = 14) -> tuple[TrendNight, ...]:
    """The last nights before and with NIGHT; the last one is slow, and says so."""
    drawn = random.Random(3)
    found = []
    for number in range(count):
        quality, gained = 0.79 + drawn.gauss(0, 0.012), 0.03 + drawn.gauss(0, 0.012)
        found.append(
            TrendNight(
                NIGHT - timedelta(days=count - 1 - number), f"blog-{number}", quality, quality - 0.02, quality + 0.02,
                0.034 + drawn.gauss(0, 0.001), 13 + drawn.gauss(0, 0.6), abs(drawn.gauss(0.01, 0.005)),
                0.1 + drawn.gauss(0, 0.02), gained, gained - 0.02, gained + 0.02, 240,
            )
        )  # fmt: skip
    found[4] = replace(found[4], uplift=None, uplift_low=None, uplift_high=None)
    found[-1] = replace(found[-1], seconds_p50=21.4, flagged=frozenset({"seconds_p50"}))
    return tuple(found)
