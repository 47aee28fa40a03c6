"""One row from request to draft, and again in the process that takes over from a dead one."""

from __future__ import annotations

import pytest
from row_rig import Process

from deployments.simulator.config import Fault, Script, Scripted
from tasks.calling.call import Row
from tasks.calling.failures import CallFailed
from tasks.landing.tally import Tally
from tasks.patterns.ran import RowFailed
from tasks.patterns.recipe import load_recipe
from tasks.patterns.row import make_draft, setting_of
from tasks.patterns.templates import Renderer

EVERYTHING = """
recipe: everything
request: {topic: {type: str}}
make:
  pipeline:
    - name: facts
      ask: {model: gpt, prompt: "Facts on {{ request.topic }}", format: json, samples: 2, temperature: 0.9}
    - name: skipped
      when: "'nothing' in request.topic"
      ask: {model: gpt, prompt: never}
    - name: inner
      pipeline:
        - name: text
          ask: {model: [gemini, claude], prompt: "Write {{ facts }}", cache: off}
          checks: [{min_words: 3}]
        - name: lost
          optional: true
          ask: {model: claude, prompt: "Refuse this"}
    - name: last
      ask: {model: claude, prompt: "Close {{ inner }}"}
  result: {data: {facts: "{{ facts }}"}}
""".replace(", cache: off}", "}\n          cache: off")


@pytest.fixture
def troubled(rig):
    """Unparsable, missing, too short, refused, cut off: each once on the way to a draft."""
    rig.answers("gpt", "bad", '{"a": 1}', '{"a": 2}')
    rig.simulator.script(Script(model="gemini", replies=(Scripted(fault=Fault(kind="model_missing")),)))
    rig.answers("claude", "Too short", "Now it is long enough.", prompt="Write")
    rig.simulator.script(
        Script(model="claude", prompt="Refuse", replies=(Scripted(fault=Fault(kind="refusal")),)),
        Script(model="claude", prompt="Close", replies=(Scripted(text="The end", finish="length"),)),
    )
    return rig


def sums(made):
    tally = made.tally
    return made.draft, tally.usd, tally.calls, tally.tokens_in, tally.tokens_out, tally.models, tally.cached


@pytest.mark.parametrize("uploads", [Process.die, Process.upload], ids=["journalled", "uploaded"])
def test_a_killed_rows_calls_are_not_sent_again_and_come_to_the_same(troubled, uploads):
    first = troubled.process()
    made = first.make(EVERYTHING, topic="tides")
    sent = len(troubled.questions())
    uploads(first)
    assert sent >= 8
    again = troubled.process().make(EVERYTHING, topic="tides")
    assert [q.model for q in troubled.questions()[sent:]] == []
    assert sums(again) == sums(made)
    assert again.draft.content == "The end"
    assert again.tally.usd > 0


def test_a_row_killed_on_the_way_goes_on_where_it_was(troubled):
    first = troubled.process()
    first.make(EVERYTHING.split("    - name: last")[0], topic="tides")
    sent = len(troubled.questions())
    first.die()
    troubled.process().make(EVERYTHING, topic="tides")
    (rest,) = troubled.questions()[sent:]
    assert rest.texts == ("Close Now it is long enough.",)


def test_the_same_row_again_in_the_same_process_is_not_paid_twice(troubled):
    process = troubled.process()
    made = process.make(EVERYTHING, topic="tides")
    sent = len(troubled.questions())
    assert sums(process.make(EVERYTHING, topic="tides")) == sums(made)
    assert len(troubled.questions()) == sent


def test_equal_rows_of_a_run_share_their_calls(rig):
    rig.answers("gpt", "A")
    process = rig.process()
    recipe = "recipe: r\nmake: {ask: {model: gpt, prompt: p}}"
    first, second = process.make(recipe, "r1"), process.make(recipe, "r2")
    assert len(rig.questions()) == 1
    assert (first.draft, first.tally.cached) == (second.draft, 0)
    assert (second.tally.usd, second.tally.cached) == (0.0, 1)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        ("{ask: {model: claude, prompt: Refuse}}", CallFailed),
        ("{ask: {model: claude, prompt: Close}, checks: [{min_words: 9}]}", RowFailed),
    ],
)
def test_a_row_that_failed_fails_again_without_a_call(troubled, make, kind):
    recipe = f"recipe: r\nmake: {make}"
    first = troubled.process()
    with pytest.raises(kind) as before:
        first.make(recipe)
    sent = len(troubled.questions())
    first.die()
    with pytest.raises(kind) as after:
        troubled.process().make(recipe)
    assert len(troubled.questions()) == sent
    assert (str(after.value), after.value.error_kind) == (str(before.value), before.value.error_kind)


def test_warnings_of_the_model_come_before_those_of_the_row(rig):
    rig.simulator.script(
        Script(replies=(Scripted(text='{"content": "c", "warnings": ["old"]}', finish="length"),))
    )
    draft = rig.make("recipe: r\nmake: {ask: {model: gpt, prompt: p, format: json}}").draft
    assert draft.metadata.warnings == ("old", "make: the answer was cut off at max_tokens")


def test_a_row_needs_nothing_but_its_request_and_an_asker(rig):
    """The seam that the UI, a shard and a batch lane share."""
    recipe = load_recipe(
        "recipe: r\nrequest: {topic: {}}\nmake: {ask: {model: gpt, prompt: '{{ request.topic }}'}}"
    )
    asked = []
    rig.answers("gpt", "A")
    process = rig.process()

    async def ask(call):
        asked.append((call.models, call.step, call.round, call.ttl_seconds))
        return await Tally(process.calls, Row("r1", "made", "r", None, 0))(call)

    draft = rig.engine.wait(
        make_draft(recipe, {"topic": "t"}, ask, setting_of(recipe, Renderer(), rig.catalog))
    )
    assert draft.content == "A"
    assert asked == [(("gpt",), "", 1, 7 * 86400)]
