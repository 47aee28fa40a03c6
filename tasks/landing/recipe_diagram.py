"""A recipe as a Mermaid flowchart, each step with its models, calls, seconds and USD. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tasks.landing.escaping import mermaid
from tasks.landing.shape_figures import caption, was_asked
from tasks.landing.wording import one_line

if TYPE_CHECKING:
    from tasks.landing.call_figures import CallFigures
    from tasks.landing.recipe_shape import Shape

# Mermaid refuses texts above 50,000 characters and charts above 500 arrows.
MOST_CHARACTERS: Final = 30_000
MOST_ARROWS: Final = 300
LONGEST_LABEL: Final = 60
BOX: Final = ("[", "]")
ROUND: Final = ("([", "])")
JUDGE: Final = ("{{", "}}")
FORK: Final = ("{", "}")

Ends = tuple[str, str]


def diagram(shape: Shape, calls: CallFigures) -> str | None:
    """The chart's text; None if the recipe is too large for one that Mermaid draws."""
    chart = _Chart(calls)
    first, last = chart.draw(shape)
    lines = ["flowchart TD", '    request(["request"])', *chart.lines, '    content(["content"])']
    lines += [f"    request --> {first}", *chart.arrows, f"    {last} --> content"]
    text = "\n".join(lines) + "\n"
    return text if len(text) <= MOST_CHARACTERS and len(chart.arrows) <= MOST_ARROWS else None


@dataclass(slots=True)
class _Chart:
    """Lines of nodes and subgraphs, and the arrows between; ids are numbers, so no text can be one."""

    calls: CallFigures
    lines: list[str] = field(default_factory=list)
    arrows: list[str] = field(default_factory=list)
    depth: int = 1
    number: int = 0

    def draw(self, shape: Shape) -> Ends:
        """Draw a step; returns the nodes where it begins and ends."""
        if not shape.inner:
            node = self._node(shape, BOX)
            return node, node
        notes = f" ({shape.notes[0]})" if shape.notes else ""
        with_kind = shape.kind if shape.title in ("make", shape.kind) else f"{shape.title}: {shape.kind}"
        self._line(f"subgraph {self._id('s')}[{self._quoted([with_kind + notes])}]")
        self.depth += 1
        drawn: Ends = getattr(self, f"_{shape.kind}")(shape)
        self.depth -= 1
        self._line("end")
        return drawn

    def _pipeline(self, shape: Shape) -> Ends:
        drawn = [self.draw(each) for each in shape.inner]
        for before, after in pairwise(drawn):
            self._arrow(before[1], after[0])
        return drawn[0][0], drawn[-1][1]

    def _ensemble(self, shape: Shape) -> Ends:
        begin = self._plain(f"{len(shape.inner)} members at once", ROUND)
        members = [self.draw(each) for each in shape.inner]
        helpers = [self._node(each, JUDGE) for each in shape.helpers if was_asked(each, self.calls)]
        combined = self._plain(f"combine: {shape.notes[0]}", ROUND)
        chain = [*helpers, combined]
        for first, last in members:
            self._arrow(begin, first)
            self._arrow(last, chain[0])
        for before, after in pairwise(chain):
            self._arrow(before, after)
        if shape.again:
            self._arrow(chain[0], begin, shape.again, back=True)
        return begin, combined

    def _route(self, shape: Shape) -> Ends:
        classifier = shape.helper("classifier")
        begin = self._node(classifier, JUDGE) if classifier else self._plain(shape.notes[0], FORK)
        end = self._plain("one draft", ROUND)
        for branch in shape.inner:
            first, last = self.draw(branch)
            self._arrow(begin, first, branch.label)
            self._arrow(last, end)
        return begin, end

    def _refine(self, shape: Shape) -> Ends:
        start, *stages = shape.inner
        first, last = self.draw(start)
        judge = self._node(shape.helpers[0], JUDGE)
        best = self._plain("the best draft", ROUND)
        self._arrow(last, judge)
        for stage in stages:
            begin, end = self.draw(stage)
            self._arrow(judge, begin, stage.label)
            self._arrow(end, judge, "judged again", back=True)
        self._arrow(judge, best)
        return first, best

    def _repeat(self, shape: Shape) -> Ends:
        first, last = self.draw(shape.inner[0])
        judge = self._node(shape.helpers[0], JUDGE)
        best = self._plain("the best round", ROUND)
        self._arrow(last, judge)
        self._arrow(judge, first, shape.again, back=True)
        self._arrow(judge, best)
        return first, best

    def _team(self, shape: Shape) -> Ends:
        coordinator, assembly, reviewer = shape.helpers
        begin = self._node(coordinator, JUDGE)
        specialists = [each for each in shape.inner if each.kind == "specialist"]
        drawn = [self._node(each, BOX) for each in specialists]
        assembled = [self._node(assembly, BOX)] if was_asked(assembly, self.calls) else []
        review = self._node(reviewer, JUDGE)
        best = self._plain("the best round", ROUND)
        for each in drawn:
            self._arrow(begin, each, "subtasks")
            self._arrow(each, (*assembled, review)[0])
        for each in assembled:
            self._arrow(each, review)
        self._arrow(review, begin, shape.again, back=True)
        self._arrow(review, best)
        for general in shape.inner[len(specialists) :]:
            first, last = self.draw(general)
            self._arrow(begin, first, general.label, back=True)
            self._arrow(last, best)
        return begin, best

    def _node(self, shape: Shape, form: tuple[str, str]) -> str:
        node = self._id("n")
        self._line(f"{node}{form[0]}{self._quoted(caption(shape, self.calls).lines)}{form[1]}")
        return node

    def _plain(self, said: str, form: tuple[str, str]) -> str:
        node = self._id("n")
        self._line(f"{node}{form[0]}{self._quoted([said])}{form[1]}")
        return node

    def _arrow(self, before: str, after: str, label: str = "", *, back: bool = False) -> None:
        said = f"|{self._quoted([label])}|" if label else ""
        self.arrows.append(f"    {before} {'-.->' if back else '-->'}{said} {after}")

    def _quoted(self, lines: list[str]) -> str:
        return '"' + "<br/>".join(mermaid(one_line(line, LONGEST_LABEL)) for line in lines) + '"'

    def _line(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)

    def _id(self, kind: str) -> str:
        self.number += 1
        return f"{kind}{self.number}"
