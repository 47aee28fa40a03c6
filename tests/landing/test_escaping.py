"""Foreign text made harmless: it is shown as it is, and is nothing but text."""

from __future__ import annotations

import html
import re

import pytest

from tasks.landing.escaping import markdown, mermaid, page
from tasks.landing.wording import one_line

NASTY = [
    'a "quoted" word',
    "`code` and ```fence```",
    "a | b | c",
    "<b>bold</b> <script>alert(1)</script>",
    "&amp; &#35; #35; #quot;",
    "[link](https://example.org) ![image](https://example.org/x.png)",
    "**strong** __strong__ ~~gone~~ _it_",
    "%%{init: {}}%% %% comment",
    "a --> b; click n1 call()",
    "end",
    "\\n \\| $x$",
    "日本語 ñ 🎉",
]


def entities_read(text: str) -> str:
    """What a browser makes of Mermaid's entities, which are HTML's with `#` in the place of `&#`."""
    return html.unescape(re.sub(r"#(\d+);", r"&#\1;", text))


@pytest.mark.parametrize("text", NASTY)
def test_a_text_reads_as_it_was_in_every_form(text: str):
    assert html.unescape(markdown(text)) == text
    assert entities_read(mermaid(text)) == text
    assert html.unescape(page(text)) == text


@pytest.mark.parametrize("text", NASTY)
def test_nothing_that_means_something_is_left(text: str):
    assert not re.search(r"[\\`*\[\]<>|~]|&(?!#\d+;)|\b_|_\b", markdown(text))
    assert not re.search(r"[\"`<>\[\]{}|&%\\]|#(?!\d+;)|--", mermaid(text))
    assert not re.search(r"[<>\"]", page(text))


def test_lines_become_one_and_what_cannot_be_shown_is_left_out():
    assert markdown("a\n\n| b\r\n\x00c\x1b[31m\u202ed") == "a &#124; b c &#91;31m d"
    assert mermaid("a\nb\tc") == "a b c"
    assert "\x00" not in page("a\x00b")


def test_a_long_text_is_cut():
    assert one_line("word " * 100, 12) == "word word w…"
    assert one_line("x" * 12, 12) == "x" * 12
    assert one_line(" " * 1000 + "late", 12).endswith("…"), (
        "what was not looked at is not passed over in silence"
    )


def test_a_word_with_underscores_stays_readable():
    assert markdown("store/run_date=2026/model_metrics") == "store/run_date=2026/model_metrics"
