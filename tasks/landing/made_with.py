"""What a run was made with, kept in its manifest: recipe, models and prices; and what has changed from night to night. No I/O."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import orjson

from tasks.calling.addresses import host_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.calling.catalog import Catalog
    from tasks.landing.plan import Plan

DIGITS: Final = 12
PROVING: Final = frozenset({"judges", "share", "pairs"})  # of `quality`: they change no text


def made_with(plan: Plan, catalog: Catalog) -> dict[str, Any]:
    """{recipe: a hash, work: a hash of it without what only proves, proof: …, models: catalog name → {id, host, price}}.

    Models are all that the run might ask.
    """
    models = {
        name: {
            "id": catalog.models[name].id,
            "host": host_of(catalog.provider_of(name).base_url),
            "price": price,
        }
        for name, price in sorted(plan.prices.items())
        if name in catalog.models
    }
    quality = {name: value for name, value in plan.recipe["quality"].items() if name not in PROVING}
    work = {**plan.recipe, "quality": quality}
    work.pop("baseline", None)
    return {"recipe": _hash(plan.recipe), "work": _hash(work), "proof": _proof(plan.recipe), "models": models}


def _proof(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What the made texts are compared with, and who is to judge them by what."""
    baseline, quality = recipe.get("baseline") or {}, recipe["quality"]
    prompt = baseline.get("prompt")
    judge = quality.get("judge")
    return {
        "baseline": baseline.get("model"),
        "prompt": None if prompt is None else _hash(prompt),
        "judges": quality.get("judges") or ([] if judge is None else [judge]),
        "criteria": quality["criteria"],
    }


def compared_with(manifest: Mapping[str, Any]) -> tuple[Any, Any]:
    """The model and the prompt of the control arm: an uplift over another says nothing of this one."""
    proof = (manifest.get("made_with") or {}).get("proof") or {}
    return proof.get("baseline"), proof.get("prompt")


def compares_alike(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two nights compare the same: the same work, baseline, judges and criteria, by the same models."""
    was, is_now = before.get("made_with") or {}, now.get("made_with") or {}
    if not (was.get("proof") and was["proof"] == is_now.get("proof") and was["work"] == is_now["work"]):
        return False
    return all(
        was["models"][name][what] == is_now["models"][name][what]
        for name in _asked(before, was) & _asked(now, is_now)
        for what in ("id", "host")
    )


def _hash(plain: Any) -> str:
    return sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()[:DIGITS]


def changed_since(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is another between two manifests, in words; of models those that both nights asked.

    Manifests from before these were kept tell of the recipe's version alone.
    """
    found = []
    if before["recipe_version"] != now["recipe_version"]:
        found.append(f"recipe version {before['recipe_version']} → {now['recipe_version']}")
    was, is_now = before.get("made_with"), now.get("made_with")
    if was and is_now:
        whole = "work" if "work" in was and "work" in is_now else "recipe"
        if was[whole] != is_now[whole] and not found:
            found.append("recipe edited")
        found += _changed_proof(before, now)
        for name in sorted(_asked(before, was) & _asked(now, is_now)):
            found += _changed_model(name, was["models"][name], is_now["models"][name])
    releases = [(each.get("versions") or {}).get("nightpress") for each in (before, now)]
    if all(releases) and releases[0] != releases[1]:
        found.append(f"nightpress {releases[0]} → {releases[1]}")
    return found


def _changed_proof(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    (was, former), (model, prompt) = compared_with(before), compared_with(now)
    if was != model:
        found.append(f"baseline {model or 'none'}, was {was or 'none'}")
    elif former != prompt:
        found.append("the baseline's prompt edited")
    judged, judges = ((each.get("judges") or {}).get("names") for each in (before, now))
    if judged and judges and judged != judges:
        found.append(f"judges {', '.join(judges)}, was {', '.join(judged)}")
    return found


def _asked(manifest: Mapping[str, Any], made: Mapping[str, Any]) -> set[str]:
    spend = manifest.get("spend")
    known = set(made["models"])
    return known if spend is None else known & {row["model"] for row in spend}


def _changed_model(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = []
    if was["id"] != now["id"]:
        found.append(f"{name} is {now['id']}, was {was['id']}")
    if was["host"] != now["host"]:
        found.append(f"{name} is asked at {now['host']}, was {was['host']}")
    costs, cost_then = _price(now["price"]), _price(was["price"])
    if costs != cost_then:
        found.append(f"{name} costs {costs} USD per million tokens in/out, was {cost_then}")
    return found


def _price(price: Mapping[str, float | None] | None) -> str:
    if price is None:
        return "unknown"
    return "/".join(
        "?" if each is None else f"{each:g}" for each in (price.get("input"), price.get("output"))
    )
