"""A panel from recorded rows, one a model's answer to one request. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.choosing.option_looks import LOOKS, look
from tasks.choosing.panel import SIGNALS, Panel, as_said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def panel_of(
    rows: Iterable[Mapping[str, Any]], models: Sequence[str], comparable: Callable[[str], object]
) -> tuple[Panel, Floats, tuple[Any, ...]]:
    """The panel, what each answer cost, shape (requests, voters), and the request ids.

    Rows have request_id, model, answer, quality, usd, and may have confidence, length (by default the answer's) and
    request_type and request (its text, for how answers look among the options it offers); of several rows of a model for
    a request the first counts. Only requests that all models answered.

    Args:
        comparable: what of an answer is compared.
    """
    found: dict[Any, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        if row["model"] in models and _is_given(row.get("answer")) and _is_given(row.get("quality")):
            found.setdefault(row["request_id"], {}).setdefault(row["model"], row)
    whole = {request: answers for request, answers in found.items() if len(answers) == len(models)}
    table = [[answers[name] for name in models] for answers in whole.values()]
    shape = (len(table), len(models))
    answers = [[comparable(str(each["answer"])) for each in row] for row in table]
    said = np.array([[as_said(each) for each in row] for row in answers], dtype=object)
    looks = np.array(
        [
            [
                look(str(_given(given.get("request")) or ""), each)
                for given, each in zip(row, said_there, strict=True)
            ]
            for row, said_there in zip(table, answers, strict=True)
        ],
        dtype=np.float64,
    ).reshape(*shape, LOOKS)
    kinds = np.array([_given(row[0].get("request_type")) for row in table], dtype=object)
    signals = np.array([[_signals(each) for each in row] for row in table], dtype=np.float64)
    right, usd = (
        np.array([[float(each[name]) for each in row] for row in table], dtype=np.float64).reshape(shape)
        for name in ("quality", "usd")
    )
    panel = Panel(
        tuple(models), said.reshape(shape), kinds, signals.reshape(*shape, len(SIGNALS)), right, looks if looks.any() else None
    )  # fmt: skip
    return panel, usd, tuple(whole)


def _signals(row: Mapping[str, Any]) -> tuple[float, float]:
    confidence, length = (_given(row.get(name)) for name in SIGNALS)
    return (
        float("nan") if confidence is None else float(confidence),
        float(len(str(row["answer"]))) if length is None else float(length),
    )


def _given(value: Any) -> Any:
    return value if _is_given(value) else None


def _is_given(value: Any) -> bool:
    return value is not None and value == value  # noqa: PLR0124  (NaN is not itself)
