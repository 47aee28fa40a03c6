"""The checks of reading level and form: what they count, what they let pass, and that they are fast."""

from __future__ import annotations

import time

import pytest

from tasks.judging.check_faults import reading_grade
from tasks.judging.checks import Check, failed_checks

GERMAN = (
    "Guten Tag, die Rechnung ist noch nicht bezahlt und wir bitten Sie, den Betrag mit der Angabe des Zwecks "
    "auf das Konto zu überweisen, damit es für Sie im Januar keine Mahnung gibt."
)
ENGLISH = (
    "The municipality is obligated to reimburse the expenditure of the participants in the examination, and "
    "it is not entitled to a compensation for this."
)


def faults(check, text):
    return failed_checks([Check.model_validate(check)], text, str)


@pytest.mark.parametrize(
    ("words", "syllables"),
    [
        ("the red dog make see die jumped called makes", 9),
        ("table wanted boxes handled tables horses churches races", 16),
        ("reading syllable animal", 8),
        ("rhythm don't", 2),
    ],
)
def test_the_reading_grade_follows_the_formula(words, syllables):
    count = len(words.split())
    assert reading_grade(words) == pytest.approx(0.39 * count + 11.8 * syllables / count - 15.59)


def test_published_grades_are_met():
    platypus = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    assert reading_grade(platypus) == pytest.approx(11.3, abs=0.05)
    assert reading_grade("The cat sat on the mat.") == pytest.approx(-1.45, abs=0.01)


def test_a_stop_a_paragraph_and_a_list_item_end_a_sentence():
    one = reading_grade("a b c. a b c! a b c? a b c")
    assert reading_grade("a b c\n\na b c\n- a b c\n2. a b c") == pytest.approx(one)
    assert reading_grade("a b\nc. (a b c.) ```a b``` c a b c") > one


def test_code_and_addresses_have_no_reading_grade():
    code = "```python\nimplementation = internationalisation()\n```"
    assert reading_grade(
        f"The cat sat.\n{code}\nSee https://internationalisation.example/a.b.c there."
    ) == reading_grade("The cat sat.\nSee there.")
    assert reading_grade(code) == reading_grade("") == 0


@pytest.mark.parametrize(
    "text", [GERMAN, "Internationalisation notwithstanding", "お問い合わせありがとうございます。"]
)
def test_a_text_that_is_not_surely_english_has_no_reading_level(text):
    assert faults({"max_grade": 0}, text) == []
    assert faults({"max_grade": 0}, ENGLISH) != []


@pytest.mark.parametrize(
    "mark",
    ["# Title", "- item", "* item", "```\nx\n```", "| a | b |", "a **b** c", "call `f`", "[a](https://b.c)"],
)
def test_plain_text_has_no_mark_of_markdown(mark):
    assert "must be plain text" in faults({"form": "plain"}, f"Some text.\n\n{mark}\n")[0]


@pytest.mark.parametrize(
    "text", ["2 * 3 * 4 = 24", "#1 of 5", "a_b_c and __init__", "Dear Ann,\n1. go\n-5 degrees", "[1] see"]
)
def test_plain_text_may_have_the_characters_of_markdown(text):
    assert faults({"form": "plain"}, text) == []


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html>\n<html><head><meta charset='utf-8'></head><body><h1>A</h1><p>b<p>c<img src=x></body></html>",
        "<ul><li>a<li>b</ul>",
        "<DIV class='a'>x</div>",
    ],
)
def test_html_is_tags_that_end(text):
    assert faults({"form": "html"}, text) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```html\n<p>a</p>\n```", "has text outside of tags"),
        ("a < b and b >", "has text outside of tags"),
        ("<1>", "has text outside of tags"),
        ("<div><b>x</b>", "has <div> without its end"),
        ("</div>", "has </div> where it ends nothing"),
    ],
)
def test_what_is_not_html_is_told_why(text, said):
    assert said in faults({"form": "html"}, text)[0]


def test_a_list_inside_a_code_block_is_code():
    assert faults({"form": "markdown"}, "text\n```\n- a\n# b\n```") != []
    assert faults({"form": "bullets"}, "- a\n~~~\nx\ny\n~~~") == []


@pytest.mark.parametrize("form", ["markdown", "plain", "bullets", "table", "code", "html"])
@pytest.mark.parametrize("unit", ["<a", "```x\n", "[", "|", "*", "`a", "<!--", ".", "e", "\n ", "<b>"])
def test_a_huge_text_made_to_be_slow_is_not(form, unit):
    text = unit * (1_000_000 // len(unit))
    begun = time.process_time()
    faults({"form": form}, text)
    assert time.process_time() - begun < 1.5


@pytest.mark.parametrize("unit", [". ", ".", "e", "the of and. ", "```x\n", "\n", "\n ", "a'"])
def test_the_reading_grade_of_a_huge_text_is_linear(unit):
    begun = time.process_time()
    reading_grade(unit * (500_000 // len(unit)))
    assert time.process_time() - begun < 1.5
