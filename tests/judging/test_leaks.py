"""Leaked prompts and keys: what counts as one and what does not. Pure."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tasks.judging.leaked_keys import SHAPES, keys_in, told_key, without_keys
from tasks.judging.leaked_prompts import PromptLeaks
from tasks.judging.word_runs import words_of

PROMPT = (
    "You are the voice of {{ request.brand }}. " + " ".join(f"rule{number}" for number in range(30)) + "."
)
KEYS = [
    "sk-proj-Ab12Cd34Ef56Gh78Ij90Kl12",
    "sk-ant-api03-Zx98Yw76Vu54Ts32Rq10Pq",
    "AIzaSyB-9mN8bV7cX6zL5kJ4hG3fD2sA1qW0eR",
    "AKIA2E7QW9RT5YU3IO1P",
    "ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5",
    "glpat-aB3dE5fG7hI9jK1lM3nO",
    "hf_aBcDeFgHiJkLmNoPqRsTuVw1",
    "-----BEGIN RSA PRIVATE KEY-----",
]
NO_KEYS = [
    "sk-xxxxxxxxxxxxxxxxxxxxxxxx", "sk-your-api-key-goes-here-123", "AKIAIOSFODNN7EXAMPLE", "sk-learn_is_a_library",
    "task-force-of-twenty-people-1", "risk-management-and-compliance-2026", "hf_", "pk-the-quick-brown-fox-jumped-over",
]  # fmt: skip


def leak(text: str, request: str = "", prompt: str = PROMPT, wished: str = "") -> tuple[int, str] | None:
    return PromptLeaks([prompt], [wished] if wished else ()).longest(words_of(text), request)


def test_twelve_words_in_a_row_of_a_prompt_are_a_leak_and_eleven_are_none() -> None:
    rules = [f"rule{number}" for number in range(30)]
    assert leak(" ".join(["well", *rules[:11], "and", *rules[11:22]])) is None
    number, begins = leak("I was told: " + ", ".join(rules[3:15])) or (0, "")
    assert (number, begins.split()[0]) == (12, "rule3")


def test_the_longest_run_is_told() -> None:
    rules = [f"rule{number}" for number in range(30)]
    assert (leak(" ".join([*rules[:13], "pause", *rules[8:30]])) or (0,))[0] == 22


def test_words_of_the_request_and_words_that_are_wished_for_are_no_leak() -> None:
    rules = " ".join(f"rule{number}" for number in range(30))
    assert leak(rules, request=f"please explain {rules}") is None
    assert leak(rules, wished=rules) is None


def test_what_a_variable_stands_for_joins_no_words_of_the_prompt() -> None:
    prompt = "one two three four five six {{ request.brand }} seven eight nine ten eleven twelve"
    assert leak("one two three four five six Acme seven eight nine ten eleven twelve", prompt=prompt) is None


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_found_by_its_shape_in_a_text_and_in_a_column(key: str) -> None:
    text = f"Set it to '{key}', then go on."
    assert keys_in(text, ()) == [key]
    assert pc.match_substring_regex(pa.array([text]), SHAPES).to_pylist() == [True]
    assert key not in told_key(key, ())
    assert key not in without_keys(text, [key])


@pytest.mark.parametrize("text", NO_KEYS)
def test_examples_and_words_with_dashes_are_no_keys(text: str) -> None:
    assert keys_in(f"see {text} there", ()) == []


def test_a_key_in_use_is_found_whatever_it_looks_like_unless_it_is_too_short_to_tell() -> None:
    assert keys_in("the word is open sesame, EMPTY", ["open sesame", "EMPTY"]) == ["open sesame"]
    assert told_key("open sesame", ["open sesame"]) == "a key of this run"
