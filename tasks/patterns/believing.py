"""Which of several answers is most likely right, by what was learnt of the models together. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.choosing.option_looks import UNKNOWN, look
from tasks.choosing.panel import as_said, one_request
from tasks.judging.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tasks.patterns.draft import Draft
    from tasks.patterns.scope import Scope


@dataclass(frozen=True, slots=True)
class Likeliest:
    """The answer to take.

    Attributes:
        place: of the first who gave it, among the answers.
        chance: that it is right.
    """

    place: int
    chance: float


def comparable(text: str) -> object:
    """What of an answer is compared: its canonical form, else its words."""
    found = canonical(text)
    return " ".join(text.split()).casefold() if found is None else found


def likeliest(models: Sequence[str], drafts: Sequence[Draft], scope: Scope) -> Likeliest | None:
    """The answer that is most likely right; None if nothing was learnt of these models, or one has several answers.

    Args:
        models: who gave each draft.
    """
    chooser = scope.setting.chooser
    belief = chooser.belief(models) if chooser is not None and len(set(models)) == len(models) else None
    if belief is None or not drafts:
        return None
    of = dict(zip(models, drafts, strict=True))
    answers = {name: comparable(draft.content) for name, draft in of.items()}
    said = [as_said(answers[name]) if name in of else None for name in belief.voters]
    asked = "\n".join(str(value) for value in scope.request.values() if isinstance(value, str))
    looks = [look(asked, answers[name]) if name in of else UNKNOWN for name in belief.voters]
    signals = [_signals(of.get(name)) for name in belief.voters]
    found = belief.believed(one_request(belief.voters, said, scope.request_type, signals, looks))
    return Likeliest(list(models).index(belief.voters[int(found.best[0])]), float(found.chance[0]))


def _signals(draft: Draft | None) -> tuple[float | None, float | None]:
    """As `tasks.choosing.panel.SIGNALS`."""
    return (None, None) if draft is None else (draft.metadata.confidence, float(len(draft.content)))
