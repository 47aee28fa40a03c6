"""What simulated models say: on the topic, in the language, of the length, as good as their skill."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployments.simulator.asked import Asked
from deployments.simulator.composing import compose
from deployments.simulator.config import Profile, SimulatorConfig
from deployments.simulator.quality import qualities_of
from deployments.simulator.reading import length_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Client

CONFIG = SimulatorConfig()
TOPIC = "Why autovacuum falls behind on a 2 TB table, and the four settings to change first"


def written(prompt: str, skill: float = 0.8, model: str = "m", config: SimulatorConfig = CONFIG) -> str:
    asked = Asked("openai", model, (("user", prompt),), None, "text")
    return compose(asked, config, Profile(skill={"default": skill}))


def words(text: str) -> int:
    return sum(any(map(str.isalnum, word)) for word in text.split())


def test_the_same_request_always_gets_the_same_answer(start: Callable[..., Client]) -> None:
    first, second = start(seed=3), start(seed=3)
    assert first.text(TOPIC) == first.text(TOPIC) == second.text(TOPIC, max_tokens=3999)


@pytest.mark.parametrize(
    "other", [{"model": "n"}, {"prompt": TOPIC + "!"}, {"config": SimulatorConfig(seed=1)}]
)
def test_model_prompt_and_seed_change_the_answer(other: dict[str, object]) -> None:
    assert written(TOPIC) != written(**{"prompt": TOPIC, **other})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "prompt",
    [
        f"Research {TOPIC} for engineers; outline with key points.",
        f"Topic: {TOPIC}\n\nWrite a post for engineers.",
        f"Prepare an outline.\n\nKind: blog\nRequest:\n{TOPIC}\n\nWrite down, in this order:\n1. The point.",
        f"Improve this text:\n\n# {TOPIC}\n\nSome text.\n\n(simulated)",
        f"<task>Write it.</task>\n<topic>{TOPIC}</topic>",
    ],
)
def test_an_answer_opens_with_a_heading_and_mentions_the_topic_verbatim(prompt: str) -> None:
    text = written(prompt)
    assert text.startswith("# ")
    assert TOPIC in text


def test_a_topic_in_the_system_prompt_is_found(shared: Client) -> None:
    body = {"model": "m", "max_tokens": 900, "messages": [{"role": "user", "content": "Make it better."}]}
    body["system"] = f"## Previous output draft\n# {TOPIC}\n\nText."
    answer = shared.http.post(f"{shared.simulator.anthropic_url}/v1/messages", json=body).json()
    assert f"# {TOPIC}" in answer["content"][0]["text"]


def test_a_chain_of_models_keeps_the_topic_and_its_phrases(shared: Client) -> None:
    outline = shared.text(f"Research {TOPIC}; outline with key points.")
    draft = shared.text(f"Write the post following this outline:\n{outline}")
    polished = shared.text(f"Apply the review, keep the facts:\n{draft}\n---\nFine.")
    assert TOPIC.split(",", maxsplit=1)[0] in polished
    assert "**four settings**" in outline
    assert "four settings" in polished.split("Covered here")[1]


def test_the_default_length_passes_a_check_of_300_words_in_every_language() -> None:
    for name in ("English", "German", "French", "Spanish", "Italian", "Portuguese", "Dutch", "Polish"):
        text = written(f"Topic: {TOPIC}\nWrite in {name}.")
        assert 340 <= words(text) <= 420, name


@pytest.mark.parametrize(
    ("asks", "low", "high"),
    [
        ("Write about 200 words.", 190, 212),
        ("Write at least 800 words.", 800, 900),
        ("Write 600 to 900 words.", 600, 900),
        ("Use no more than 90 words.", 40, 90),
        ("Schreibe mindestens 500 Wörter.", 500, 580),
        ("It has 120 words, needs at least 420.", 420, 480),
        ("It has 520 words, may have at most 100.", 50, 100),
        ("In at most 8 words.", 3, 8),
    ],
)
def test_a_length_asked_for_is_kept(asks: str, low: int, high: int) -> None:
    assert low <= words(written(f"Topic: {TOPIC}\n{asks}")) <= high


def test_numbers_that_are_no_lengths_are_left_alone() -> None:
    assert length_of("Compare 50 examples with 5,000 labels in 2 TB.") == (None, None)


@pytest.mark.parametrize(
    ("prompt", "fragment"),
    [
        (
            "Schreibe einen Beitrag über die Wärmepumpe im Altbau und die Messungen vor dem Angebot",
            "Behandelt werden",
        ),
        ("Topic: heat pumps\nLanguage of the finished text: German", "Behandelt werden"),
        (
            "Pourquoi vos tests sont lents, et comment les rendre plus rapides dans une équipe",
            "Points abordés",
        ),
        ("Cómo migrar los datos de una tienda para que no se pierda nada en el camino", "Temas tratados"),
        (
            "Come scrivere una fattura che il cliente capisce e che non torna indietro alla prima",
            "Argomenti trattati",
        ),
        ("Como migrar um sistema legado aos poucos em uma empresa que não pode parar", "Temas abordados"),
        ("Hoe je een fiets van het werk op de trein meeneemt en wat dat voor de stad is", "Aan bod komen"),
        (
            "Jak wersjonować API, żeby nie psuć aplikacji, których nikt nie aktualizuje",
            "Omawiane zagadnienia",
        ),
        ("既存プロジェクトに段階的に導入する手順と最初に直すべきエラーの種類", "取り上げる点"),
        ("Übersetze das. Answer in English.", "Covered here"),
    ],
)
def test_an_answer_is_in_the_language_of_the_prompt_or_the_one_it_asks_for(
    prompt: str, fragment: str
) -> None:
    assert fragment in written(prompt)


def test_the_text_ends_with_its_mark_even_when_it_was_cut(shared: Client) -> None:
    assert shared.text(TOPIC).endswith("\n\n(simulated)\n")
    assert shared.text(TOPIC, max_tokens=60).endswith("\n\n(simulated)\n")


def test_what_a_correction_misses_is_mentioned_and_what_it_bans_is_gone() -> None:
    prompt = f"Topic: {TOPIC}\n\nThe answer does not mention 'vacuum freeze age'."
    assert "vacuum freeze age" in written(prompt)
    banned = "Start with"
    plain = [written(f"Topic: {TOPIC} {n}") for n in range(8)]
    corrected = [
        written(f"Topic: {TOPIC} {n}\nIt contains '{banned}', which must not occur.") for n in range(8)
    ]
    assert any(banned in text for text in plain)
    assert not any(banned in text for text in corrected)


def average_quality(skill: float, prompt: str) -> float:
    texts = [written(f"Topic: lakes number {n}\n{prompt}", skill) for n in range(40)]
    return sum(qualities_of(f"{text}\n(simulated)\n")[0] for text in texts) / len(texts)


def test_quality_follows_skill() -> None:
    low, high = average_quality(0.3, "Write a text."), average_quality(0.9, "Write a text.")
    assert abs(low - 0.3) < 0.12
    assert abs(high - 0.9) < 0.08


def test_a_model_that_is_shown_an_earlier_text_does_better() -> None:
    alone = average_quality(0.4, "Write a text.")
    revising = average_quality(0.4, "Improve this:\n# Lakes\nText.\n(simulated)")
    assert revising > alone + 0.1


def test_skill_is_looked_up_by_the_domain_of_the_prompt() -> None:
    profile = Profile(skill={"code": 1.0, "default": 0.0})
    asked = [
        Asked("openai", "m", (("user", text),), None, "text") for text in (CODE, "Topic: lakes and hills")
    ]
    coded, other = (qualities_of(compose(each, CONFIG, profile) + "(simulated)")[0] for each in asked)
    assert coded > 0.9
    assert other < 0.4


def test_a_code_task_gets_a_block_of_code() -> None:
    assert "```python\n" in written(CODE)
    assert "```" not in written("Topic: lakes and hills")


CODE = "Write a Python function that refactors code and finds a bug in SQL code"
