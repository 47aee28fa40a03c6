from __future__ import annotations

import time

import pytest
from pydantic import ValidationError

from tasks.judging.check_faults import FAULTS, count_words
from tasks.judging.checks import Check, failed_checks
from tasks.judging.languages import language_code, language_of

GERMAN = (
    "Guten Tag, die Rechnung ist noch nicht bezahlt und wir bitten Sie, den Betrag mit der Angabe des Zwecks "
    "auf das Konto zu überweisen, damit es für Sie im Januar keine Mahnung gibt."
)
ENGLISH = (
    "Good morning, the invoice has not been paid and we would like to ask you for the amount with a note of "
    "the order on it, so that there is no reminder for you in January."
)

EASY = (
    "The dog is in the house. It is big and it has a red ball. We like to go to the park with it. "
    "You can come to the park as well. Then we all run and jump, and the dog is glad."
)


def faults(check, text, data=None, **values):
    def render(template):
        for name, value in values.items():
            template = template.replace("{{ " + name + " }}", value)
        return template

    return failed_checks([Check.model_validate(check)], text, render, data)


@pytest.mark.parametrize(
    ("check", "good", "bad", "said"),
    [
        ({"min_words": 3}, "one two three", "one two - ", "has 2 words, needs at least 3"),
        ({"max_words": 2}, "one two", "one two three", "has 3 words, may have at most 2"),
        ({"min_chars": 3}, "abc", "ab", "has 2 characters, needs at least 3"),
        ({"max_chars": 3}, "abc", "abcd", "has 4 characters, may have at most 3"),
        ({"mentions": ["Rust", "Go"]}, "go and\nRUST", "Rust", "does not mention 'Go'"),
        ({"bans": ["cat"]}, "concatenate", "A Cat!", "contains 'cat', which must not occur"),
        ({"bans": ["as an  AI"]}, "as an aide", "As an AI, I", "contains 'as an AI', which must not occur"),
        ({"matches": r"(?m)^## "}, "# a\n## b", "# a", "does not match the pattern (?m)^## "),
        ({"starts_with": "# "}, "\n# Title", "Title", "must start with '#', starts with 'Title'"),
        ({"ends_with": "Regards"}, "...\nRegards\n", "...", "must end with 'Regards'"),
        ({"language": "German"}, GERMAN, ENGLISH, "is in English, must be in German"),
        ({"is_json": False}, "plain", "[1]", "is JSON, must be plain text"),
        ({"links_allowed": False}, "no link", "see https://a.org/x.", "links are not allowed"),
        (
            {"links_allowed": ["a.org"]},
            "https://docs.a.org/x and www.a.org",
            "https://a.org.evil.com/x",
            "only links to a.org are allowed",
        ),
        ({"max_grade": 5}, EASY, ENGLISH, "may be at most 5; use shorter sentences and plainer words"),
        ({"form": "markdown"}, "# T\ntext", "text", "has no heading and no list, must be Markdown"),
        (
            {"form": "plain"},
            "a - b * c, 1. d",
            "a **b**",
            "has the Markdown mark '**b**', must be plain text",
        ),
        (
            {"form": "bullets"},
            "So:\n- a\n  b\n- c",
            "- a\nb",
            "has 1 list items, 1 other lines, must be a list",
        ),
        (
            {"form": "table"},
            "x\n| a | b |\n|:--|---|\n| 1 | 2 |",
            "a | b",
            "has no Markdown table, must have one",
        ),
        ({"form": "code"}, "so:\n```py\nx\n```", "```py\nx", "has no closed code fence, must have a fenced"),
        (
            {"form": "html"},
            "<p>a<br/><b>c</b>",
            "<b>a<i>b</b></i>",
            "has </b> where it ends nothing, must be HTML",
        ),
        (
            {"json_schema": {"type": "object", "required": ["title"]}},
            '{"title": 1}',
            "{}",
            "is JSON of another shape: 'title' is a required property",
        ),
    ],
)
def test_a_check_passes_what_it_asks_for_and_says_what_else_it_found(check, good, bad, said):
    assert faults(check, good) == []
    (fault,) = faults(check, bad)
    assert said in fault


def test_every_kind_of_check_has_its_fault():
    assert set(FAULTS) == set(Check.model_fields)


def test_a_code_fence_around_json_is_named():
    (fault,) = faults({"is_json": True}, '```json\n{"a": 1}\n```')
    assert "it stands in a code fence; answer with the JSON alone" in fault


def test_parsed_data_is_held_against_the_schema_instead_of_the_text():
    schema = {"properties": {"items": {"items": {"pattern": "^x"}}}}
    assert faults({"json_schema": schema}, "prose around it", {"items": ["x1"]}) == []
    (fault,) = faults({"json_schema": schema}, "", {"items": ["x1", "y"]})
    assert fault.endswith("items[1]: does not match '^x'")


def test_several_checks_answer_in_the_recipes_order():
    checks = [Check(max_words=1), Check(min_words=1), Check(min_chars=100)]
    assert failed_checks(checks, "one two", str) == [
        "has 2 words, may have at most 1",
        "has 7 characters, needs at least 100",
    ]


def test_texts_are_templates():
    assert faults({"mentions": ["{{ topic }}"]}, "about Rust", topic="rust") == []
    assert faults({"mentions": ["{{ topic }}"]}, "about Go", topic="Rust") == ["does not mention 'Rust'"]
    assert faults({"language": "{{ language }}"}, ENGLISH, language="de") == [
        "is in English, must be in German"
    ]
    assert faults({"language": "{{ language }}"}, ENGLISH, language="Klingon") == []


def test_words_are_counted_in_scripts_without_spaces():
    assert count_words("今日は良い天気です") == 5
    assert count_words("Rust — and `Go`, twice") == 4


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", ENGLISH),
        ("de", GERMAN),
        (
            "fr",
            "Le colis est arrivé au dépôt et nous vous envoyons le remboursement avec un bon pour la suite.",
        ),
        (
            "es",
            "El cliente pregunta si la garantía cubre la avería y le respondemos que sí, con una cita hoy.",
        ),
        ("it", "Il cliente non ha ricevuto la fattura e chiede se può avere una copia di questo documento."),
        (
            "pt",
            "O cliente não recebeu a mesa e pergunta se pode trocar o tampo ou se devolvemos uma parte do valor.",
        ),
        (
            "pl",
            "Klientka pyta, czy może zwrócić słuchawki, i odpowiadamy, że tak, ale nie później niż w środę.",
        ),
        (
            "nl",
            "De klant heeft het pakket niet ontvangen en wij sturen een nieuwe die zaterdag bij u wordt bezorgd.",
        ),
        ("ja", "お問い合わせありがとうございます。発送は来週の見込みです。"),
        ("uk", "Клієнт питає, чи можна повернути навушники, і ми відповідаємо, що так."),
        (None, "def parse(text: str) -> int: return int(text)"),
        (None, "Rust"),
        (None, ""),
    ],
)
def test_a_language_is_told_or_nothing_is_said(code, text):
    assert language_of(text) == code


def test_languages_are_known_by_code_and_by_their_own_name():
    names = ("de-AT", "Deutsch", " german ", "Klingon")
    assert [language_code(name) for name in names] == ["de", "de", "de", None]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "exactly one key, this has none"),
        ({"min_words": 1, "max_words": 2}, "this has 2 (min_words, max_words)"),
        ({"min_words": None}, "min_words is empty"),
        ({"min_words": -1}, "greater than or equal to 0"),
        ({"mentions": []}, "at least 1 item"),
        ({"matches": "(?=x)"}, "not a regular expression of RE2 syntax"),
        ({"language": "Germna"}, "did you mean 'German'?"),
        ({"form": "prose"}, "'markdown', 'plain', 'bullets', 'table', 'code' or 'html'"),
        ({"max_grade": -1}, "greater than or equal to 0"),
        ({"json_schema": {"type": "objekt"}}, "not a JSON Schema"),
        ({"json_schema": {"$ref": "http://127.0.0.1/x"}}, "nothing is fetched"),
        ({"json_schema": {"pattern": "(?=x)"}}, "not a regular expression"),
        ({"json_schema": {"patternProperties": {"x": {}}}}, "not supported"),
    ],
)
def test_a_check_that_cannot_work_is_refused_with_the_reason(wrong, said):
    with pytest.raises(ValidationError) as error:
        Check.model_validate(wrong)
    assert said in str(error.value)


def test_a_pattern_made_to_hang_does_not():
    begun = time.monotonic()
    assert faults({"matches": "(a+)+$"}, "a" * 50_000 + "!") != []
    assert faults({"json_schema": {"pattern": "(a|a)*b"}}, "", "a" * 50_000) != []
    assert time.monotonic() - begun < 2


def test_a_lone_surrogate_in_a_models_text_breaks_no_check():
    text = "half \ud83d an emoji"
    values = {
        "matches": "half",
        "mentions": ["emoji"],
        "language": "English",
        "min_words": 1,
        "links_allowed": False,
    }
    assert [fault for key, value in values.items() for fault in faults({key: value}, text)] == []


def test_a_check_survives_freezing():
    check = Check.model_validate({"json_schema": {"const": None}})
    assert check.model_dump(mode="json", exclude_none=True) == {"json_schema": {"const": None}}
