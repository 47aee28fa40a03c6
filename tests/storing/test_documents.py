"""Documents: positions, refusals, and what a person is told."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tasks.storing.documents import LARGEST_BYTES, joined, load_document, validate
from tasks.storing.errors import UserError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ask(Strict):
    kind: Literal["ask"] = "ask"
    prompt: str
    temperature: float | None = None


class Vote(Strict):
    kind: Literal["vote"] = "vote"
    members: list[Ask]


class Deep(Strict):
    model: str | list[str] | Ask


class Book(Strict):
    name: str
    about: str = ""
    combine: Literal["vote", "merge"] = "vote"
    steps: list[Ask] = []
    roles: dict[str, Ask] = {}
    make: Annotated[Ask | Vote, Field(discriminator="kind")] | None = None
    deep: Deep | None = None


def complaint(text: str) -> str:
    with pytest.raises(UserError) as caught:
        validate(Book, load_document(text, name="book.yaml"))
    return str(caught.value)


def test_values_are_plain_and_know_their_lines(tmp_path):
    path = tmp_path / "book.yaml"
    path.write_text(
        "name: x\nsteps:\n  - prompt: |\n      a\n      b\n  -\n    prompt: c\n    temperature: 0.5\n"
    )
    document = load_document(path)
    assert document.value == {
        "name": "x",
        "steps": [{"prompt": "a\nb\n"}, {"prompt": "c", "temperature": 0.5}],
    }
    assert document.path == str(path)
    assert document.line_of(()) == 1
    assert document.line_of(("steps",)) == 2
    assert document.line_of(("steps", 0, "prompt")) == 3
    assert document.line_of(("steps", 1, "temperature")) == 8
    assert document.where(("steps", 1, "Ask", "temperature", "float")) == f"{path}:8"


def test_a_missing_key_is_placed_at_the_mapping_that_lacks_it():
    assert load_document("a: 1\nb:\n  c: 2\n").line_of(("b", "missing")) == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("off", "off"),
        ("no", "no"),
        ("7d", "7d"),
        ("2026-01-31", "2026-01-31"),
        ("'1'", "1"),
        ("1", 1),
        ("0x10", 16),
        ("0o17", 15),
        ("-1.5e3", -1500.0),
        (".5", 0.5),
        ("true", True),
        ("~", None),
        ("", None),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_scalars_follow_yaml_1_2_and_lose_nothing(text, value):
    got = load_document(f"a: {text}").value["a"]
    assert (got, type(got)) == (value, type(value))


def test_keys_are_always_text():
    assert load_document("1: a\ntrue: b\nnull: c").value == {"1": "a", "true": "b", "null": "c"}


def test_anchors_and_merges_are_expanded_into_separate_objects():
    value = load_document("a: &x {p: [1]}\nb: *x\nc:\n  <<: *x\n  q: 2\nd:\n  <<: [*x, {p: 3, r: 4}]\n").value
    assert value == {"a": {"p": [1]}, "b": {"p": [1]}, "c": {"p": [1], "q": 2}, "d": {"p": [1], "r": 4}}
    value["b"]["p"].append(9)
    assert value["a"] == {"p": [1]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "book.yaml:3: the key 'a' is given twice; it is already in line 1"),
        ("a:\n  b: !!python/object:os.system x", "book.yaml:2: the tag"),
        ("a: !include x", "book.yaml:1: the tag '!include' is not allowed"),
        ("a: &x [*x]", "book.yaml:1: the alias *x has no anchor before it"),
        ("b: *y", "book.yaml:1: the alias *y has no anchor before it"),
        ("a: 1\n---\nb: 1", "book.yaml:2: a second document starts here"),
        ("a:\n\tb: 1", "book.yaml:2: not valid YAML"),
        ("a: [1\nb: 2", "book.yaml:2: not valid YAML"),
        ("a: 1\nb: \x01", "book.yaml:2: a control character"),
        (
            "prompt: {{ draft }}",
            "book.yaml:1: a key must be plain text; put quotes around a text that starts with {{",
        ),
        ("[" * 5000, "book.yaml:1: nested deeper than 60 levels"),
        ("a: {<<: 1}", "book.yaml:1: '<<' merges mappings only"),
        ("a: 'x", "book.yaml:1: not valid YAML"),
    ],
)
def test_what_is_refused_is_said_with_its_line(text, said):
    assert complaint(text).startswith(said)


def test_aliases_cannot_expand_without_bound():
    bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
    bomb += "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))
    assert "expands to more than 100000 values" in complaint(bomb)


def test_merges_cannot_expand_without_bound():
    bomb = "a0: &a0 {k: [1,1,1,1,1,1,1,1,1,1]}\n"
    bomb += "".join(f"a{n}: &a{n} {{p: *a{n - 1}, q: *a{n - 1}, <<: *a{n - 1}}}\n" for n in range(1, 40))
    assert "expands to more than 100000 values" in complaint(bomb)


def test_a_large_document_is_refused_before_parsing(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (LARGEST_BYTES + 1))
    with pytest.raises(UserError, match="larger than 1048576 bytes"):
        load_document(path)
    with pytest.raises(UserError, match="larger than 1048576 bytes"):
        load_document("#" * (LARGEST_BYTES + 1))


def test_a_missing_file_names_the_one_that_was_meant(tmp_path):
    (tmp_path / "models.yaml").write_text("")
    with pytest.raises(UserError) as caught:
        load_document(tmp_path / "model.yaml")
    assert str(caught.value).endswith("model.yaml: no such file; did you mean 'models.yaml'?")


def test_a_folder_and_bytes_that_are_not_utf8_are_refused(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(UserError, match=r"latin.yaml:2: not UTF-8 at byte 11"):
        load_document(tmp_path / "latin.yaml")
    with pytest.raises(UserError, match="cannot be read"):
        load_document(tmp_path)
    with pytest.raises(UserError, match="not UTF-8"):
        load_document("a: \udcff")


def test_a_byte_order_mark_is_not_part_of_the_first_key():
    assert load_document("\ufeffname: x").value == {"name": "x"}


def test_a_valid_document_becomes_the_model():
    book = validate(Book, load_document("name: x\nmake: {kind: vote, members: [{prompt: p}]}"))
    assert isinstance(book.make, Vote)
    assert book.make.members == [Ask(prompt="p")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nabuot: y", "book.yaml:2: unknown key 'abuot'; did you mean 'about'?"),
        ("about: y", "book.yaml:1: missing key 'name'"),
        ("name: x\nsteps:\n  - prompt: a\n    temprature: 1", "book.yaml:4: unknown key 'temprature' in steps[0]; did you mean 'temperature'?"),
        ("name: x\nroles:\n  a:\n    promt: z\n    prompt: y", "book.yaml:4: unknown key 'promt' in roles.a; did you mean 'prompt'?"),
        ("name: x\ncombine: votes", "book.yaml:2: combine is 'votes', which is not a choice; did you mean 'vote'?"),
        ("name: x\nmake:\n  kind: voet", "book.yaml:2: make: 'voet' is not a choice; did you mean 'vote'?"),
        ("name: x\nmake:\n  prompt: p", "book.yaml:2: missing key 'kind' in make"),
        ("name: x\nmake:\n  kind: vote\n  membres: []\n  members: []", "book.yaml:4: unknown key 'membres' in make; did you mean 'members'?"),
        ("name: x\nsteps:\n  - prompt: [1]", "book.yaml:3: steps[0].prompt: should be a valid string"),
        ("", "book.yaml:1: should be a mapping of keys"),
        ("name: x\nsteps: [3]", "book.yaml:2: steps[0]: should be a mapping of keys"),
    ],
)  # fmt: skip
def test_each_mistake_is_one_line_with_a_hint(text, said):
    assert complaint(text) == said


def test_every_mistake_is_listed_but_not_more_than_ten():
    text = "name: x\n" + "".join(f"odd{n}: 1\n" for n in range(12))
    lines = complaint(text).splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("book.yaml:2: unknown key 'odd0'")
    assert lines[-1] == "and 2 more"


def test_a_union_only_complains_about_the_member_of_the_right_shape():
    assert complaint("name: x\ndeep:\n  model:\n    promt: p") == (
        "book.yaml:3: missing key 'prompt' in deep.model\n"
        "book.yaml:4: unknown key 'promt' in deep.model; did you mean 'prompt'?"
    )


def test_a_union_member_of_the_right_shape_may_only_lack_a_key():
    assert complaint("name: x\ndeep:\n  model: {}") == "book.yaml:3: missing key 'prompt' in deep.model"


def test_a_union_complains_about_every_member_when_no_shape_fits():
    assert complaint("name: x\ndeep: {model: 3}").splitlines() == [
        "book.yaml:2: deep.model: should be a valid string",
        "book.yaml:2: deep.model: should be a valid list",
        "book.yaml:2: deep.model: should be a mapping of keys",
    ]
    assert complaint("name: x\ndeep: {model: [3]}") == "book.yaml:2: deep.model[0]: should be a valid string"


def test_joined_keeps_one_error_whole_and_drops_repeats():
    one = UserError("a", where="f:1", hint="h")
    assert joined([one, UserError("a", where="f:1", hint="h")]).hint == "h"
    assert str(joined([one, UserError("b", where="f:2")])) == "f:1: a; h\nf:2: b"
