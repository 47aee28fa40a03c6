"""What becomes of a model's answer. Pure."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.judging.json_answers import json_in
from tasks.patterns.draft import NOTHING, Draft, Metadata
from tasks.patterns.draft_reading import draft_from_json, draft_from_text

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
    ("text", "content"),
    [
        ("<think>Let me see.\n</think>\n\n# Title", "# Title"),
        ("<Thinking>a</thinking> <think>b</think>c", "c"),
        ("a <think>b</think>", "a <think>b</think>"),
        ("<think>cut off", "<think>cut off"),
        ("<think>nothing else</think>", "<think>nothing else</think>"),
        ("```markdown\n# A\n\n```python\nx\n```\nend\n```", "# A\n\n```python\nx\n```\nend"),
        ("````md\n```\nx\n```\n````", "```\nx\n```"),
        ("~~~Text\na\n~~~", "a"),
        ("<think>b</think>```markdown\n# A\n```", "# A"),
        ("<answer>\n```markdown\n# A\n```\n</answer>", "# A"),
    ],
)
def test_what_is_around_the_content_comes_off(text, content):
    assert draft_from_text(text) == Draft(content)


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1)\n```",
        "```\nplain\n```",
        "```markdown\nA\n```\nB\n```markdown\nC\n```",
        "```markdown\n# cut off",
        "```markdown\n```",
        "Here it is:\n```markdown\n# A\n```",
        '{"a": 1, "sources": ["x"]}',
        '{"content": ""}',
        '{"content": 3}',
        '```json\n[{"content": "x"}]\n```',
        "<text>a</text> and <text>b</text>",
        "<answer>a</answer><answer>b</answer>",
        "<draft>a</draft><answer>b</answer>",
        "<answer>a</answer><note>b</note>",
        "<answer>a</answer> said the model",
        "<response><status>ok</status></response>",
        "<answer></answer><confidence>1</confidence>",
        "<confidence>1</confidence>",
        "<answer>not closed",
        '<text x="1">Label</text>',
        "<p>Hello</p>",
    ],
)
def test_a_text_that_only_looks_wrapped_stays_as_it_is(text):
    assert draft_from_text(text) == Draft(text)


@pytest.mark.parametrize("fence", ["{}", "```json\n{}\n```", "```\n{}\n```", "<think>so</think>\n{}"])
def test_a_json_object_with_content_is_taken_apart(fence):
    said = {"content": " c ", "confidence": 0.5, "sources": ["s"], "title": "t"}
    draft = draft_from_text(fence.replace("{}", orjson.dumps(said).decode()))
    assert draft == Draft("c", Metadata(0.5, ("s",)), {"title": "t"})
    said["confidence"] = "80%"
    assert draft_from_text(orjson.dumps(said).decode()).metadata.confidence == 0.8


def test_elements_go_to_their_fields_and_thinking_is_dropped():
    text = """
    <Thinking>a < b</Thinking>
    <answer>Use <b>bold</b> & <answer>s.</answer> Done.</answer>
    <confidence> high </confidence>
    <sources><source>one</source><source>two</source></sources>
    <warnings>
    - first
    - none
    </warnings>
    <suggestions>do this
    and that</suggestions>
    """
    assert draft_from_text(text) == Draft(
        "Use <b>bold</b> & <answer>s.</answer> Done.",
        Metadata(0.9, ("one", "two"), ("first",), ("do this", "and that")),
    )
    nested = "<response><content>c</content><confidence>low</confidence></response>"
    assert draft_from_text(nested) == Draft("c", Metadata(0.3))


@pytest.mark.parametrize(
    ("end", "confidence"),
    [
        ("Confidence: 0.8", 0.8),
        ("**Confidence:** 80%", 0.8),
        ("**Confidence**: 8/10", 0.8),
        ("*Confidence score: 0,8*", None),
        ("- Confidence level: Medium.", 0.6),
        ("## Confidence\n\nhigh", 0.9),
        ("---\n\nConfidence: 1", 1.0),
        ("confidence: 0", 0.0),
        ("Confidence: 8", None),
        ("Confidence: 120%", None),
        ("Confidence: very high", None),
        ("Confidence: 0.8, as the sources agree", None),
        ("Confidence 0.8", None),
        ("Confidence: 0.8\n\nMore text.", None),
    ],
)
def test_a_confidence_stated_at_the_end_is_read_and_taken_off(end, confidence):
    content = "Text." if confidence is not None else f"Text.\n\n{end}"
    assert draft_from_text(f"Text.\n\n{end}\n") == Draft(content, Metadata(confidence))


def test_sections_at_the_end_are_read_and_only_sources_stay():
    text = """\
# Title

Text.

## Sources
- [One](https://one.example)
- two,
  continued

## Warnings

1. first
2. second

**Suggestions:**
* third

Confidence: 70%"""
    sources = ("[One](https://one.example)", "two, continued")
    assert draft_from_text(text) == Draft(
        text.partition("\n\n## Warnings")[0], Metadata(0.7, sources, ("first", "second"), ("third",))
    )


@pytest.mark.parametrize("heading", ["Sources:", "**Sources**", "## Sources", "Source:", "References:"])
def test_sources_are_read_and_the_text_stays_as_it_is(heading):
    text = f"Text.  \n\n\n{heading}\n[1] one\n[2] two"
    assert draft_from_text(text) == Draft(text, Metadata(sources=("one", "two")))


def test_lines_with_a_label_are_read_beside_a_confidence_only():
    text = "Text.\n\nWarnings: none\nSuggestions: shorten it"
    assert draft_from_text(text) == Draft(text)
    assert draft_from_text(f"{text}\nConfidence: 0.5") == Draft(
        "Text.", Metadata(0.5, suggestions=("shorten it",))
    )


@pytest.mark.parametrize("heading", ["Warnings:", "**Warnings**", "## Warnings", "### Warnings:"])
def test_warnings_are_taken_off_unless_the_text_has_other_sections_like_that(heading):
    end = f"{heading}\n- hot"
    assert draft_from_text(f"# Mug\n\nText.\n\n{end}") == Draft("# Mug\n\nText.", Metadata(warnings=("hot",)))
    manual = f"# Mug\n\n{heading.replace('Warnings', 'Features')}\n- blue\n\n{end}"
    assert draft_from_text(manual) == Draft(manual)


@pytest.mark.parametrize(
    "text",
    [
        "Confidence: 0.8",
        "Warnings:\n- a\n\nConfidence: 0.8",
        "```yaml\na: 1\nConfidence: 0.8",
        "Text.\n\n```\nConfidence: 0.8\n```",
        "Text.\n\nWarnings\n- a",
        "Text.\n\nWarnings of old: a",
        "Text.\n\n- a\n- b",
        "Text.\n\nSuggestions:\nfirst this, then that.",
    ],
)
def test_an_end_that_may_be_the_text_itself_stays(text):
    assert draft_from_text(text) == Draft(text)


PROSE = st.text(st.sampled_from("abcäß漢 .,;-*#`|>1\n"), max_size=300)


@given(PROSE)
def test_ordinary_prose_comes_back_stripped_and_otherwise_unchanged(text):
    assert draft_from_text(text) == Draft(text.strip())


PIECES = [
    "<", ">", "<think>", "</think>", "<answer>", "</answer>", "<confidence>", "</confidence>", "```", "```markdown", "~~~",
    "\n", "\r", "\n\n", " ", "## Sources", "Warnings:", "Confidence: 0.8", "- a", "1. b", "---", "{", "}", '"content"', ":", "text",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join))
def test_no_text_is_too_odd_and_none_comes_to_nothing(text):
    draft = draft_from_text(text)
    assert bool(draft) == bool(text.strip())
    assert draft.content == draft.content.strip()


@pytest.mark.parametrize(
    "unit",
    ["<", "#", "`", "```\n", "```markdown\n", "- a\n", "\n", "<think>", "</think>", "<answer>", "<answer></answer>",
     "<thinking></thinking>", "{", "[", "Warnings:\n- a\n", "Confidence: 0.8\n", " - x\n", "*", "a", "<answer>a\n"],
)  # fmt: skip
@pytest.mark.parametrize("begin", ["", "<think>", "```markdown\n", "<answer>", "Warnings:\n- "])
def test_a_huge_text_is_read_at_once(begin, unit):
    text = begin + unit * (1_000_000 // len(unit))
    begun = time.process_time()
    draft_from_text(text)
    assert time.process_time() - begun < 1


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


def test_sources_given_as_objects_become_lines():
    sources = [
        {"title": "T", "url": "https://a.example", "id": 3},
        {"text": "two\nlines"},
        {"id": 1},
        7,
        "plain",
    ]
    draft = draft_from_json({"content": "c", "sources": sources})
    assert draft.metadata.sources == ("T - https://a.example", "two lines", "plain")


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
