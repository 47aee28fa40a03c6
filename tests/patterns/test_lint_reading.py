"""What is read from templates and conditions without rendering them. Pure."""

from __future__ import annotations

from time import monotonic

import pytest

from tasks.patterns.lint_reading import constant, named, sampled


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("true", True),
        ("false", False),
        ("not true", False),
        ("1", True),
        ("''", False),
        ("1 > 2", False),
        ("'a' == 'a' and 2 < 3", True),
        ("request.kind == 'x' or true", True),
        ("false and request.kind", False),
        ("request.kind and true", None),
        ("request.kind == 'x'", None),
        ("not (request.kind and false)", True),
        ("draft", None),
        ("1 + 1", None),
        ("'x' | length", None),
        ("((", None),
        ("x }} {{ y", None),
    ],
)
def test_a_condition_is_constant_only_if_no_request_can_change_it(condition, truth):
    assert constant(condition) is truth


def test_nothing_is_calculated_for_it():
    began = monotonic()
    assert constant("9 ** 9 ** 9 ** 9 > 1") is None
    assert constant("'x' * 99999999999 == 'x'") is None
    assert monotonic() - began < 1


def test_names_are_those_a_template_does_not_set_itself():
    assert named("{% for m in members %}{{ m }}{{ request.x }}{% endfor %}{% set y = 1 %}{{ y }}") == {
        "members",
        "request",
    }
    assert named("plain") == frozenset()
    assert named("{{ broken") == frozenset()


@pytest.mark.parametrize(
    ("template", "owners"),
    [
        ("{{ a.data.samples }}", {"a"}),
        ("{{ a.data['samples'] | join }}", {"a"}),
        ("{{ a['data'].samples[1] }}", {"a"}),
        ("{{ a.data | tojson }}", {"a"}),
        ("{{ a.data[request.key] }}", {"a"}),
        ("{{ a.data.title }}", set()),
        ("{{ a.data.title }}{{ a.data.samples }}", {"a"}),
        ("{{ a }} {{ a.score }} {{ samples }}", set()),
        ("{{ a.data.samples", set()),
    ],
)
def test_samples_are_looked_at_by_name_or_with_the_whole_data(template, owners):
    assert sampled(template) == owners
