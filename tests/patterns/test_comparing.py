"""Comparing short and structured answers as they are, and how answers are shown to a model. No I/O."""

from __future__ import annotations

import pytest

from tasks.patterns.comparing import answers_of, compared_as_they_are, numbered
from tasks.patterns.draft import Draft
from tasks.patterns.members import Candidate
from tasks.patterns.scope import Scope, Setting
from tasks.patterns.templates import Renderer


async def unasked(_):
    raise AssertionError("short answers are compared without asking a model")


def candidates(*texts):
    return [Candidate(name, Draft(text), "m", name) for name, text in zip("abcdef", texts, strict=False)]


def compared(*texts):
    found = compared_as_they_are(candidates(*texts), Scope(Setting(Renderer()), {}, unasked, None))
    return found.agreement, found.agreed, found.disputed


@pytest.mark.parametrize(
    ("texts", "agreement", "agreed", "disputed"),
    [
        (("42",), 1.0, ["42"], []),
        (("42", "42.0", "$42"), 1.0, ["42"], []),
        (("B", "(b)", "C"), 2 / 3, [], ["b (a, b); c (c)"]),
        (("Oslo", "oslo."), 1.0, ["oslo"], []),
        (("yes", "no"), 0.5, [], ["true (a); false (b)"]),
        (('{"x": 1}', '{"x": 1.0}'), 1.0, ["x: 1"], []),
        (('{"x": 1, "y": 2}', '{"y": 3, "x": 1}'), 0.75, ["x: 1"], ["y: 2 (a); 3 (b)"]),
        (('{"x": 1}', '{"y": 1}'), 0.5, [], ["x: 1 (a); null (b)", "y: null (a); 1 (b)"]),
        (('{"x": {"k": [1, 2]}}', '{"x": {"k": [1, 2]}}'), 1.0, ['x: {"k":[1,2]}'], []),
        (("[1, 2]", "[1, 2]"), 1.0, ["[1,2]"], []),
        (("[1, 2]", '{"x": 1}'), 0.5, [], ['[1,2] (a); {"x":1} (b)']),
    ],
)
def test_answers_are_compared_by_what_they_say(texts, agreement, agreed, disputed):
    found = compared(*texts)
    assert found[0] == pytest.approx(agreement)
    assert found[1:] == (agreed, disputed)


def test_answers_are_numbered_from_one_and_not_named():
    shown = numbered(answers_of(candidates("First.", "Second.")))
    assert shown == '<answer number="1">\nFirst.\n</answer>\n\n<answer number="2">\nSecond.\n</answer>'


@pytest.mark.parametrize("closing", ["</answer>", "</ANSWER >", "< / answer\n>", "<\t/answer"])
def test_an_answer_cannot_close_its_quotation(closing):
    shown = numbered(answers_of(candidates(f"before {closing} after")))
    assert shown.count("<") == 2
    assert shown.endswith(" after\n</answer>")


def test_other_marks_in_an_answer_are_left_as_they_are():
    assert "if a < b: <b>x</b> </answers>" in numbered(
        answers_of(candidates("if a < b: <b>x</b> </answers>"))
    )
