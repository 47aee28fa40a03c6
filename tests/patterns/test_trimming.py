"""Trimming to the window: what is least needed first, head and tail kept, and never more than need be. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.calling.catalog import Model
from tasks.calling.messages import Ask, Message
from tasks.calling.route import estimated_tokens, text_tokens
from tasks.patterns.trimming import LEAST_CHARACTERS, fitted, shortened

LONG = " ".join(f"word{number}" for number in range(2000))
TASK = "Say what the reader should do. " * 40


def model(context: int | None, **more) -> Model:
    return Model(provider="p", id="m", context=context, **more)


def build(texts) -> Ask:
    return Ask((Message("user", "\n".join([TASK, *texts.values()])),), max_tokens=100)


WHOLE = estimated_tokens(build({"a": LONG, "b": LONG}))


def test_what_fits_is_left_as_it_is():
    for window in (WHOLE + 100, WHOLE * 9, None):
        assert fitted(build, {"a": LONG, "b": LONG}, model(window)) == (build({"a": LONG, "b": LONG}), ())
    assert fitted(build, {"a": LONG, "b": LONG}, None)[1] == ()


def test_the_first_text_gives_way_first_and_only_as_far_as_it_has_to():
    ask, cut = fitted(build, {"a": LONG, "b": LONG}, model(WHOLE + 100 - 500))
    assert cut == ("a",)
    assert ask.messages[0].content.endswith(LONG)
    assert WHOLE - 600 < estimated_tokens(ask) <= WHOLE - 500


def test_the_next_gives_way_when_the_first_is_not_enough_and_what_may_not_be_touched_never_does():
    texts = {"a": LONG, "short": "Brief.", "b": LONG}
    ask, cut = fitted(build, texts, model(WHOLE // 3))
    assert cut == ("a", "b")
    assert estimated_tokens(ask) + 100 <= WHOLE // 3
    assert ask.messages[0].content.startswith(TASK)
    assert "Brief." in ask.messages[0].content


def test_what_is_too_long_even_then_goes_out_as_it_is():
    texts = {"a": LONG, "b": LONG}
    assert fitted(build, texts, model(300)) == (build(texts), ())


def test_an_answer_takes_no_more_room_than_the_model_can_write():
    large = Ask(build({"a": LONG}).messages, max_tokens=50_000)
    window = model(estimated_tokens(large) + 1000, max_output=1000)
    assert fitted(lambda _: large, {"a": LONG}, window) == (large, ())


def test_head_and_tail_stay_and_it_says_how_many_words_are_missing():
    short = shortened(LONG, 1000)
    head, mark, tail = short.split("\n\n")
    assert head.startswith("word0 word1 ")
    assert tail.endswith(" word1998 word1999")
    assert len(head) > len(tail)
    left_out = 2000 - len(head.split()) - len(tail.split())
    assert mark == f"[… {left_out:,} words left out …]"
    assert all(word in LONG.split() for word in (head + " " + tail).split())


@given(st.text(max_size=4000), st.integers(1, 3000))
def test_a_shortened_text_is_shorter_by_what_was_wished_or_as_short_as_it_may_be(text, tokens):
    short = shortened(text, tokens)
    if short == text:
        return
    assert len(short) < len(text)
    assert len(short) <= LEAST_CHARACTERS + 60 or text_tokens(short) <= text_tokens(text)


@pytest.mark.parametrize("text", ["", "x", "x" * LEAST_CHARACTERS])
def test_short_texts_are_not_shortened(text):
    assert shortened(text, 1000) == text
