"""What two answers have in common if they are the same. Pure."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.judging.canonical import canonical, is_short

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ARTICLE = """\
# Choosing a queue

Kafka keeps a log, RabbitMQ keeps a queue, and that decides most of what follows. A log can be read again, from
the start and by whoever comes later; a queue forgets what was taken.

## What to try first

Start with the one your team already runs.
"""


@pytest.mark.parametrize(
    ("same", "answers"),
    [
        (1000, ["1000", "1,000", "1,000.0", "$1,000", "1000.00", "1 000", "1'000", "1\u202f000", "1e3", "+1000"]),
        (42, ["42", "42.", "42%", "**42**", "42 €", "the answer is 42", "Answer: 42.", "**Answer:** 42", "$42$"]),
        (42, ["The final answer is **42**", "\\boxed{42}", "`42`", '"42"', "4.2e1", "Die Antwort ist 42.", "４２"]),
        (-5, ["-5", "−5", "-$5", "$-5", "-5.0"]),
        ("b", ["B", "b", "(B)", "b.", "B)", "[B]", "Answer: B", "The correct answer is (B)", "\\boxed{B}"]),
        ("b", ["B) some text", "(B) some text", "B. some text", "B: some text", "Option B", '"B"', "**B.**"]),
        ("true", ["yes", "Yes.", "YES!", "true", "True", '"true"', "the answer is yes", "Answer: **yes**"]),
        ("false", ["no", "No.", "false", "FALSE", "**No**"]),
        ("paris", ["Paris", "paris.", "**Paris**", "“Paris”", " PARIS \n", "_Paris_", '"Paris"', "Answer: Paris"]),
        ("new york city", ["New  York City", "new york\tcity.", "# New York City", "- New York City"]),
        ("null", ["null", "Null"]),
    ],
)  # fmt: skip
def test_answers_that_say_the_same_have_one_form(same, answers):
    assert {answer: canonical(answer) for answer in answers} == dict.fromkeys(answers, same)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3,500", 3500),
        ("3.500", 3.5),
        ("3,5", 3.5),
        ("3,50", 3.5),
        ("0,500", 0.5),
        ("12,3456", 12.3456),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1.234.567", 1234567),
        ("1,234,567", 1234567),
        ("12,34,567", 1234567),
        ("1 234,5", 1234.5),
    ],
)
def test_a_comma_before_three_digits_parts_thousands_and_any_other_is_decimal(text, number):
    assert canonical(text) == number


@pytest.mark.parametrize(
    "text", ["007", "1,2,3", "2026-01-31", "1/2", "42 km", "3-5", "1.2.3", "10:30", "v2", "10²", "1,23,4"]
)
def test_what_only_looks_like_a_number_is_text(text):
    assert isinstance(canonical(text), str)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10²", "102"),
        ("0.42", "42%"),
        ("true", "1"),
        ("no", "0"),
        ('{"a": true}', '{"a": 1}'),
        ('{"a": "1"}', '{"a": 1}'),
        ("[1, 2]", "[2, 1]"),
        ("B", "C"),
        ("Paris", "Paris, Texas"),
        ("-5", "5"),
        ("e.g. this", "E"),
    ],
)
def test_answers_that_say_something_else_differ(one, other):
    assert canonical(one) != canonical(other)


def test_json_is_compared_by_value():
    answers = [
        '{"city": "Paris", "n": 1, "tags": ["A  b"], "ok": true}',
        '```json\n{"tags": [" a B "], "ok": true, "n": 1.0, "city": "paris"}\n```',
    ]
    expected = {"city": "paris", "n": 1, "tags": ["a b"], "ok": "true"}
    assert [canonical(answer) for answer in answers] == [expected, expected]
    assert canonical("said in prose", {"City": "PARIS"}) == {"City": "paris"}
    assert canonical("whatever", []) == []


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Six times seven.\n\nAnswer: 42", 42),
        ("Let me see.\nNot A, not C.\n**Final answer:** (B)", "b"),
        ("It was the capital of the Franks.\n\nAnswer: Paris.", "paris"),
        ("First, add.\nSo the final answer is **12**.", 12),
        ("We add and find \n$$x$$\nThus \\boxed{12}.", 12),
        ("We add two and two, which is more than three and less than five: so the answer is 4.", 4),
    ],
)
def test_the_answer_at_the_end_of_a_reasoning_counts(text, answer):
    assert is_short(text)
    assert canonical(text) == answer


@pytest.mark.parametrize(
    "text",
    [
        ARTICLE,
        ARTICLE + "\nOne more thing: it depends.",
        ARTICLE + "\nSummary: Kafka",
        ARTICLE + "\nNote: 42",
        ARTICLE + "\nSo is it worth it? The answer is yes.",
        ARTICLE + "\nThe answer is simple: write more tests.",
        ARTICLE + "\nThe best choice is whatever your team already runs well in production.",
        ARTICLE
        + "\nAnswer: "
        + "it depends on what you have and what you want to become later, so look around",
        "one line of rather many words " * 3,
        "x" * 81,
        "two\nlines",
        "これは長い文章です。" * 4,
        "",
        "  \n ",
        orjson.dumps(ARTICLE).decode(),
        "```python\nprint(1)\n```",
    ],
)
def test_prose_has_no_canonical_form(text):
    assert not is_short(text)
    assert canonical(text) is None


@pytest.mark.parametrize(
    "text", ["Paris", "42", "[]", "null", '{"a": [1, 2]}', '```json\n{"a": "x y z"}\n```', "..."]
)
def test_one_line_or_json_is_short(text):
    assert is_short(text)
    assert canonical(text) is not None


@given(PLAIN)
def test_json_means_the_same_whatever_its_spelling(value):
    dense = orjson.dumps(value).decode()
    wide = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    assert canonical(dense) == canonical(f"```json\n{wide}\n```")


@given(st.integers(-(10**12), 10**12))
def test_a_whole_number_is_the_same_in_every_spelling(number):
    spellings = [
        f"{number}",
        f"{number:,}",
        f"{number}.0",
        f"**{number}**",
        f"The answer is {number}.",
        f"{number:,} %",
    ]
    assert {canonical(spelling) for spelling in spellings} == {number}


@given(st.text(max_size=100))
def test_any_text_has_a_form_if_and_only_if_it_is_short(text):
    form = canonical(text)
    assert (form is not None) == is_short(text)
    if isinstance(form, str | int | float):
        assert canonical(f" {text}\n") == form


@pytest.mark.parametrize(
    "text", ["{" * 1_000_000, "\\boxed{" * 150_000, "answer is " * 100_000, " " * 1_000_000 + "x y"]
)
def test_a_huge_text_is_read_at_once(text):
    begun = time.process_time()
    canonical(text)
    assert time.process_time() - begun < 0.5
