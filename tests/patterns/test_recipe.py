from __future__ import annotations

import pytest
from pydantic import ValidationError

from tasks.patterns.model_choice import Cascade, Need
from tasks.patterns.recipe import Recipe, load_recipe, models_named
from tasks.patterns.steps import PATTERNS, Ensemble, Refine, Repeat, Route, Shape, Team
from tasks.storing.columns import Column

TECHNICAL_BLOG = """
recipe: technical-blog
version: 1
about: Research, write, review and polish a technical post
request:                                  # declared columns; a default makes one optional
  topic: {type: str}
  audience: {type: str, default: engineers}
budget: {usd_per_request: 0.25, on_budget: [skip_refinement, fewer_members, cheaper_model, defer]}
quality: {target: 0.9, judge: mistral, criteria: [accuracy, relevance, completeness, tone]}
cache: {ttl: 7d}
make:
  pipeline:
    - name: outline
      ask: {model: gpt-4, prompt: "Research {{ request.topic }} for {{ request.audience }}; outline with key points."}
    - name: draft
      ask: {model: claude, max_tokens: 4000, prompt: "Write the post following this outline:\\n{{ outline }}"}
      checks: [{min_words: 300}, {mentions: ["{{ request.topic }}"]}]
    - name: review
      ask: {model: gpt-4, prompt: "Review for technical accuracy, suggest corrections:\\n{{ draft }}"}
    - name: polish
      ask: {model: mistral, prompt: "Apply the review, keep the facts:\\n{{ draft }}\\n---\\n{{ review }}"}
  result: {content: "{{ polish }}", data: {outline: "{{ outline }}"}}
"""

EVERY_PATTERN = """
recipe: everything
request:
  topic: {}
  kind: {type: str, default: null}
request_type: kind
budget: {usd_per_request: 1}
quality: {target: 0.8, judge: {for: judging}, criteria: [accuracy]}
cache: {ttl: off}
variants: per_request
baseline: {model: gpt-4, share: 0.05}
explore: 0.1
max_failed: 0.2
max_estimate_usd: 50
make:
  pipeline:
    - name: facts
      ask:
        model: [gpt-4, claude]
        prompt: "Facts on {{ request.topic }}"
        system: "You are careful."
        temperature: 0.2
        format: {schema: {type: object, required: [facts], properties: {note: {const: null}}}}
        samples: 3
      cache: off
    - name: angle
      when: request.kind == "blog" and facts.score is not none
      optional: true
      role: editor
      expects: one sentence
      ask: {model: {cascade: [mistral, claude]}, prompt: "{{ facts.data.facts | join(', ') }}", format: json}
    - name: several
      ensemble:
        members:
          - {name: a, ask: {model: m1, prompt: x}}
          - {name: b, ask: {model: {for: analysis, quality: 0.85, complexity: 0.5, usd_per_call: 0.01, with: facts}, prompt: x}}
        combine: [vote, merge, consensus]
        quorum: 1
        by: judge
        max_rounds: 2
        merger: m2
        judge: m3
      result: {data: {count: "{{ members | length }}", first: "{{ a }}"}}
    - name: specialist
      route:
        rules: [{if: "'code' in request.topic", to: code}]
        to:
          code: {ask: {model: m4, prompt: "{{ several }}"}}
        general:
          refine:
            start: {ask: {model: m5, prompt: x}}
            stages:
              - {name: tighten, ask: {model: m5, prompt: "{{ draft }} {{ score }} {{ feedback }}"}}
            judge: m6
            target: 0.95
    - name: again
      repeat:
        body: {ask: {model: m5, prompt: "{{ specialist }} {{ feedback }} {{ round }}"}}
        threshold: 0.9
        max_iterations: 5
    - name: crew
      team:
        coordinator: m7
        specialists: {writer: m8, fact checker: [m9, m10]}
        reviewer: m11
        feedback: {quality_threshold: 0.9, max_iterations: 2, auto_improvement: false}
        general: {ask: {model: m5, prompt: "{{ again }}"}}
"""


def one_step(pattern: str) -> Recipe:
    return load_recipe(f"recipe: r\nquality: {{judge: j}}\nmake:\n  {pattern}\n")


@pytest.fixture(scope="module")
def everything():
    return load_recipe(EVERY_PATTERN)


def test_the_example_of_the_design_means_what_it_says():
    recipe = load_recipe(TECHNICAL_BLOG)
    assert recipe.columns == {"topic": Column(), "audience": Column(default="engineers")}
    assert recipe.columns["topic"].required
    assert not recipe.columns["audience"].required
    assert [step.name for step in recipe.make.pipeline] == ["outline", "draft", "review", "polish"]
    assert recipe.make.pipeline[1].ask.max_tokens == 4000
    assert recipe.make.pipeline[1].checks[0].min_words == 300
    assert recipe.cache.ttl == 7 * 86400
    assert recipe.make.result.data == {"outline": "{{ outline }}"}
    assert models_named(recipe) == {"gpt-4", "claude", "mistral"}


def test_every_pattern_and_every_field_validates(everything):
    kinds = {step.kind for step in everything.make.pipeline} | {everything.make.kind}
    kinds.add(everything.make.pipeline[3].route.general.kind)
    assert kinds == set(PATTERNS)
    facts, angle, several, _, _, crew = everything.make.pipeline
    assert facts.ask.model == ("gpt-4", "claude")
    assert isinstance(facts.ask.format, Shape)
    assert facts.cache.ttl is None
    assert angle.ask.model == Cascade(cascade=("mistral", "claude"), accept=0.8)
    need = several.ensemble.members[1].ask.model
    assert isinstance(need, Need)
    assert (need.strength, need.partner) == ("analysis", "facts")
    assert crew.team.specialists["fact checker"] == ("m9", "m10")
    assert models_named(everything) == {"gpt-4", "claude", "mistral", *(f"m{n}" for n in range(1, 12))}


def test_what_is_left_out_has_the_documented_default():
    ask = one_step("ask: {model: m, prompt: x}").make.ask
    assert (ask.max_tokens, ask.format, ask.samples) == (2048, "text", 1)
    step = "{ask: {model: m, prompt: x}}"
    named = "{name: a, ask: {model: m, prompt: x}}"
    ensemble = one_step(f"ensemble: {{members: [{named}]}}").make.pattern
    assert isinstance(ensemble, Ensemble)
    assert (ensemble.combine, ensemble.quorum, ensemble.by, ensemble.max_rounds) == (("vote",), None, None, 1)
    route = one_step(f"route: {{classifier: m, to: {{a: {step}}}, general: {step}}}").make.pattern
    assert isinstance(route, Route)
    assert (route.by, route.threshold) == ("model", 0.8)
    refine = one_step(f"refine: {{start: {step}, stages: [{named}]}}").make.pattern
    assert isinstance(refine, Refine)
    repeat = one_step(f"repeat: {{body: {step}}}").make.pattern
    assert isinstance(repeat, Repeat)
    assert repeat.max_iterations == 3
    team = one_step("team: {coordinator: m, specialists: {w: m}}").make.pattern
    assert isinstance(team, Team)
    feedback = team.feedback
    assert (feedback.quality_threshold, feedback.max_iterations, feedback.auto_improvement) == (0.95, 3, True)
    recipe = one_step("ask: {model: m, prompt: x}")
    assert (recipe.max_failed, recipe.explore, recipe.variants) == (0.1, 0, "same")
    assert recipe.cache.ttl == 7 * 86400


@pytest.mark.parametrize(
    ("ttl", "seconds"), [("90s", 90), ("30m", 1800), ("12h", 43200), ("7d", 604800), ("off", None)]
)
def test_a_time_to_live_is_seconds_or_never(ttl, seconds):
    assert (
        load_recipe(f"recipe: r\ncache: {{ttl: {ttl}}}\nmake: {{ask: {{model: m, prompt: x}}}}").cache.ttl
        == seconds
    )


@pytest.mark.parametrize("text", [TECHNICAL_BLOG, EVERY_PATTERN])
def test_a_frozen_recipe_is_the_same_recipe(text):
    recipe = load_recipe(text)
    frozen = recipe.canonical()
    assert Recipe.from_frozen(frozen) == recipe
    assert Recipe.from_frozen(frozen).canonical() == frozen


def test_the_frozen_form_depends_on_the_meaning_not_on_the_spelling(everything):
    respelled = EVERY_PATTERN.replace("cache: off", "cache: {ttl: off}").replace(
        "quorum: 1\n", "quorum: 1   # enough\n"
    )
    assert load_recipe(respelled).canonical() == everything.canonical()
    assert load_recipe(EVERY_PATTERN.replace("quorum: 1", "quorum: 2")).canonical() != everything.canonical()
    weekly = "recipe: r\ncache: {ttl: 1w}\nmake: {ask: {model: m, prompt: x}}"
    assert load_recipe(weekly).canonical() == load_recipe(weekly.replace("1w", "7d")).canonical()


def test_a_recipe_does_not_change(everything):
    with pytest.raises(ValidationError, match="frozen"):
        everything.explore = 0.5


@pytest.mark.parametrize("ttl", ["1s", "7d", "30d", "52w", "999w", "off"])
def test_a_time_to_live_survives_being_frozen(ttl):
    recipe = load_recipe(f"recipe: r\ncache: {{ttl: {ttl}}}\nmake: {{ask: {{model: m, prompt: x}}}}\n")
    assert Recipe.from_frozen(recipe.canonical()) == recipe
