from __future__ import annotations

import pytest

from tasks.patterns.recipe import check_models, load_recipe
from tasks.storing.documents import load_document
from tasks.storing.errors import UserError

SOUND = """\
recipe: r
request: {topic: {}, audience: {default: all}}
request_type: topic
make:
  pipeline:
    - name: outline
      ask: {model: gpt-4, prompt: "{{ request.topic }}"}
    - name: draft
      ask: {model: claude, prompt: "{{ outline }}"}
      checks: [{mentions: ["{{ request.topic }}"]}]
  result: {content: "{{ draft }}"}
"""


def said(text):
    with pytest.raises(UserError) as error:
        load_recipe(text, name="r.yaml")
    return str(error.value)


def test_the_sound_recipe_is_sound():
    assert load_recipe(SOUND).recipe == "r"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: draft", "name: outline", "r.yaml:8: 'outline' is the name of step 1 too"),
        ("name: draft", "name: score", "r.yaml:8: make.pipeline[1].name: 'score' is reserved"),
        (
            "name: draft",
            "name: first draft",
            "r.yaml:8: make.pipeline[1].name: 'first draft' cannot name a step",
        ),
        ("name: draft", "name: class", "r.yaml:8: make.pipeline[1].name: 'class' cannot name a step"),
        ("    - name: draft\n      ask", "    - ask", "r.yaml:8: missing key 'name' in make.pipeline[1]"),
        (
            "  pipeline:",
            "  name: all\n  pipeline:",
            "r.yaml:5: 'make' is a step without a name; leave it out",
        ),
        (
            "{{ outline }}",
            "{{ outlin }}",
            "r.yaml:9: 'outlin' is not an earlier step; did you mean 'outline'?",
        ),
        ("{{ outline }}", "{{ draft }}", "r.yaml:9: 'draft' is not an earlier step"),
        ("{{ outline }}", "{{ topic }}", "r.yaml:9: 'topic' is not an earlier step; write request.topic"),
        ("{{ outline }}", "{{ outline.txt }}", "r.yaml:9: a draft has no field 'txt'"),
        ("{{ outline }}", "{{ outline", "r.yaml:9: not a Jinja template"),
        (
            "{{ outline }}",
            "{{ outline | uper }}",
            "r.yaml:9: there is no filter 'uper'; did you mean 'upper'?",
        ),
        ("{{ outline }}", "{{ outline.format() }}", "r.yaml:9: calls do not work in templates"),
        ("{{ outline }}", "{% include 'x' %}", "r.yaml:9: templates cannot include files"),
        (
            "{{ outline }}",
            "{{ request['audence'] }}",
            "r.yaml:9: no column 'audence' is declared under 'request'; did",
        ),
        (
            'mentions: ["{{ request.topic',
            'mentions: ["{{ request.topc',
            "r.yaml:10: no column 'topc' is declared",
        ),
        ("{{ draft }}", "{{ drft }}", "r.yaml:11: 'drft' is not an earlier step; did you mean 'draft'?"),
        (
            "request_type: topic",
            "request_type: topik",
            "r.yaml:3: no column 'topik' is declared under 'request'; did",
        ),
        (
            "    - name: draft",
            "    - when: '{{ outline }}'\n      name: draft",
            "r.yaml:8: '{{ outline }}' is a template",
        ),
        (
            "    - name: draft",
            "    - when: outline and\n      name: draft",
            "r.yaml:8: 'outline and' is not an expression",
        ),
        ("    - name: draft", "    - when: a b\n      name: draft", "r.yaml:8: 'a b' is not an expression"),
        (
            "    - name: draft",
            "    - when: later\n      name: draft",
            "r.yaml:8: 'later' is not an earlier step",
        ),
        (
            "ask: {model: claude,",
            "aks: {model: claude,",
            "r.yaml:9: unknown key 'aks' in make.pipeline[1]; did you mean 'ask'?",
        ),
        (
            "model: claude",
            "model: {for: x, with: outlin}",
            "r.yaml:9: 'outlin' is not an earlier step; did you",
        ),
        (
            "model: claude",
            "model: {for: x, quality: 2}",
            "r.yaml:9: make.pipeline[1].ask.model.quality: should be less",
        ),
        (
            "model: claude",
            "format: {schema: {type: text}}, model: claude",
            "r.yaml:9: make.pipeline[1].ask.format",
        ),
        (
            "checks: [{",
            "checks: [{min_words: 1, ",
            "a check has exactly one key, this has 2 (min_words, mentions)",
        ),
        (
            "mentions:",
            "mention:",
            "r.yaml:10: unknown key 'mention' in make.pipeline[1].checks[0]; did you mean 'mentions'?",
        ),
        ("recipe: r\n", "recipe: r\ncache: {ttl: weekly}\n", "r.yaml:2: cache.ttl: should be a time like 7d"),
        (
            "recipe: r\n",
            "recipe: r\nbudget: {usd_per_request: 0}\n",
            "r.yaml:2: budget.usd_per_request: should be greater",
        ),
        (
            "recipe: r\n",
            "recipe: r\nbudget: {on_budget: [stop]}\n",
            "r.yaml:2: budget.on_budget[0] is 'stop', which is not a",
        ),
        (
            "recipe: r\n",
            "recipe: r\nbudget: {on_budget: [defer, defer]}\n",
            "r.yaml:2: 'defer' is there twice",
        ),
        ("recipe: r\n", "recipe: r\nquality: {target: 1.5}\n", "r.yaml:2: quality.target: should be less"),
        ("recipe: r\n", "recipe: ../r\n", "r.yaml:1: recipe:"),
        ("topic: {}", "topic: {type: text}", "r.yaml:2: request.topic.type is 'text', which is not a choice"),
        ("topic: {}", "topic: {type: int, default: many}", "r.yaml:2: request.topic.default"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_to_do(old, new, expected):
    assert old in SOUND
    assert expected in said(SOUND.replace(old, new))


def test_a_step_has_exactly_one_pattern_and_the_error_lists_those_found():
    none = said("recipe: r\nmake:\n  role: writer\n")
    assert "exactly one of ask, pipeline, ensemble, route, refine, repeat, team; found none" in none
    two = said(SOUND.replace("  pipeline:", "  ask: {model: m, prompt: x}\n  pipeline:"))
    assert "found ask, pipeline" in two


def test_all_mistakes_are_told_at_once():
    wrong = SOUND.replace("{{ outline }}", "{{ outlin }}").replace(
        "request_type: topic", "request_type: topik"
    )
    assert [line.split(":")[1] for line in said(wrong).splitlines()] == ["3", "9"]


def test_names_reach_into_patterns_but_not_out_of_them_or_across_members():
    inner = """\
recipe: r
make:
  pipeline:
    - name: first
      ask: {model: m, prompt: x}
    - name: several
      ensemble:
        members:
          - {name: a, ask: {model: m, prompt: "{{ first }}"}}
          - {name: b, ask: {model: m, prompt: "PROMPT"}}
      result: {content: "{{ a }}{{ b }}"}
    - name: last
      ask: {model: m, prompt: "LAST"}
"""
    assert load_recipe(inner.replace("PROMPT", "{{ first }}").replace("LAST", "{{ several }}"))
    assert "r.yaml:10: 'a' is not an earlier step" in said(inner.replace("PROMPT", "{{ a }}"))
    assert "r.yaml:13: 'b' is not an earlier step" in said(inner.replace("LAST", "{{ b }}"))


def test_only_loops_hand_on_their_draft():
    step = "{ask: {model: m, prompt: x}}"
    stage = '{name: s, ask: {model: m, prompt: "{{ draft }} {{ feedback }}"}}'
    assert load_recipe(f"recipe: r\nmake: {{refine: {{judge: j, start: {step}, stages: [{stage}]}}}}")
    assert "'draft' is not an earlier step" in said(f"recipe: r\nmake: {{pipeline: [{stage}]}}")


def test_a_route_needs_what_it_routes_by_and_a_step_for_every_type():
    step = "{ask: {model: m, prompt: x}}"
    route = f"recipe: r\nmake:\n  route:\n    to: {{code: {step}}}\n    general: {step}\n"
    assert "'by: rules' needs 'rules'" in said(route)
    assert "'by: model' needs 'classifier'" in said(route + "    by: model\n")
    rules = said(route + "    rules: [{if: 'true', to: kode}]\n")
    assert "r.yaml:6: no step is given for 'kode'; did you mean 'code'?" in rules
    assert "no step is given for 'prose'" in said(route + "    examples: {prose: [a, b]}\n")
    assert "never runs" in said(
        route.replace("to: {code:", "to: {general:") + "    examples: {general: [a]}\n"
    )
    assert "'a b' is not an expression" in said(route + "    rules: [{if: a b, to: code}]\n")


def test_an_unreachable_quorum_is_refused():
    members = "[{name: a, ask: {model: m, prompt: x}}]"
    text = f"recipe: r\nmake: {{ensemble: {{quorum: 2, members: {members}}}}}"
    assert "a quorum of 2 cannot be reached by 1 members" in said(text)


def test_models_that_the_catalog_lacks_are_told_with_line_and_near_miss():
    text = SOUND + "quality: {judge: mistrall}\nbaseline: {model: gpt4, share: 0.1}\n"
    recipe, document = load_recipe(text), load_document(text, name="r.yaml")
    check_models(recipe, ["gpt-4", "claude", "mistrall", "gpt4"], document)
    with pytest.raises(UserError) as error:
        check_models(recipe, ["gpt-4", "claude", "mistral"], document)
    assert str(error.value).splitlines() == [
        "r.yaml:12: model 'mistrall' is not in the catalog; did you mean 'mistral'?",
        "r.yaml:13: model 'gpt4' is not in the catalog; did you mean 'gpt-4'?",
    ]
    with pytest.raises(UserError, match=r"make\.pipeline\.1\.ask\.model: model 'claude'"):
        check_models(load_recipe(SOUND), ["gpt-4"])
