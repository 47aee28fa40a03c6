"""What becomes of a model's answer. Pure."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.patterns.draft import NOTHING, Draft, Metadata, draft_from_json, draft_from_text, json_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_nothing_is_empty_and_false_and_states_nothing():
    assert not NOTHING
    assert Draft("", Metadata(None, (), (), ()), {}, None) == NOTHING


def test_a_text_is_the_content_without_the_white_space_around_it():
    assert draft_from_text("\n# Title\n\n text \n") == Draft("# Title\n\n text")


@pytest.mark.parametrize(
    ("stated", "confidence"),
    [(0, 0.0), (1, 1.0), (0.4, 0.4), (True, None), (1.2, None), (-0.1, None), ("0.9", None), (None, None)],
)
def test_confidence_is_a_number_from_0_to_1_or_unknown(stated, confidence):
    draft = draft_from_json({"content": "c", "confidence": stated})
    assert draft.metadata.confidence == confidence
    assert draft.data == {}


@pytest.mark.parametrize(
    ("stated", "kept"), [("one", ("one",)), (["a", 1, "b"], ("a", "b")), (7, ()), (None, ()), ({}, ())]
)
def test_sources_warnings_and_suggestions_are_texts(stated, kept):
    draft = draft_from_json({"content": "c", "sources": stated, "warnings": stated, "suggestions": stated})
    assert draft.metadata == Metadata(None, kept, kept, kept)


def test_an_object_without_content_is_data_with_its_json_as_content():
    draft = draft_from_json({"score": 3, "sources": ["a"]})
    assert draft.data == {"score": 3, "sources": ["a"]}
    assert orjson.loads(draft.content) == {"score": 3, "sources": ["a"]}
    assert draft.metadata == Metadata()


@pytest.mark.parametrize(
    "text",
    ["", "{", "yes {}", "{} yes", "NaN", "```json\n{\n```", "[" * 300 + "]" * 300, "[" * 253 + "]" * 253],
)
def test_what_is_not_json_or_too_deep_to_be_stored_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        json_in(text)


@given(JSON)
def test_any_json_value_comes_through_as_data_and_can_be_stored(value):
    draft = draft_from_json(json_in(orjson.dumps(value).decode()))
    assert orjson.loads(orjson.dumps({"data": draft.data}, default=dict))
    if not isinstance(value, dict):
        assert draft.data == (value if isinstance(value, list) else {"value": value})


@given(JSON, st.sampled_from(["json", "JSON", ""]), st.sampled_from(["", " ", "\n\n"]))
def test_a_fence_makes_no_difference(value, language, around):
    plain = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    assert json_in(f"{around}```{language}\n{plain}\n```{around}") == json_in(plain)


def test_warnings_are_added_and_nothing_else_changes():
    draft = Draft("c", Metadata(0.5, ("s",), ("first",)), {"a": 1}, 0.25)
    assert draft.warned("second") == Draft("c", Metadata(0.5, ("s",), ("first", "second")), {"a": 1}, 0.25)
    assert draft.metadata.warnings == ("first",)
