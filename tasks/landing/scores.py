"""Rows for the table `scores`: one per judgement and criterion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Model
    from tasks.landing.tally import Tally


def score_rows(tally: Tally, run: str, models: Mapping[str, Model]) -> list[dict[str, Any]]:
    """What was judged of one row; columns of SCORES.

    Args:
        models: catalog name → model, for the judges' families.
    """
    return [
        {
            "run": run,
            "request_id": tally.row.request_id,
            "arm": tally.row.arm,
            "step": judged.step,
            "round": judged.round,
            "judge": judged.judgement.judge,
            "judge_family": models[judged.judgement.judge].family
            if judged.judgement.judge in models
            else None,
            "criterion": criterion,
            "score": score,
            "reason": judged.judgement.reasons.get(criterion),
        }
        for judged in tally.notes.judged
        for criterion, score in judged.judgement.by.items()
    ]
