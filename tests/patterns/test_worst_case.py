"""What a request may come to, pattern by pattern; that no run takes more is in test_lint_bounds. Pure."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.calling.prices import Price
from tasks.patterns import assess, comparing, merging
from tasks.patterns.lint_asking import JUDGEMENT_TOKENS
from tasks.patterns.lint_calls import LARGEST
from tasks.patterns.lint_shown import TEXT_TOKENS
from tasks.patterns.recipe import Recipe
from tasks.patterns.worst_case import MOST_CALLS, STRUCTURED_TOKENS, WorstCase, too_large, worst_case

DOLLAR = Price(input=1, output=1)
ASK = {"ask": {"model": "m", "prompt": "x"}}
JSON = {"ask": {"model": "m", "prompt": "x", "format": {"schema": {"type": "object"}}}}
MAY_BE_PROSE = {"ask": {"model": "m", "prompt": "x", "format": "json"}}
CHECKED = {**ASK, "checks": [{"min_words": 1}]}
THREE = [{"name": name, **ASK} for name in "abc"]
THREE_JSON = [{"name": name, **JSON} for name in "abc"]


def recipe(make, **top):
    return Recipe.model_validate({"recipe": "r", "quality": {"judge": "j"}, "make": make, **top})


def worst(make, prices=None, **top) -> WorstCase:
    return worst_case(recipe(make, **top), prices or {})


def repeated(body, times):
    return {"repeat": {"body": body, "max_iterations": times}}


@pytest.mark.parametrize(
    ("make", "least", "calls", "sequential"),
    [
        (ASK, 1, 1, 1),
        (JSON, 1, 2, 2),
        (CHECKED, 1, 2, 2),
        ({**JSON, "checks": [{"min_words": 1}]}, 1, 4, 4),
        ({"ask": {**JSON["ask"], "samples": 5}}, 5, 10, 2),
        ({"ask": {"model": ["m", "n"], "prompt": "x"}}, 1, 1, 1),
        # Each model of a cascade answers, and each answer is judged, if need be twice.
        ({"ask": {"model": {"cascade": ["m", "n", "o"]}, "prompt": "x"}}, 2, 9, 9),
        ({**ASK, "when": "request.x"}, 0, 1, 1),
        ({"pipeline": THREE}, 3, 3, 3),
        ({"pipeline": THREE, "checks": [{"min_words": 1}]}, 3, 6, 6),
        ({"pipeline": [THREE[0], {"name": "b", **ASK, "when": "a"}]}, 1, 2, 2),
        # A member each, then a judgement of each, asked for twice.
        ({"ensemble": {"members": THREE}}, 6, 9, 3),
        ({"ensemble": {"members": THREE, "by": "similarity"}}, 3, 3, 1),
        ({"ensemble": {"members": THREE_JSON}}, 3, 6, 2),
        ({"ensemble": {"members": THREE_JSON, "by": "judge"}}, 6, 12, 4),
        ({"ensemble": {"members": [{"name": "a", **MAY_BE_PROSE}] * 2}}, 2, 8, 4),
        ({"ensemble": {"members": [{"name": "a", "ask": {**ASK["ask"], "samples": 4}}]}}, 8, 12, 3),
        # Members and comparison, twice over; then the judges; then the merger.
        ({"ensemble": {"members": THREE, "combine": ["merge", "vote"], "max_rounds": 2}}, 8, 17, 9),
        ({"ensemble": {"members": THREE_JSON, "combine": ["consensus"], "max_rounds": 2}}, 3, 12, 4),
        # A merge that fails falls back on a vote.
        ({"ensemble": {"members": THREE, "combine": "merge"}}, 5, 12, 6),
        ({"ensemble": {"members": THREE[:1], "combine": "merge", "max_rounds": 9}}, 1, 3, 3),
        ({"route": {"rules": [{"if": "1", "to": "x"}], "to": {"x": {"pipeline": THREE}}, "general": ASK}}, 1, 3, 3),
        ({"route": {"classifier": "m", "to": {"x": {"pipeline": THREE}}, "general": JSON}}, 2, 5, 5),
        ({"refine": {"start": ASK, "stages": THREE[:2]}}, 2, 9, 9),
        (repeated(CHECKED, 3), 2, 12, 12),
        ({"team": {"coordinator": "m", "specialists": {"a": "m"}, "feedback": {"max_iterations": 2}}}, 3, 34, 34),
        ({"team": {"coordinator": "m", "specialists": {"a": "m"}, "general": CHECKED}}, 3, 53, 53),
        (repeated({"ensemble": {"members": THREE}}, 2), 7, 22, 10),
    ],
)  # fmt: skip
def test_each_pattern_comes_to_what_its_rules_allow(make, least, calls, sequential):
    found = worst(make)
    assert (found.least, found.calls, found.sequential) == (least, calls, sequential)


def test_a_call_costs_its_prompt_the_request_and_a_full_answer():
    make = {"ask": {"model": "m", "prompt": "x" * 400, "max_tokens": 1000}}
    assert worst(make, {"m": DOLLAR}).usd == pytest.approx((100 + 500 + 1000) / 1e6)


def test_a_second_answer_reads_the_first_one_too():
    once = worst({"ask": {"model": "m", "prompt": "x", "max_tokens": 1000}}, {"m": DOLLAR})
    twice = worst({"ask": {"model": "m", "prompt": "x", "max_tokens": 1000, "format": "json"}}, {"m": DOLLAR})
    assert twice.usd >= 2 * once.usd + 1000 / 1e6


def two_steps(second, **more):
    first = {"name": "a", "ask": {"model": "free", "prompt": "x", "max_tokens": 10_000}, **more}
    return {"pipeline": [{"name": "z", **ASK}, first, {"name": "b", "ask": {"model": "m", "prompt": second}}]}


def test_what_is_quoted_or_told_is_paid_for_and_once_only():
    prices = {"m": Price(input=1, output=0), "free": Price(input=0, output=0), "j": DOLLAR}
    told, quoted = (worst(two_steps(prompt), prices).usd for prompt in ("x", "{{ a }}"))
    both = worst(two_steps("{{ a }}{{ z }}"), prices).usd
    assert told == pytest.approx((500 + 500 + 10_000) / 1e6)
    assert quoted == pytest.approx(told, rel=0.001)
    assert both == pytest.approx(told + 2048 / 1e6, rel=0.001)


def test_a_step_that_may_be_left_out_leaves_the_one_before_it_to_be_told():
    prices = {"m": Price(input=1, output=0), "free": Price(input=0, output=0)}
    make = {
        "pipeline": [
            {"name": "a", "ask": {"model": "free", "prompt": "x", "max_tokens": 10_000}},
            {"name": "z", "when": "request.x", "ask": {"model": "free", "prompt": "x", "max_tokens": 1}},
            {"name": "b", "ask": {"model": "m", "prompt": "x"}},
        ]
    }
    assert worst(make, prices).usd == pytest.approx((500 + 10_000) / 1e6)


def test_a_debate_pays_for_hearing_the_others():
    prices = {"m": Price(input=1, output=0), "j": Price(input=0, output=0)}
    alone, heard = (
        worst({"ensemble": {"members": THREE, "max_rounds": rounds, "by": "judge"}}, prices).usd
        for rounds in (1, 2)
    )
    assert heard >= 2 * alone + 2 * 3 * 2048 / 1e6


def test_usd_is_that_of_the_dearest_model_that_may_serve():
    prices = {"m": DOLLAR, "n": Price(input=10, output=10), "f": Price(input=100, output=100)}
    listed = {"ask": {"model": ["m", "n"], "prompt": "x"}}
    assert worst(listed, prices).usd == pytest.approx(10 * worst(ASK, prices).usd)
    fallen = worst_case(recipe(listed), prices, fallbacks={"n": ("f",), "f": ("m",)})
    assert fallen.usd == pytest.approx(100 * worst(ASK, prices).usd)
    assert fallen.calls == 1
    assert fallen.models == {"m": 1, "n": 1, "f": 1}


def test_a_need_may_take_the_dearest_of_all():
    prices = {"m": DOLLAR, "n": Price(input=10, output=10)}
    needed = {"ask": {"model": {"for": "writing"}, "prompt": "x"}}
    assert worst(needed, prices).usd == pytest.approx(10 * worst(ASK, prices).usd)


def test_usd_is_unknown_where_a_price_is():
    members = {
        "ensemble": {
            "members": [THREE[0], {"name": "z", "ask": {"model": "z", "prompt": "x"}}],
            "by": "majority",
        }
    }
    assert worst(members, {"m": DOLLAR, "z": None}).usd is None
    assert worst(members, {"m": DOLLAR}).usd is None
    assert worst(members, {"m": DOLLAR, "z": DOLLAR}).usd is not None
    assert worst({"ask": {"model": {"for": "writing"}, "prompt": "x"}}).usd is None


def test_who_judges_by_default_is_paid_for():
    make = repeated(ASK, 1)
    free = {"m": Price(input=0, output=0), "cheap": Price(input=0, output=0), "dear": DOLLAR}
    unnamed = Recipe.model_validate({"recipe": "r", "make": make})
    assert worst_case(unnamed, free, ("cheap",)).usd == 0
    assert worst_case(unnamed, free, ("dear",)).usd > 0
    assert worst_case(unnamed, free).usd > 0, "nobody says who, so it may be the dearest"
    assert worst_case(unnamed, free, ("dear",)).models["dear"] == 2


def test_the_recipes_judge_goes_before_the_default_and_the_steps_before_both():
    make = {"refine": {"start": ASK, "stages": THREE[:1]}}
    assert worst_case(recipe(make), {}, ("d",)).models == {"m": 2, "j": 4}
    make["refine"]["judge"] = "own"
    assert worst_case(recipe(make), {}, ("d",)).models == {"m": 2, "own": 4}


def test_the_calls_after_one_another_are_told_in_words():
    loop = repeated({"pipeline": [{"name": "draft", **JSON}, {"name": "polish", **ASK}]}, 3)
    make = {"pipeline": [{"name": "outline", **ASK}, {"name": "looped", **loop}]}
    assert worst(make).chain == "outline → (draft ×2 → polish → judge ×2) ×3"


def test_what_the_patterns_own_calls_may_write_is_not_underrated():
    assert assess.MOST_TOKENS <= JUDGEMENT_TOKENS
    assert comparing.MOST_TOKENS <= STRUCTURED_TOKENS
    assert merging.MOST_TOKENS <= TEXT_TOKENS


def test_a_recipe_of_astronomic_size_is_found_at_once_and_named():
    make = ASK
    for _ in range(20):
        make = repeated(make, 50)
    found = worst(make, {"m": DOLLAR, "j": DOLLAR})
    assert (found.calls, found.sequential, found.least) == (LARGEST, LARGEST, 21)
    assert math.isfinite(found.usd)
    assert too_large(recipe(make)).what == "one request may take a billion calls or more, more than 10,000"


def test_texts_that_quote_all_before_them_stay_within_bounds():
    steps = []
    for number in range(200):
        quoted = "".join(f"{{{{ s{earlier} }}}}" for earlier in range(number))
        steps.append({"name": f"s{number}", **ASK, "result": {"content": f"x{quoted}"}})
    assert math.isfinite(worst({"pipeline": steps}, {"m": DOLLAR}).usd)


def test_the_most_calls_are_allowed_and_one_more_is_not():
    exactly = {"ask": {"model": "m", "prompt": "x", "samples": 100}}
    members = [{"name": f"m{number}", **exactly} for number in range(100)]
    make = {"ensemble": {"members": members, "by": "majority"}}
    assert worst(make).calls == MOST_CALLS
    assert too_large(recipe(make)) is None
    fault = too_large(recipe({"pipeline": [{"name": "all", **make}, {"name": "more", **ASK}]}))
    assert "10,001 calls" in fault.what
    assert "max_iterations" in fault.hint


def test_a_recipe_with_faulty_templates_is_counted_all_the_same():
    assert (
        worst({"ask": {"model": "m", "prompt": "{{ a"}, "when": "((", "checks": [{"bans": ["{% x"]}]}).calls
        == 2
    )


STEPS = st.recursive(
    st.sampled_from([ASK, JSON, CHECKED]),
    lambda inner: st.one_of(
        inner.map(lambda body: repeated(body, 2)),
        inner.map(lambda step: {**step, "when": "request.x"}),
        st.tuples(inner, inner).map(
            lambda two: {"refine": {"start": two[0], "stages": [{**two[1], "name": "s"}]}}
        ),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda steps: {"pipeline": [{**step, "name": f"s{number}"} for number, step in enumerate(steps)]}
        ),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda steps: {"ensemble": {"members": [{**s, "name": f"s{n}"} for n, s in enumerate(steps)]}}
        ),
    ),
    max_leaves=8,
)


@given(STEPS)
def test_the_figures_fit_one_another(make):
    prices = {"m": DOLLAR, "j": DOLLAR}
    found = worst(make, prices)
    assert 0 <= found.least <= found.calls
    assert 1 <= found.sequential <= found.calls
    assert sum(found.models.values()) == found.calls, "one model each, no fallbacks"
    assert worst({"pipeline": [{"name": "a", **make}, {"name": "b", **make}]}, prices).usd >= 2 * found.usd


REFINE = {"refine": {"start": ASK, "stages": [{"name": "polish", **ASK}]}}


@pytest.mark.parametrize(
    ("make", "more"),
    [
        (ASK, 2),
        ({"pipeline": THREE}, 2),
        (JSON, 2 * 2),
        (REFINE, 2 * (1 + 2)),
        (repeated(ASK, 2), 2 * (1 + 2)),
    ],
)
def test_what_a_batch_writes_once_more_counts_with_its_judgement_in_every_round(make, more):
    """A judgement is asked for twice if it cannot be read, as is JSON."""
    batch = {"mentions": ["x"], "then": "refine", "rounds": 2}
    plain, rewriting = worst(make), worst(make, batch=batch)
    assert rewriting.calls == plain.calls + more
    assert rewriting.least == plain.least
    assert worst(make, batch={"mentions": ["x"]}).calls == plain.calls
