"""Whatever a template or its values do, rendering ends soon and stays small. Pure."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.patterns.draft import Draft
from tasks.patterns.template_check import expression_faults, template_faults
from tasks.patterns.template_filters import FILTERS
from tasks.patterns.templates import Bounds, Renderer, RenderFailed

BIG = "a" * 1_000_000
ROWS = list(range(1000))
TWICE = "{% set a = [a, a, a, a, a, a, a, a] %}"
SMALL = Renderer(Bounds(characters=1000, steps=100, seconds=0.2))


@pytest.mark.parametrize(
    "source",
    [
        "{{ big }}" * 5, "{% for r in rows %}{{ big }}{% endfor %}", "{{ big + big + big + big + big }}",
        "{{ [big, big, big, big, big] }}", "{{ big ~ big ~ big ~ big ~ big }}", "{{ big | replace('a', 'aaaaaa') }}",
        "{{ rows | join(big) }}", "{{ '%999999999d' % 1 }}", "{{ 'a' * 999999999 }}", "{{ [0] * 999999999 }}",
        "{{ 9 ** 9 ** 9 }}", "{{ 1000 ** 5 * 1000 ** 5 * 1000 }}", "{{ 1 | round(-999999999) }}",
        "{{ 1 | round(999999999, 'ceil') }}", "{{ [[1], [2]] | sum(start=[]) }}", "{{ ('9' * 5000) | int + 1 }}",
        "{% set x %}{% for r in rows %}{{ big }}{{ r }}{% endfor %}{% endset %}{{ x | length }}",
        "{% set x %}{% for r in rows %}{{ big ~ r }}{% endfor %}{% endset %}",
        "{% filter upper %}{% for r in rows %}{{ big }}{% endfor %}{% endfilter %}",
        "{% set a = [1] %}" + TWICE * 12 + "{{ a }}", "{% set a = [big] %}" + TWICE * 4 + "{{ a | tojson }}",
        "{% set a = [1] %}" + TWICE * 12 + "{{ a | join }}",
    ],
)  # fmt: skip
def test_a_text_that_grows_too_long_is_an_error_soon(source):
    began = time.process_time()
    with pytest.raises(RenderFailed):
        Renderer().render(source, {"big": BIG, "rows": ROWS})
    assert time.process_time() - began < 2


def test_a_text_may_be_as_long_as_the_bound_and_no_longer():
    assert len(SMALL.render("{{ a }}", {"a": "x" * 1000})) == 1000
    with pytest.raises(RenderFailed, match="too long"):
        SMALL.render("{{ a }}", {"a": "x" * 1001})


def test_literal_text_of_a_loop_counts_too():
    with pytest.raises(RenderFailed, match="too long"):
        SMALL.render("{% for r in rows %}" + "x" * 50 + "{% endfor %}", {"rows": ROWS[:50]})


def test_what_is_printed_and_never_shown_counts_too():
    blocks = "{% for r in rows %}{% set x %}{{ a }}{% endset %}{% endfor %}"
    SMALL.render(blocks, {"rows": ROWS[:8], "a": "x" * 500})
    with pytest.raises(RenderFailed, match="too long"):
        SMALL.render(blocks, {"rows": ROWS[:9], "a": "x" * 500})


def test_literal_text_that_is_never_shown_counts_too():
    with pytest.raises(RenderFailed, match="too long"):
        Renderer().render(
            "{% set x %}{% for r in rows %}" + "x" * 5000 + "{% endfor %}{% endset %}", {"rows": ROWS}
        )


def test_the_turns_of_all_loops_are_bounded_together():
    nested = "{% for r in rows %}{% for r in rows %}{% endfor %}{% endfor %}"
    SMALL.render(nested, {"rows": ROWS[:9]})
    with pytest.raises(RenderFailed, match="takes too long"):
        SMALL.render(nested, {"rows": ROWS[:10]})


def test_turns_that_a_loops_condition_leaves_out_count_too():
    with pytest.raises(RenderFailed, match="takes too long"):
        SMALL.render("{% for r in rows if r < 0 %}{% endfor %}", {"rows": ROWS})


def test_slow_turns_end_when_the_time_is_over():
    patient = Renderer(Bounds(seconds=0.05))
    began = time.monotonic()
    with pytest.raises(RenderFailed, match="takes too long"):
        patient.render(
            "{% for r in rows %}{% set x = big | upper | lower %}{% endfor %}", {"rows": ROWS, "big": BIG}
        )
    assert time.monotonic() - began < 1


def test_every_rendering_has_the_whole_bound_for_itself():
    for _ in range(5):
        assert len(SMALL.render("{% for r in rows %}{{ r }}{% endfor %}", {"rows": [1] * 90})) == 90


@pytest.mark.parametrize("unit", ["<b>a</b>", "<!-- a -->", "<", "<!--", "a>", "&lt;"])
def test_taking_out_tags_takes_time_in_proportion_to_the_text(unit):
    began = time.process_time()
    Renderer().render("{{ a | striptags | length }}", {"a": unit * (2_000_000 // len(unit))})
    assert time.process_time() - began < 2


EXPRESSIONS = st.recursive(
    st.sampled_from(
        ["outline", "request", "request.topic", "request.tags", "members", "outline.data", "missing", "1", "0", "-2",
         "1.5", "'a'", "''", "none", "true", "[1, 'b']", "{'a': 1}", "(1,)", "round", "loop"]
    ),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "<", "==", "in", "and", "or"]), inner),
        st.builds("({} | {})".format, inner, st.sampled_from(sorted(FILTERS))),
        st.builds("({} | {}({}))".format, inner, st.sampled_from(sorted(FILTERS)), inner),
        st.builds("{}.{}".format, inner, st.sampled_from(["content", "data", "a", "__class__", "items", "index"])),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[{}:{}]".format, inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("({} is {})".format, inner, st.sampled_from(["defined", "none", "string", "mapping", "even"])),
    ),
    max_leaves=8,
)  # fmt: skip
VALUES = {
    "request": {"topic": "tides", "tags": ["a", "b"]},
    "outline": Draft("text", data={"a": [1]}, score=0.5),
    "members": [Draft("one"), Draft("")],
    "round": 1,
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS)
def test_any_expression_gives_a_text_without_an_objects_repr_or_fails_that_row_only(expression):
    try:
        text = Renderer().render(
            f"{{{{ {expression} }}}}{{% for x in {expression} %}}{{{{ x }}}}{{% endfor %}}", VALUES
        )
    except RenderFailed:
        return
    assert "Draft(" not in text
    assert " at 0x" not in text
    assert "<" not in text


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_the_recipe_check_knows_the_filters_that_rendering_has(name):
    assert template_faults(f"{{{{ outline | {name} }}}}", {"outline"}, {}) == []


@pytest.mark.parametrize("name", ["attr", "map", "format", "pprint", "_counted"])
def test_the_recipe_check_refuses_the_filters_that_rendering_does_not_have(name):
    (fault,) = template_faults(f"{{{{ outline | {name} }}}}", {"outline"}, {})
    assert fault.what == f"there is no filter {name!r}"


def test_the_recipe_check_refuses_a_test_that_does_not_exist():
    (fault,) = expression_faults("outline is defind", {"outline"}, {})
    assert (fault.what, fault.hint) == ("there is no test 'defind'", "did you mean 'defined'?")
