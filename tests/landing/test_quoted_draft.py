"""A model's Markdown inside ours: quoted line by line, with nothing in it that loads or breaks out."""

from __future__ import annotations

import pytest

from tasks.landing.quoted_draft import CUT, LONGEST, quoted


def test_every_line_is_inside_the_quote_whatever_is_left_open():
    text = quoted("# Title\n\n```python\nprint(1)\n\nnever closed")
    assert text == "> # Title\n>\n> ```python\n> print(1)\n>\n> never closed"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("![alt](https://example.org/x.png)", "> &#33;[alt](https://example.org/x.png)"),
        ("![alt][ref]", "> &#33;[alt][ref]"),
        ("[ref]: https://example.org/x.png", "> &#91;ref]: https://example.org/x.png"),
        ("> [ref]: https://example.org/x.png", "> > &#91;ref]: https://example.org/x.png"),
        ("<img src=x> a < b", "> &lt;img src=x> a < b"),
        ("<!-- hidden -->", "> &lt;!-- hidden -->"),
        ("use `List<String>` and <b>", "> use `List<String>` and &lt;b>"),
        ("``a ` <b>`` <i>", "> ``a ` <b>`` &lt;i>"),
        ("[a link](https://example.org)", "> [a link](https://example.org)"),
        ("nul\x00 and \u202e", "> nul  and"),
    ],
)
def test_what_would_load_or_become_a_tag_does_not(line: str, shown: str):
    assert quoted(line) == shown


def test_code_stays_as_it_is_but_for_images_from_elsewhere():
    code = (
        "```rust\n#![allow(dead_code)]\nlet v = vec![1, 2]; // <T>\n![x](https://example.org/x.png)\n```\n<b>"
    )
    lines = quoted(code).splitlines()
    assert lines[1:3] == ["> #![allow(dead_code)]", "> let v = vec![1, 2]; // <T>"]
    assert lines[3] == "> &#33;[x](https://example.org/x.png)"
    assert lines[5] == "> &lt;b>"


def test_a_fence_is_closed_by_its_own_kind_alone():
    lines = quoted("````\n```\n~~~\n<a>\n`````\n<b>").splitlines()
    assert lines[3] == "> <a>"
    assert lines[5] == "> &lt;b>"


def test_a_long_draft_is_cut_with_a_word_on_where_the_rest_is():
    text = quoted("word " * LONGEST)
    assert len(text) < LONGEST + 200
    assert text.endswith(CUT)
