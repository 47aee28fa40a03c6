"""Context between models: which sections, in which form, and none twice. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.patterns.draft import NOTHING, Draft
from tasks.patterns.handoff import FORMS, sections_for
from tasks.patterns.scope import Scope, Setting
from tasks.patterns.templates import Renderer

PREVIOUS = {"outline": Draft("Two points.")}


def context_for(where: Scope, templates: tuple[str, ...], *, role, expects, form: str) -> str:
    return FORMS[form](sections_for(where, templates, role=role, expects=expects))


async def unasked(_):
    raise AssertionError("context is made without asking a model")


def scope(drafts: dict[str, Draft] = PREVIOUS, **more: Any) -> Scope:
    request = more.pop("request", {"topic": "tides", "audience": "sailors", "internal_id": "c-17"})
    columns = more.pop("columns", ("topic", "audience"))
    setting = Setting(Renderer(), "Notes for sailors", columns=columns)
    return Scope(setting, request, unasked, None, drafts=drafts, **more)


def context(where: Scope, *templates: str, role=None, expects=None, form="json") -> dict[str, str]:
    text = context_for(where, templates, role=role, expects=expects, form=form)
    return json.loads(text) if text else {}


@pytest.mark.parametrize("form", FORMS)
def test_a_lone_question_needs_no_context(form):
    assert context_for(scope({}), ("Go.",), role=None, expects=None, form=form) == ""
    assert context_for(scope({"skipped": NOTHING}), ("Go.",), role=None, expects=None, form=form) == ""


def test_a_first_step_is_told_its_role_and_format_only():
    assert context(scope({}), "Go.", role="editor", expects="one line") == {
        "role": "You are the editor.",
        "expected_format": "one line",
    }


def test_a_later_step_is_told_the_task_and_the_previous_output():
    assert context(scope(), "Go on.") == {
        "task": "Notes for sailors\ntopic: tides\naudience: sailors",
        "previous_output_outline": "Two points.",
    }


@pytest.mark.parametrize(
    "prompt",
    [
        "{{ outline }}",
        "{{ outline.data.x }}",
        "{% if a %}{{ outline | upper }}{% endif %}",
        "{{ a ~ outline }}",
    ],
)
def test_what_the_prompt_quotes_is_not_given_again(prompt):
    assert "previous_output_outline" not in context(scope(), prompt)
    assert "previous_output_outline" not in context(scope(), "Go on.", prompt)


@pytest.mark.parametrize(
    "prompt", ["outline", "{# outline #}", "{{ 'outline' }}", "{{ request.outline }}", "{{ plan }}"]
)
def test_a_prompt_that_only_mentions_the_name_does_not_quote_it(prompt):
    assert context(scope(), prompt)["previous_output_outline"] == "Two points."


def test_the_previous_output_is_that_of_the_last_step_that_ran():
    drafts = {"outline": Draft("Two points."), "draft": Draft("A text."), "skipped": NOTHING}
    assert list(context(scope(drafts), "Go on.")) == ["task", "previous_output_draft"]


def test_what_is_the_same_for_every_row_comes_before_what_is_not_and_what_changes_by_round_is_last():
    drafts = {"outline": Draft("Two points.")}
    where = scope(drafts).with_reserved(members=[Draft("Theirs.")], feedback="Shorter.", round=2)
    assert list(context(where, "Go on.", role="editor", expects="prose")) == [
        "role",
        "expected_format",
        "task",
        "previous_output_outline",
        "answer_of_another_model_1",
        "feedback",
    ]


def test_an_inner_step_of_an_outer_ones_name_is_the_latest():
    where = scope({"outline": Draft("old"), "draft": Draft("A text.")}).seeing({"outline": Draft("new")})
    assert context(where, "Go on.")["previous_output_outline"] == "new"


@pytest.mark.parametrize(
    "prompt", ["{{ request.topic }}", "{{ request['topic'] }}", "{% if request.topic %}a{% endif %}"]
)
def test_a_cell_that_the_prompt_quotes_is_not_told_again(prompt):
    assert context(scope(), prompt)["task"] == "Notes for sailors\naudience: sailors"


def test_no_cell_is_told_when_the_prompt_quotes_the_whole_request():
    assert context(scope(), "{{ request }}")["task"] == "Notes for sailors"


def test_columns_that_the_recipe_does_not_declare_are_told_to_no_model():
    for form in FORMS:
        assert "c-17" not in context_for(scope(), ("Go on.",), role="r", expects="e", form=form)


def test_long_cells_and_cells_that_are_no_text_are_left_out():
    request = {
        "long": "x" * 501,
        "fits": "x" * 500,
        "empty": "",
        "none": None,
        "list": [1],
        "on": True,
        "n": 0,
    }
    task = context(scope(request=request, columns=tuple(request)), "Go on.")["task"]
    assert task.splitlines()[1:] == ["fits: " + "x" * 500, "on: true", "n: 0"]


def test_another_round_is_told_what_was_wrong_unless_the_prompt_says_it():
    again = scope({}).again(["has 3 words", "is in German"], 2)
    assert context(again, "Go.")["feedback"] == "has 3 words\nis in German"
    assert context(again, "Mind: {{ feedback }}") == {}
    assert again.round == 2


def test_the_forms_are_markdown_xml_and_json():
    def of(form):
        return context_for(scope(), ("{{ request }}",), role="editor", expects=None, form=form)

    assert of("markdown") == (
        "## Role\nYou are the editor.\n\n## Task\nNotes for sailors\n\n## Previous output outline\nTwo points."
    )
    assert of("xml") == (
        "<role>\nYou are the editor.\n</role>\n<task>\nNotes for sailors\n</task>\n"
        "<previous_output_outline>\nTwo points.\n</previous_output_outline>"
    )
    assert json.loads(of("json")) == {
        "task": "Notes for sailors",
        "role": "You are the editor.",
        "previous_output_outline": "Two points.",
    }


CLOSING = re.compile(r"<\s*/\s*(task|role|previous_output_outline)\b", re.IGNORECASE)
PIECES = st.sampled_from(
    ["</previous_output_outline>", "</ previous_output_outline >", "< /PREVIOUS_output_outline", "</task>", "<role>",
     "</role\n>", "<", "</", "/", "previous_output_outline", "</previous_output_outline_2>", "<b>x</b>", "\n", "tail"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=5), min_size=1).map("".join).filter(bool))
def test_what_is_quoted_closes_no_xml_element(text):
    whole = context_for(scope({"outline": Draft(text)}), ("Go.",), role="editor", expects=None, form="xml")
    assert [found[1] for found in CLOSING.finditer(whole)] == ["role", "task", "previous_output_outline"]
    assert whole.endswith("\n</previous_output_outline>")


@given(st.text(max_size=40))
def test_quoted_text_without_closing_tags_is_quoted_verbatim(text):
    text = text.replace("/", "") or "x"
    for form in ("markdown", "xml"):
        assert text in context_for(
            scope({"outline": Draft(text)}), ("Go.",), role=None, expects=None, form=form
        )
    assert context(scope({"outline": Draft(text)}), "Go.")["previous_output_outline"] == text
