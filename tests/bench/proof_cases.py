"""The cases that `make proof` runs: what is made, who judges it, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from deployments.simulator.config import Profile, SimulatedPrice

SUBJECTS: Final = {"code": "the code of an API", "novel": "a novel about the sea"}  # of two domains
RECIPE: Final = """
recipe: proof
about: A text on a subject
request: {{topic: {{type: str}}, kind: {{type: str}}, words: {{type: int}}, longer: {{type: int}}}}
request_type: kind
quality: {{judges: [{judges}], criteria: [accuracy, tone], pairs: false}}
baseline: {{model: {baseline}, share: 1.0, prompt: "Topic: {{{{ request.topic }}}}\\nWrite {{{{ request.words }}}} words."}}
make:
  pipeline:
    - name: draft
      ask: {{model: {writer}, max_tokens: 3000, prompt: "Topic: {{{{ request.topic }}}}\\nWrite {{{{ request.words }}}} words."}}
    - name: polish
      ask: {{model: {editor}, max_tokens: 3000, prompt: "Topic: {{{{ request.topic }}}}\\nWrite {{{{ request.longer }}}} words from this draft:\\n{{{{ draft }}}}"}}
"""
MODELS: Final = """
providers:
  sim: {{api: openai, base_url: "{url}", concurrency: 100}}
models:
  strong: {{provider: sim, id: strong, family: a, price: {{input: 10, output: 20}}}}
  best: {{provider: sim, id: best, family: a, price: {{input: 10, output: 20}}}}
  second: {{provider: sim, id: second, family: b, price: {{input: 1, output: 2}}}}
  plain: {{provider: sim, id: plain, family: b, price: {{input: 1, output: 2}}}}
  one: {{provider: sim, id: one, family: c, price: {{input: 1, output: 2}}}}
  two: {{provider: sim, id: two, family: d, price: {{input: 1, output: 2}}}}
  taste: {{provider: sim, id: taste, family: e, price: {{input: 1, output: 2}}}}
  cousin: {{provider: sim, id: cousin, family: a, price: {{input: 1, output: 2}}}}
"""


def _profile(**figures: Any) -> Profile:
    return Profile(price=SimulatedPrice(input=1, output=2), revision_gain=0.0, **figures)


SIMULATED: Final = {
    "strong": _profile(skill={"code": 0.7, "default": 0.6}),
    "plain": _profile(skill={"code": 0.4, "default": 0.5}),
    "second": _profile(skill={"code": 0.37, "default": 0.47}),  # what an edited text gains by its form, less
    "best": _profile(skill={"default": 0.97}),
    "one": _profile(judge_noise=0.08),
    "two": _profile(judge_noise=0.12),
    "taste": _profile(judge_noise=0.1, judge_taste=0.08),
    "cousin": _profile(judge_noise=0.1),
}
ONE_JUDGE: Final = "one judge scored the pairs"
TWO_JUDGES: Final = "two judges say little"
LENGTH: Final = "times as long"
FAMILY: Final = "of the family"
CEILING: Final = "near the top"


@dataclass(frozen=True)
class Case:
    """What is made, and who judges it.

    Attributes:
        longer: how many times as long the made texts are, about.
        covers: the interval holds the truth as often as it says; else the judges lean, and that is said.
        says: what the run warns of in every night.
        may_say: what it warns of in some.
    """

    name: str
    writer: str
    editor: str
    judges: str
    says: tuple[str, ...]
    baseline: str = "plain"
    longer: float = 1.0
    covers: bool = True
    may_say: tuple[str, ...] = ()

    @property
    def recipe(self) -> str:
        names = ("judges", "baseline", "writer", "editor")
        return RECIPE.format(**{name: getattr(self, name) for name in names})

    @property
    def silent(self) -> tuple[str, ...]:
        """What it has no reason to warn of."""
        return tuple(
            each for each in (LENGTH, FAMILY, CEILING, ONE_JUDGE) if each not in (*self.says, *self.may_say)
        )

    def request(self, night: int, row: int) -> dict[str, Any]:
        """One request; lengths vary, as those of real texts do."""
        kind = ("code", "novel")[row % 2]
        words = 180 + 20 * (row % 5)
        longer = self.longer * (1.0 if self.longer == 1 else (0.7, 1.0, 1.4)[row % 3])
        topic = f"{SUBJECTS[kind]}, number {night}-{row}"
        return {
            "request_id": f"r{row}",
            "topic": topic,
            "kind": kind,
            "words": words,
            "longer": round(words * longer),
        }


CASES: Final = (
    Case("helps", "plain", "strong", "one, two", (TWO_JUDGES,), may_say=(CEILING,)),
    Case("no gain", "plain", "second", "one, two", (TWO_JUDGES,)),
    Case("no gain, one judge", "plain", "second", "two", (ONE_JUDGE,)),
    Case(
        "longer, not better",
        "plain",
        "plain",
        "taste",
        (ONE_JUDGE, LENGTH),
        longer=2.5,
        covers=False,
        may_say=(CEILING,),
    ),
    Case(
        "longer, and better",
        "plain",
        "strong",
        "taste",
        (ONE_JUDGE, LENGTH),
        longer=2.5,
        covers=False,
        may_say=(CEILING,),
    ),
    Case(
        "longer, judges differ",
        "plain",
        "plain",
        "one, taste",
        (TWO_JUDGES, LENGTH),
        longer=2.5,
        may_say=(CEILING,),
    ),
    Case("near the top", "plain", "best", "one, two", (TWO_JUDGES, CEILING), covers=False),
    Case("own family", "plain", "strong", "cousin", (ONE_JUDGE, FAMILY), may_say=(CEILING,)),
)
