"""Slimming: what may be left out of a text, and what may not. Pure."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.patterns.slimming import LEAST_PASSAGE, LEAST_QUOTE, UNSLIMMED, once, quoted_once, tidy

HARBOUR = (
    "The harbour was built before anybody had printed a tide table, "
    + "and nobody has moved it since. " * 8
    + "So."
)
LIGHT = "The light on the northern pier was lit by hand until the winter of the storm. " * 4 + "So."
CODE = "```python\ndef f():\n    return 1   \n\n\n\ndef g():\n    return 2\n" + "# filler\n" * 40 + "```"


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("a \nb", "a\nb"),
        ("a\t\t\nb", "a\nb"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("a\n   \n \n\t\nb", "a\n\nb"),
        ("a\n\nb\n\nc", "a\n\nb\n\nc"),
        ("a\nb ", "a\nb "),
        ("Claim: ", "Claim: "),
        ("  indented\n    more", "  indented\n    more"),
    ],
)
def test_trailing_blanks_and_runs_of_empty_lines_go(text, tidied):
    assert tidy(text) == tidied


def test_two_blanks_that_break_a_line_in_markdown_stay_and_others_go():
    assert tidy("a  \nb   \n\nc  \n") == "a  \nb\n\nc\n"


@pytest.mark.parametrize("fence", ["```", "~~~", "````"])
def test_fenced_code_is_left_alone_to_the_blank(fence):
    code = f"{fence}py\nx = 1   \n\n\n\ny = 2\t\n{fence}"
    assert tidy(f"a \n\n\n\n{code}\n\n\n\nb \nc") == f"a\n\n{code}\n\nb\nc"


def test_code_that_is_never_closed_is_code_to_the_end():
    assert tidy("a \n```\nx \n\n\n\ny \n") == "a\n```\nx \n\n\n\ny \n"


def test_an_indented_line_keeps_the_empty_lines_before_it():
    assert tidy("def f():\n\n\n    return 1") == "def f():\n\n\n    return 1"


def test_a_cell_of_the_request_stays_as_it_came_wherever_it_is_quoted():
    cell = "one \n\n\n\ntwo"
    assert tidy(f"a \n\n\n\n{cell}\n\n\n\nb", [cell]) == f"a\n\n{cell}\n\nb"
    assert tidy(f'Say "{cell}" \ntwice', [cell]) == f'Say "{cell}"\ntwice'


PIECES = st.sampled_from(
    ["a", "word", " ", "  ", "\t", "\n", "\n\n", "\n\n\n\n", "```", "~~~\n", "    ", "# ", "é"]
)
TEXTS = st.lists(PIECES, max_size=30).map("".join)


@given(TEXTS)
def test_tidying_changes_nothing_but_white_space_and_once_is_enough(text):
    tidied = tidy(text)
    assert "".join(tidied.split()) == "".join(text.split())
    assert len(tidied) <= len(text)
    assert tidy(tidied) == tidied


@given(TEXTS, TEXTS.filter(str.strip))
def test_what_is_kept_is_still_there(text, cell):
    assert cell in tidy(f"{text}\nQ: {cell}\n{text}", [cell])


def test_a_passage_that_an_earlier_text_holds_is_referred_to_by_its_name():
    found = once({"answer 1": f"Yes.\n\n{HARBOUR}\n\nEnd.", "answer 2": f"No.\n\n{HARBOUR}\n\nBut."})
    assert found == {
        "answer 1": f"Yes.\n\n{HARBOUR}\n\nEnd.",
        "answer 2": 'No.\n\n[as in "answer 1" above: "The harbour was built before anybody …"]\n\nBut.',
    }


def test_passages_that_follow_one_another_are_referred_to_at_once():
    both = f"{HARBOUR}\n\n{LIGHT}"
    found = once({"previous_output_draft": both, "feedback": f"Wrong:\n\n{both}\n\nSay less."})
    assert found["feedback"] == (
        'Wrong:\n\n[as in "previous output draft" above: the 2 paragraphs from "The harbour was built before anybody …" on]'
        "\n\nSay less."
    )


def test_a_text_that_is_there_already_as_a_whole_is_named():
    assert once({"a": HARBOUR, "b": HARBOUR})["b"] == '[the same as "a" above]'


def test_a_block_of_code_is_one_passage():
    found = once({"a": f"See:\n{CODE}\nDone.", "b": f"Mine:\n{CODE}\nToo."})
    assert re.fullmatch(r'Mine:\n\[as in "a" above: "```python def f.* …"\]\nToo\.', found["b"])


@pytest.mark.parametrize("passage", ["x" * (LEAST_PASSAGE - 1), "Yes.", ""])
def test_short_passages_are_sent_again(passage):
    texts = {"a": f"One.\n\n{passage}", "b": f"Two.\n\n{passage}"}
    assert once(texts) == texts


def test_a_text_that_repeats_itself_is_left_alone():
    texts = {"a": f"{HARBOUR}\n\n{HARBOUR}", "b": "Other."}
    assert once(texts) == texts


def test_one_word_makes_another_passage():
    texts = {"a": HARBOUR, "b": HARBOUR.replace("moved", "seen")}
    assert once(texts) == texts


QUOTE = HARBOUR + LIGHT


def test_what_is_quoted_twice_is_sent_once_and_pointed_at():
    system, prompt = quoted_once([f"Keep to this.\n{QUOTE}", f"Write.\n{QUOTE}\nBriefly."], [QUOTE])
    assert system == f"Keep to this.\n{QUOTE}"
    assert prompt == 'Write.\n[the text above that begins "The harbour was built before anybody …"]\nBriefly.'


def test_a_quote_inside_another_quote_stays_so_that_no_text_has_a_hole():
    draft = f"Title\n{QUOTE}\nThe end."
    texts = [f"Source:\n{QUOTE}", f"Edit:\n{draft}"]
    assert quoted_once(texts, [QUOTE, draft]) == texts


def test_short_quotes_are_sent_again():
    short = "x" * (LEAST_QUOTE - 1)
    assert quoted_once([short, short], [short]) == [short, short]


def test_the_slimmer_that_does_nothing_does_nothing():
    assert UNSLIMMED.tidy("a \n\n\n\nb", ()) == "a \n\n\n\nb"
    assert UNSLIMMED.once({"a": HARBOUR, "b": HARBOUR}) == {"a": HARBOUR, "b": HARBOUR}
    assert UNSLIMMED.quoted_once([QUOTE, QUOTE], [QUOTE]) == [QUOTE, QUOTE]
