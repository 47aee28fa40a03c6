"""What is paid for and used by nobody: outputs that no later step is shown, samples that nobody looks at. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.patterns.lint_reading import named, quoted_inside, sampled, texts
from tasks.patterns.lint_remark import UNUSED, Remark
from tasks.patterns.step_tree import DRAFT, inner_places, walk
from tasks.patterns.steps import Ensemble

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tasks.patterns.step_tree import Place


def unused_outputs(place: Place) -> Iterator[Remark]:
    """Steps of a pipeline whose output reaches later ones, if at all, only as context that nobody asked for."""
    if place.step.pipeline is None:
        return
    steps = list(inner_places(place))
    own = frozenset(name for text in texts(place) for name in named(text))
    for index, each in enumerate(steps[:-1]):
        name, later = each.step.name or "", steps[index + 1 :]
        quoted = {
            name for one in later for inner in walk(one) for text in texts(inner) for name in named(text)
        }
        if name in quoted or name in own or _may_be_the_outcome(place, later):
            continue
        following = later[0]
        if others := sorted(quoted_inside(following) & (following.names - {name})):
            what = (
                f"no later template names {name!r}: it reaches {following.step.name!r} only as context, "
                f"while that names {', '.join(map(repr, others))}"
            )
            yield Remark(
                each.loc, UNUSED, what, f"write {{{{ {name} }}}} where it is needed, or take the step out"
            )


def unused_samples(places: Sequence[Place]) -> Iterator[Remark]:
    """Asks with several samples of which only the first is looked at."""
    looked_at = frozenset(name for place in places for text in texts(place) for name in sampled(text))
    members = {child.loc for place in places if _is_ensemble(place) for child in inner_places(place)}
    for place in places:
        ask = place.step.ask
        if ask is None or ask.samples == 1 or place.loc in members or looked_at & _names_of(place, places):
            continue
        what = f"of {ask.samples} samples only the first becomes the draft, and nobody names data.samples"
        hint = "make the step a member of an ensemble, which chooses among them, or leave samples out"
        yield Remark((*place.loc, "ask", "samples"), UNUSED, what, hint)


def _may_be_the_outcome(place: Place, later: Sequence[Place]) -> bool:
    """Whether the pipeline's outcome can be this step's: it is that of the last step that ran."""
    replaced = place.step.result is not None and place.step.result.content is not None
    return not replaced and all(each.step.when is not None or each.step.optional for each in later)


def _names_of(place: Place, places: Sequence[Place]) -> frozenset[str]:
    """What templates may call a step's draft: its own name, those of the steps around it, `draft`."""
    around = {other.step.name for other in places if place.loc[: len(other.loc)] == other.loc}
    return frozenset({DRAFT, *(name for name in around if name)})


def _is_ensemble(place: Place) -> bool:
    return isinstance(place.step.pattern, Ensemble)
