"""The pattern `route` by rules and by examples, and what the specialist gets, over the wire."""

from __future__ import annotations

import pytest
from ensemble_rig import ask, asked, member, recipe

from tasks.patterns.notes import Routed
from tasks.patterns.templates import RenderFailed

EXAMPLES = {
    "technical": ["How do I configure a PostgreSQL index?", "Explain the Kubernetes scheduler", "Debug a memory leak"],
    "poetry": ["Write a poem about autumn", "A haiku on the moon", "Compose a sonnet for my wife"],
}  # fmt: skip


def routed(to=None, general=None, step=None, **more):
    ways = to if to is not None else {"technical": ask("gpt"), "poetry": ask("claude")}
    route = {"to": ways, "general": general or ask("gemini", "General."), **more}
    return recipe({"route": route, **(step or {})})


def rules(*each):
    return [{"if": condition, "to": to} for condition, to in each]


BY_RULES = rules(("'code' in request.topic", "technical"), ("'poem' in request.topic", "poetry"))


@pytest.mark.parametrize(
    ("topic", "model", "noted"),
    [
        ("code", "gpt", Routed("technical", 1.0, "technical")),
        ("a poem", "claude", Routed("poetry", 1.0, "poetry")),
        ("a poem on code", "gpt", Routed("technical", 1.0, "technical")),
        ("weather", "gemini", Routed("", 0.0, "general")),
    ],
)
def test_the_first_rule_that_holds_decides_and_without_one_the_general_step_works(rig, topic, model, noted):
    rig.answers(model, "Done.")
    made = rig.make(routed(rules=BY_RULES), topic=topic)
    assert asked(rig) == [model]
    assert made.draft.content == "Done."
    assert made.tally.notes.routes == [noted]


def test_a_rule_may_send_to_general_before_later_rules_are_looked_at(rig):
    first = rules(("'secret' in request.topic", "general"))
    made = rig.make(routed(rules=[*first, *BY_RULES]), topic="secret code")
    assert asked(rig) == ["gemini"]
    assert made.tally.notes.routes == [Routed("general", 1.0, "general")]


def test_rules_need_no_threshold(rig):
    rig.make(routed(rules=BY_RULES, threshold=1.0), topic="code")
    assert asked(rig) == ["gpt"]


def test_a_rule_that_cannot_be_decided_fails_the_row(rig):
    with pytest.raises(RenderFailed):
        rig.make(routed(rules=rules(("request.topic.x", "technical"))), topic="code")
    assert rig.questions() == []


def test_a_rule_may_look_at_an_earlier_step(rig):
    rig.answers("spare", "This needs code.")
    route = {
        "rules": rules(("'code' in first", "technical")),
        "to": {"technical": ask("gpt", "{{ first }} So?")},
        "general": ask("gemini"),
    }
    rig.make(recipe({"pipeline": [member("first", "spare"), {"name": "way", "route": route}]}))
    assert [question.texts[0] for question in rig.questions()] == ["Answer.", "This needs code. So?"]


def test_a_way_is_called_by_its_label_in_paths_unless_its_step_has_a_name(rig):
    named = {"name": "coder", **ask("gpt")}
    made = rig.make(routed({"technical": named, "poetry": ask("claude")}, rules=BY_RULES), topic="code")
    assert [each["path"] for each in made.tally.steps] == ["coder"]
    assert [each["path"] for each in rig.make(routed(rules=BY_RULES), topic="poem").tally.steps] == ["poetry"]
    assert [each["path"] for each in rig.make(routed(rules=BY_RULES), topic="x").tally.steps] == ["general"]


def test_a_way_may_be_a_whole_pipeline_with_its_result_and_checks(rig):
    rig.answers("gpt", "plan")
    rig.answers("claude", "short", "now it is long")
    steps = [member("a", "gpt"), member("b", "claude", "{{ a }}") | {"checks": [{"min_words": 3}]}]
    way = {"pipeline": steps, "result": {"data": {"plan": "{{ a }}"}}}
    made = rig.make(routed({"technical": way}, rules=BY_RULES[:1]), topic="code")
    assert (made.draft.content, made.draft.data) == ("now it is long", {"plan": "plan"})
    assert [each["path"] for each in made.tally.steps] == ["technical/a", "technical/b", "technical/b"]


def test_routes_nest_and_each_is_noted_outer_before_inner(rig):
    inner = {"route": {"rules": rules(("'sql' in request.topic", "sql")), "to": {"sql": ask("gpt")}, "general": ask("claude")}}  # fmt: skip
    nested = routed({"technical": inner, "poetry": ask("spare")}, rules=BY_RULES)
    made = rig.make(nested, topic="code in sql")
    assert made.tally.notes.routes == [Routed("technical", 1.0, "technical"), Routed("sql", 1.0, "sql")]
    assert [each["path"] for each in made.tally.steps] == ["technical/sql"]
    made = rig.make(nested, topic="code")
    assert made.tally.notes.routes == [Routed("technical", 1.0, "technical"), Routed("", 0.0, "general")]
    assert [each["path"] for each in made.tally.steps] == ["technical/general"]


def test_a_routes_failed_check_works_the_same_way_once_more(rig):
    rig.answers("gpt", "short", "now it is long")
    made = rig.make(routed(rules=BY_RULES, step={"checks": [{"min_words": 3}]}), topic="code")
    assert asked(rig) == ["gpt", "gpt"]
    assert "has 1 words, needs at least 3" in rig.questions()[1].system
    assert made.draft.content == "now it is long"


@pytest.mark.parametrize(
    ("topic", "kind", "model"),
    [
        ("Explain how to debug a PostgreSQL index", "technical", "gpt"),
        ("Please write a poem about the autumn moon", "poetry", "claude"),
    ],
)
def test_by_examples_the_most_similar_class_works_and_no_model_is_asked_for_it(rig, topic, kind, model):
    made = rig.make(routed(examples=EXAMPLES, threshold=0.5), topic=topic)
    assert asked(rig) == [model]
    (noted,) = made.tally.notes.routes
    assert (noted.kind, noted.taken) == (kind, kind)
    assert 0.5 < noted.confidence <= 1


def test_what_is_like_no_example_goes_to_general(rig):
    made = rig.make(routed(examples=EXAMPLES), topic="zxqv wkjh 8831")
    assert asked(rig) == ["gemini"]
    assert (made.tally.notes.routes[0].taken, made.tally.notes.routes[0].confidence) == ("general", 0.0)


def test_examples_of_general_are_a_class_too(rig):
    everything = {**EXAMPLES, "general": ["What is the weather like today?", "When is the shop open?"]}
    made = rig.make(routed(examples=everything, threshold=0.3), topic="What is the weather like in the shop?")
    assert asked(rig) == ["gemini"]
    assert (made.tally.notes.routes[0].kind, made.tally.notes.routes[0].taken) == ("general", "general")
