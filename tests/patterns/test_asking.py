"""The question of a step as the provider gets it: nothing twice, within the window, and marked for the cache."""

from __future__ import annotations

import json
from dataclasses import replace

from ensemble_rig import ask, claims, ensemble, member

from tasks.calling.catalog import Model
from tasks.patterns.asking import question
from tasks.patterns.draft import Draft
from tasks.patterns.scope import Scope, Setting
from tasks.patterns.slimming import UNSLIMMED
from tasks.patterns.steps import Step
from tasks.patterns.templates import Renderer

STORY = (
    "The harbour was built before anybody had printed a tide table, and nobody has moved it since. " * 8
    + "So."
)
GUIDE = "Say what the reader can do, and by when; never what we are proud of. " * 80


async def unasked(_):
    raise AssertionError("a question is made without asking a model")


def asked(step, *, drafts=None, request=None, models=None, rows=1, slimmer=None, **reserved):
    """(system, prompt), the `Ask`, and the tokens saved, of a step that asks `m`; its scope too."""
    made = Step.model_validate(step)
    setting = Setting(Renderer(), "Notes", ("topic",), models or {}, rows=rows)
    setting = replace(setting, slimmer=slimmer) if slimmer else setting
    scope = Scope(
        setting, request or {"topic": "tides"}, unasked, None, drafts=drafts or {}, reserved=reserved
    )
    found, saved = question(made, made.ask, scope, "m", None)
    texts = [message.content for message in found.messages]
    return texts, found, saved, scope


def test_a_cell_goes_out_as_it_came_and_idle_white_space_of_the_prompt_does_not():
    cell = "line one \n\n\n\nline two"
    texts, _, saved, _ = asked(
        ask("m", "Edit: \n\n\n\n{{ request.topic }}\n\n\n\nNow."), request={"topic": cell}
    )
    assert texts == [f"Edit:\n\n{cell}\n\nNow."]
    assert saved > 0


def test_a_draft_that_the_prompt_quotes_stays_as_it_is_and_one_that_is_told_unasked_is_tidied():
    draft = "line one \n\n\n\nline two"
    texts, _, _, _ = asked(ask("m", "Edit: \n{{ draft }}"), drafts={"draft": Draft(draft)})
    assert texts[-1] == f"Edit:\n{draft}"
    texts, _, _, _ = asked(ask("m", "Edit."), drafts={"draft": Draft(draft)})
    assert texts[0].endswith("## Previous output draft\nline one\n\nline two")


def test_a_draft_that_system_text_and_prompt_quote_is_sent_once():
    step = ask("m", "Edit:\n{{ draft }}", system="The text is:\n{{ draft }}")
    texts, _, saved, _ = asked(step, drafts={"draft": Draft(STORY)})
    system, prompt = texts
    assert system.startswith(f"The text is:\n{STORY}")
    assert prompt == 'Edit:\n[the text above that begins "The harbour was built before anybody …"]'
    plain, _, nothing, _ = asked(step, drafts={"draft": Draft(STORY)}, slimmer=UNSLIMMED)
    assert (plain[1], nothing) == (f"Edit:\n{STORY}", 0)
    assert saved > 200


def test_members_and_feedback_refer_to_what_the_previous_output_says_already():
    texts, _, saved, _ = asked(
        ask("m", "Think again."),
        drafts={"own_answer": Draft(f"Yes.\n\n{STORY}")},
        members=[Draft(f"No.\n\n{STORY}")],
        feedback=f"Wrong:\n\n{STORY}",
        round=2,
    )
    assert texts[0].count(STORY) == 1
    assert texts[0].count('[as in "previous output own answer" above: "The harbour was built') == 2
    assert saved > 400


def test_the_same_inputs_give_the_same_question():
    drafts = {"draft": Draft(STORY), "other": Draft(f"{STORY}\n\nEnd.")}
    step = ask("m", "Edit:\n{{ draft }}\n{{ other }}", system="{{ draft }}")
    assert asked(step, drafts=drafts)[1] == asked(step, drafts=drafts)[1]


LONG = " ".join(f"word{number}" for number in range(3000))
WINDOW = {"m": Model(provider="p", id="m", context=8000)}


def test_what_is_told_unasked_is_shortened_first_and_the_row_says_so():
    drafts = {"outline": Draft(LONG), "draft": Draft(LONG.replace("word", "text"))}
    texts, _, saved, scope = asked(
        ask("m", "Review:\n{{ outline }}"),
        drafts=drafts,
        models={"m": WINDOW["m"].model_copy(update={"context": 18_000})},
    )
    assert texts[1] == f"Review:\n{LONG}"
    assert "words left out …]" in texts[0]
    assert saved > 1000
    assert scope.notes.warnings == [
        "make: the question is longer than m can read, so parts of these were left out: previous output draft"
    ]


def test_a_quoted_draft_is_shortened_last_and_the_requests_own_cells_never():
    cell = LONG.replace("word", "cell")[:9000]
    texts, found, _, scope = asked(
        ask("m", "{{ request.topic }}\n{{ outline }}"),
        drafts={"outline": Draft(LONG)},
        request={"topic": cell},
        models=WINDOW,
    )
    assert found.messages[-1].content.startswith(f"{cell}\nword0 word1 ")
    assert "words left out …]" in texts[-1]
    assert len(scope.notes.warnings) == 1
    too_long = LONG.replace("word", "cell")
    texts, _, _, scope = asked(
        ask("m", "{{ request.topic }}\n{{ outline }}"),
        drafts={"outline": Draft(LONG)},
        request={"topic": too_long},
        models=WINDOW,
    )
    assert (texts[-1], scope.notes.warnings) == (f"{too_long}\n{LONG}", [])


def test_what_every_row_begins_with_is_marked_and_nothing_else():
    step = {**ask("m", "Write:\n{{ request.topic }}", system=GUIDE), "role": "editor", "expects": "prose"}
    _, found, _, _ = asked(step, rows=2)
    system, prompt = found.messages
    assert system.common == len(system.content)
    assert prompt.content[: prompt.common] == "Write:"
    _, found, _, _ = asked(step, rows=2, drafts={"outline": Draft(STORY)})
    system, prompt = found.messages
    marked = system.content[: system.common]
    assert marked.endswith("## Expected format\nprose")
    assert system.content.startswith(f"{marked}\n\n## Task\nNotes")
    assert prompt.common == 0


def test_a_system_text_of_the_rows_own_and_a_lone_row_are_not_marked():
    own = ask("m", "Write:\n{{ request.topic }}", system=GUIDE + "{{ request.topic }}")
    for step, rows in ((own, 9), (ask("m", "Write.", system=GUIDE), 1)):
        assert [message.common for message in asked(step, rows=rows)[1].messages] == [0, 0]


def test_in_every_form_what_is_marked_is_what_two_rows_begin_with():
    step = {**ask("m", "Write.", system=GUIDE), "role": "editor", "expects": "prose"}
    for form in ("markdown", "xml", "json"):
        models = {"m": Model(provider="p", id="m", handoff=form)}
        one, other = (
            asked(step, rows=2, models=models, drafts={"o": Draft("x")}, request={"topic": topic})[
                1
            ].messages[0]
            for topic in ("tides", "winds")
        )
        assert one.common == other.common > len(GUIDE)
        assert one.content[: one.common] == other.content[: one.common]
        assert one.content != other.content


def test_equal_answers_are_shown_to_the_comparer_and_the_merger_once_and_to_a_judge_each_as_it_is(rig):
    answers = (f"Yes.\n\n{STORY}", f"No.\n\n{STORY}")
    for name, text in zip(("gpt", "claude"), answers, strict=True):
        rig.answers(name, text, prompt="Answer.")
    rig.answers("gemini", claims(("It stands.", [1, 2], [])), prompt="List the claims")
    rig.answers("gemini", "Merged.", prompt="Write the one text")
    made = rig.make(ensemble(member("gpt"), member("claude"), combine=["merge"], merger="gemini"))
    compared, merged = (each.texts[0] for each in rig.questions() if each.model == "gemini")
    for shown in (compared, merged):
        assert shown.count(STORY.strip()) == 1
        assert 'No.\n\n[as in "answer 1" above: "The harbour was built before anybody …"]' in shown
    assert set(made.tally.tokens_saved) == {"comparer", "merger"}
    assert sum(made.tally.tokens_saved.values()) > 400
    judged = [
        each for each in (json.dumps(question.body) for question in rig.questions()) if "<text>" in each
    ]
    assert not any("as in" in each for each in judged)
