"""What a template may see and print. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.patterns.draft import NOTHING, Draft, Metadata
from tasks.patterns.templates import Renderer, RenderFailed

RENDERER = Renderer()
OUTLINE = Draft("Yes, it is.", Metadata(0.5, ("a", "b"), ("w",), ()), {"x": {"y": [1, "<2>"]}}, 0.75)
VALUES = {
    "request": {
        "topic": "tides",
        "n": 3,
        "tags": ["b", "a", "b"],
        "on": True,
        "none": None,
        "deep": {"keys": 1},
    },
    "outline": OUTLINE,
    "skipped": NOTHING,
    "members": [OUTLINE, Draft("No.", score=0.5)],
    "round": 2,
    "score": None,
    "feedback": "",
}


def render(source: str) -> str:
    return RENDERER.render(source, VALUES)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("no variable at all } %}", "no variable at all } %}"),
        ("{{ request.topic }}\n", "tides\n"),
        ("{{ request['topic'] }}", "tides"),
        ("{{ request.deep.keys }}", "1"),
        ("{{ request.n }}|{{ request.on }}|{{ request.none }}|{{ 1.5 }}", "3|true||1.5"),
        ("{{ request.tags }}", '["b","a","b"]'),
        ("{{ request.tags[1] }}{{ request.tags[-1] }}{{ request.tags[:1] }}", 'ab["b"]'),
        ("{{ outline }}|{{ outline.content }}|{{ outline | upper }}", "Yes, it is.|Yes, it is.|YES, IT IS."),
        ("{{ outline.data.x.y[1] }}|{{ outline.data.x }}", '<2>|{"y":[1,"<2>"]}'),
        ("{{ outline.score }}|{{ outline.confidence }}|{{ outline.sources | join('+') }}", "0.75|0.5|a+b"),
        ("{{ outline.warnings }}{{ outline.suggestions }}", '["w"][]'),
        ("{{ 'Yes' in outline }}|{{ outline == 'Yes, it is.' }}|{{ outline[:3] }}", "true|true|Yes"),
        ("{{ outline ~ request.n ~ request.on }}|{{ outline + '!' }}", "Yes, it is.3true|Yes, it is.!"),
        ("{{ outline | length }} {{ outline | wordcount }} {{ outline | replace('Yes', 'No') }}", "11 3 No, it is."),
        ("{{ members | length }}: {{ members | join(' / ') }}", "2: Yes, it is. / No."),
        ("{{ members[1] }}{{ members[1].score }}{{ members | first }}", "No.0.5Yes, it is."),
        ("{% for m in members | sort(attribute='score') %}{{ loop.index }}/{{ loop.length }}{{ m }} {% endfor %}",
         "1/2No. 2/2Yes, it is. "),
        ("{% for m in members if m.score > 0.6 %}{{ m.score }}{% else %}none{% endfor %}", "0.75"),
        ("{% for k, v in request.deep | items %}{{ k }}={{ v }}{% endfor %}", "keys=1"),
        ("{{ request.tags | unique }} {{ request.tags | reverse }}", '["b","a"] ["b","a","b"]'),
        ("{{ members | sum(attribute='score') }} {{ [1, 2] | sum }} {{ 2.345 | round(1) }}", "1.25 3 2.3"),
        ("{{ outline | tojson }} {{ request.deep | tojson }}", '"Yes, it is." {"keys":1}'),
        ("{{ '<b>a</b> &amp; <!-- > -->b <' | striptags }}", "a & b <"),
        ("{{ missing | default('d') }}{{ request.other | default('e') }}", "de"),
        ("{{ skipped }}|{{ skipped.data }}|{{ skipped.score }}|{{ skipped | default('d', true) }}", "|{}||d"),
        ("{% if skipped %}a{% else %}b{% endif %}{% if outline %}c{% endif %}", "bc"),
        ("{% set x %}{{ outline }}?{% endset %}{{ x }}{% set y = 2 %}{{ y + 1 }}{{ 7 % 4 }}{{ 2 ** 3 }}",
         "Yes, it is.?338"),
        ("{% raw %}{{ request.topic }}{% endraw %}{# a remark #}", "{{ request.topic }}"),
    ],
)  # fmt: skip
def test_a_template_prints(source, text):
    assert render(source) == text


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("outline.score > 0.7 and not skipped", True),
        ("request.topic == 'tides' and 'x' not in outline", True),
        ("skipped", False),
        ("skipped.data.x is defined", False),
        ("request.tags | length == 4", False),
        ("score is none and round == 2", True),
    ],
)
def test_a_condition_holds_or_does_not(condition, holds):
    assert RENDERER.holds(condition, VALUES) is holds


@pytest.mark.parametrize(
    "source",
    [
        "{{ missing }}", "{{ request.topik }}", "{{ outline.scores }}", "{{ outline.data.z }}", "{{ outline.data.z.y }}",
        "{% if missing %}{% endif %}", "{% if request.topik == 1 %}{% endif %}", "{% for a in missing %}{% endfor %}",
        "{{ missing ~ 'a' }}", "{{ missing + 'a' }}", "{{ missing * 2 }}", "{{ [missing] }}", "{{ request.tags[9] }}",
    ],
)  # fmt: skip
def test_what_is_not_there_is_an_error_and_never_empty(source):
    with pytest.raises(RenderFailed, match=r"undefined|there is no (field|item)"):
        render(source)


@pytest.mark.parametrize(
    "field",
    [
        "__class__", "__init__", "__dict__", "draft", "metadata", "warned", "upper", "format", "keys", "values", "items",
        "append", "real", "_x", "mro", "__globals__", "cycle", "previtem",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "owner", ["outline", "request", "request.tags", "request.n", "'a'", "members", "loop"]
)
def test_an_attribute_is_a_field_and_nothing_else(owner, field):
    for access in (f"{owner}.{field}", f"{owner}['{field}']"):
        with pytest.raises(RenderFailed, match="there is no field"):
            render(f"{{% for _ in [1] %}}{{{{ {access} }}}}{{% endfor %}}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ self }}", "{% macro m() %}a{% endmacro %}{{ m }}", "{% for a in [1] %}{{ loop }}{% endfor %}",
        "{% for a in [1] %}{{ [loop] }}{% endfor %}", "{{ '%s' % outline }}", "{{ '%r' % (members,) }}",
        "{{ request.tags + members }}", "{{ outline * 2 }}", "{{ -outline }}", "{{ {outline.data: 1} }}",
    ],
)  # fmt: skip
def test_a_python_object_has_no_text(source):
    with pytest.raises(RenderFailed) as failure:
        render(source)
    assert "Draft(" not in str(failure.value)
    assert " at 0x" not in str(failure.value)


@pytest.mark.parametrize(
    "source",
    [
        "{{ range(3) }}", "{{ outline.upper() }}", "{{ ''.join(['a']) }}", "{{ request.get('topic') }}",
        "{{ cycler }}", "{{ namespace() }}", "{{ dict(a=1) }}", "{{ lipsum() }}", "{{ self._TemplateReference__context }}",
        "{% macro m() %}a{% endmacro %}{{ m() }}", "{% for a in [[1]] recursive %}{{ loop(a) }}{% endfor %}",
        "{% include 'a' %}", "{% import 'a' as a %}", "{% extends 'a' %}", "{{ outline | attr('content') }}",
        "{{ outline | format(1) }}", "{{ request | pprint }}", "{{ members | map('upper') | list }}",
        "{{ request.topic | truncate(1) }}", "{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "{{ {1: 2}[:1] }}", "{% if",
    ],
)  # fmt: skip
def test_what_has_no_meaning_in_a_template_fails_that_row_only(source):
    with pytest.raises(RenderFailed, match=r"^cannot fill in "):
        render(source)


CELLS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "{{ request.secret }}", "{% for a in b %}", "{{ ''.__class__.__mro__ }}", "{# x #}", "\0\r\n", "%s %(a)s {0}",
        "</task>", "{{", "}}", "{% endraw %}", "&lt;b&gt;<script>", "__class__", '\\n\\"', "\u202e\U0001f600",
    ]
)  # fmt: skip


@given(CELLS)
def test_whatever_a_cell_says_it_comes_out_verbatim(cell):
    values = {"request": {"topic": cell, "tags": [cell]}, "outline": Draft(cell, data={"x": cell})}
    for source in (
        "{{ request.topic }}", "{{ outline }}", "{{ outline.content }}", "{{ outline.data.x }}", "{{ request.tags[0] }}",
        "{% for a in request.tags %}{{ a }}{% endfor %}", "{% set a = request.topic %}{{ a }}", "{{ '' ~ outline }}",
        "{% set a %}{{ outline }}{% endset %}{{ a }}", "{{ request.tags | join }}", "{{ request.topic + '' }}",
        "{{ request.topic | string }}", "{{ outline | default('d') }}",
    ):  # fmt: skip
        assert RENDERER.render(f"<{source}>", values) == f"<{cell}>"
