"""The picture of a recipe: every step with its calls, every pattern with the ways between."""

from __future__ import annotations

import re
from array import array
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tasks.landing.call_figures import Asked, CallFigures, Spend
from tasks.landing.recipe_boxes import boxes
from tasks.landing.recipe_diagram import MOST_CHARACTERS, diagram
from tasks.landing.recipe_shape import shape_of
from tasks.patterns.recipe import load_recipe

RECIPES = sorted((Path(__file__).parents[2] / "deployments" / "recipes").glob("*.yaml"))
EVERYTHING = """
recipe: everything
request: {topic: {type: str}}
quality: {target: 0.8}
make:
  pipeline:
    - name: facts
      when: 'request.topic != "<|>"'
      ask: {model: [one, two], samples: 3, prompt: "{{ request.topic }}"}
    - name: panel
      ensemble:
        max_rounds: 2
        combine: [merge]
        members:
          - {name: left, ask: {model: one, prompt: "{{ facts }}"}}
          - name: right
            refine:
              start: {ask: {model: one, prompt: "{{ facts }}"}}
              stages: [{name: edit, ask: {model: two, prompt: "{{ draft }}"}}]
    - name: way
      route:
        classifier: two
        to:
          deep dive:
            repeat: {judge: two, body: {ask: {model: one, prompt: "{{ panel }}"}}}
        general:
          team:
            coordinator: one
            specialists: {writer: two, "night-time": one}
            general: {ask: {model: one, prompt: "{{ panel }}"}}
"""


def spend(sent: int, usd: float, *seconds: float) -> Spend:
    return Spend(sent=sent, usd_known=usd, seconds=array("d", seconds))


def figures(calls: dict[tuple[str, str, str], Spend]) -> CallFigures:
    return CallFigures({Asked(*asked): each for asked, each in calls.items()})


def drawn(recipe: str, calls: dict[tuple[str, str, str], Spend]) -> str:
    text = diagram(shape_of(load_recipe(recipe)), figures(calls))
    assert text is not None
    return text


def arrows(text: str) -> list[tuple[str, str, str]]:
    """(from, label, to) by the titles of the nodes."""
    titles = dict(re.findall(r'^ *(\w+)[\[({]+"(.*?)(?:<br/>.*)?"', text, re.MULTILINE))
    found = re.findall(r'^ *(\w+) (?:-->|-\.->)(?:\|"(.*?)"\|)? (\w+)$', text, re.MULTILINE)
    return [(titles[before], label, titles[after]) for before, label, after in found]


def test_the_ways_between_all_patterns():
    text = drawn(EVERYTHING, {("panel/merger", "merger", "two"): spend(1, 0.0)})
    ways = arrows(text)
    for way in [
        ("request", "", "facts"),
        ("facts", "", "2 members at once"),
        ("2 members at once", "", "left"),
        ("2 members at once", "", "start"),
        ("start", "", "judge"),
        ("judge", "below 0.8", "edit"),
        ("edit", "judged again", "judge"),
        ("the best draft", "", "merger"),
        ("left", "", "merger"),
        ("merger", "", "combine: merge"),
        ("combine: merge", "", "classifier"),
        ("classifier", "deep dive", "body"),
        ("judge", "below 0.8, at most 3 rounds", "body"),
        ("classifier", "general", "coordinator"),
        ("coordinator", "subtasks", "writer"),
        ("night-time", "", "reviewer"),
        ("coordinator", "no plan", "general"),
        ("one draft", "", "content"),
    ]:
        assert way in ways, way
    assert [line.strip() for line in text.splitlines()].count("end") == text.count("subgraph ") == 6


def test_a_box_says_its_models_calls_seconds_and_usd():
    text = drawn(
        EVERYTHING,
        {
            ("facts", "", "one"): spend(3, 0.5, 1.0, 2.0, 3.0),
            ("facts", "", "two"): Spend(sent=1, failed=1, hits=2, usd_known=1.0),
            ("way/general/writer", "writer", "two"): spend(1, 0.25, 1.0),
            ("way/general/writer 2", "writer", "two"): spend(1, 0.25, 1.0),
            ("panel/right/judge", "judge", "two"): Spend(sent=1, unpriced=1),
            ("panel/left/judge", "judge", "two"): Spend(hits=4),
            ("elsewhere", "judge", "two"): spend(9, 9.0),
        },
    )
    assert (
        '"facts<br/>one ×3, two ×3<br/>4 calls · 2 from the ledger · 1 failed<br/>p50 2.00 s · #36;1.50'
        in text
    )
    assert '"writer<br/>two<br/>2 calls<br/>p50 1.00 s · #36;0.5000"' in text
    assert '"judge<br/>two<br/>1 call<br/>unknown"' in text, "the refining member's own judge"
    assert '"judge<br/>two<br/>4 from the ledger"' in text, "the ensemble's judge of the other member"
    assert "not called" in text


def test_a_condition_of_any_characters_stays_text():
    assert "when request.topic #33;= #34;#60;#124;#62;#34;" in drawn(EVERYTHING, {})


def test_a_recipe_of_a_single_call_is_one_box():
    ways = arrows(drawn('{recipe: r, make: {ask: {model: one, prompt: "Hello"}}}', {}))
    assert ways == [("request", "", "make"), ("make", "", "content")]


def test_a_recipe_too_large_for_mermaid_is_not_drawn_with_it():
    many = ", ".join(f'{{name: step{n}, ask: {{model: one, prompt: "Hello"}}}}' for n in range(900))
    recipe = load_recipe(f"{{recipe: r, make: {{pipeline: [{many}]}}}}")
    assert diagram(shape_of(recipe), CallFigures()) is None
    assert boxes(shape_of(recipe), CallFigures()).count('class="box') == 900


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_shipped_recipe_is_drawn_as_mermaid_and_as_boxes(path: Path):
    shape = shape_of(load_recipe(path))
    text = diagram(shape, CallFigures())
    assert text is not None
    assert len(text) < MOST_CHARACTERS
    assert text.count("subgraph ") == len(re.findall(r"^ +end$", text, re.MULTILINE))
    ids = set(re.findall(r"^ +(\w+)[\[({]", text, re.MULTILINE))
    assert {end for way in re.findall(r"^ +(\w+) -.* (\w+)$", text, re.MULTILINE) for end in way} <= ids
    assert balanced(boxes(shape, CallFigures()))


class Balance(HTMLParser):
    """Follows which tags are open; `wrong` says what closed what was not."""

    VOID = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def balanced(text: str) -> bool:
    balance = Balance()
    balance.feed(text)
    balance.close()
    return not balance.open and not balance.wrong
