"""The models file: what it accepts, what it refuses, and what of it is frozen."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from tasks.calling.catalog import Catalog, KeyFrom, load_catalog
from tasks.calling.prices import price_of
from tasks.storing.errors import UserError

DESIGNED = """\
providers:
  openai: {api: openai, base_url: https://api.openai.com/v1, api_key: {env: OPENAI_API_KEY}, requests_per_minute: 10000, tokens_per_minute: 2000000, concurrency: 100}
  anthropic: {api: anthropic, base_url: https://api.anthropic.com, api_key: {block: anthropic-key}}
  google: {api: gemini, base_url: https://generativelanguage.googleapis.com, api_key: {env: GEMINI_API_KEY}}
  local:  {api: openai, base_url: http://127.0.0.1:8000/v1, private: true}
models:
  gpt-4:   {provider: openai, id: gpt-4o, family: openai, context: 128000, max_output: 16000, strengths: {analysis: 0.95, code: 0.9}, fallback: [claude], limits: {requests_per_minute: 5000}}
  claude:  {provider: anthropic, id: claude-sonnet-4-5, family: anthropic, strengths: {writing: 0.95, ethics: 0.9}, handoff: xml}
  mistral: {provider: local, id: mistral-small, family: mistral, price: {input: 0, output: 0}, params: {max_tokens_field: max_tokens}}
compatibility: {gpt-4: {claude: 0.95, mistral: 0.85}}
"""

SMALL = """\
providers:
  local: {api: openai, base_url: "http://127.0.0.1:1/v1"}
models:
  gpt-4:
    provider: local
    id: x
"""


def complaint(text: str) -> str:
    with pytest.raises(UserError) as caught:
        load_catalog(text, name="models.yaml")
    return str(caught.value)


def provider(api: str, url: str, extra: str = "") -> str:
    return f"providers:\n  p: {{api: {api}, base_url: '{url}'{extra}}}\nmodels: {{}}\n"


def test_the_designed_example_is_understood():
    catalog = load_catalog(DESIGNED)
    gpt = catalog.model("gpt-4")
    assert (gpt.id, gpt.context, gpt.max_output, gpt.fallback) == ("gpt-4o", 128000, 16000, ("claude",))
    assert gpt.strengths == {"analysis": 0.95, "code": 0.9}
    assert gpt.limits.requests_per_minute == 5000
    assert catalog.provider_of("claude").api_key == KeyFrom(block="anthropic-key")
    assert catalog.provider_of("gpt-4").concurrency == 100
    assert catalog.providers["google"].concurrency == 50
    assert catalog.model("claude").handoff == "xml"
    assert catalog.compatibility == {"gpt-4": {"claude": 0.95, "mistral": 0.85}}


SHIPPED = Path(__file__).parents[2] / "deployments" / "models.yaml"
TASKS = {
    "analysis", "reasoning", "writing", "brainstorming", "code", "architecture", "translation", "medical", "finance", "science",
}  # fmt: skip


def test_the_shipped_file_knows_a_price_a_window_and_ten_strengths_of_every_model():
    catalog = load_catalog(SHIPPED)
    assert {"gpt-4", "claude", "gemini", "mistral"} <= catalog.models.keys()
    assert {model.family for model in catalog.models.values()} == {
        "openai",
        "anthropic",
        "google",
        "mistral",
        "meta",
    }
    for model in catalog.models.values():
        price = price_of(model, catalog.providers[model.provider])
        assert price is not None, model.id
        assert price.output > 0
        assert model.context, model.id
        assert model.strengths.keys() >= TASKS, model.id


def test_the_local_models_that_the_shipped_file_keeps_in_comments_only_need_their_signs_taken_away():
    text = SHIPPED.read_text()
    there = re.sub(r"(?m)^  # (?=ollama|vllm|llama-local|mistral-local|  strengths)", "  ", text)
    added = load_catalog(there).models.keys() - load_catalog(SHIPPED).models.keys()
    assert added == {"llama-local", "mistral-local"}
    assert all(load_catalog(there).provider_of(name).is_private for name in added)


def test_a_family_is_the_providers_name_unless_given():
    assert load_catalog(SMALL).model("gpt-4").family == "local"
    assert load_catalog(DESIGNED).model("mistral").family == "mistral"


def test_openai_itself_gets_the_current_field_for_the_length_of_an_answer():
    catalog = load_catalog(DESIGNED)
    assert catalog.model("gpt-4").params == {"max_tokens_field": "max_completion_tokens"}
    assert catalog.model("mistral").params == {"max_tokens_field": "max_tokens"}
    assert load_catalog(SMALL).model("gpt-4").params == {}


def test_an_unknown_model_is_refused_with_a_near_miss():
    with pytest.raises(UserError, match="model 'gpt4' is not in the catalog; did you mean 'gpt-4'"):
        load_catalog(SMALL).model("gpt4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SMALL.replace("provider: local", "provider: locla"), "models.yaml:5: provider 'locla' is not in this file; did you mean 'local'?"),
        (SMALL + "    fallback:\n      - gpt-5", "models.yaml:8: fallback 'gpt-5' is not in this file; did you mean 'gpt-4'?"),
        (SMALL + "    fallback: [gpt-4]", "models.yaml:7: model 'gpt-4' cannot be its own fallback"),
        (SMALL + "compatibility:\n  gpt-4:\n    gtp-4: 1", "models.yaml:9: model 'gtp-4' is not in this file; did you mean 'gpt-4'?"),
        (SMALL + "compatibility:\n  gtp-4: {}", "models.yaml:8: model 'gtp-4' is not in this file; did you mean 'gpt-4'?"),
        (SMALL + "    contxt: 5", "models.yaml:7: unknown key 'contxt' in models.gpt-4; did you mean 'context'?"),
        (SMALL + "    strengths: {code: 2}", "models.yaml:7: models.gpt-4.strengths.code: should be less than or equal to 1"),
        (SMALL + "    handoff: xlm", "models.yaml:7: models.gpt-4.handoff is 'xlm', which is not a choice; did you mean 'xml'?"),
        (SMALL + "    price: {input: -1, output: 1}", "models.yaml:7: models.gpt-4.price.input: should be greater than or equal to 0"),
        (SMALL + "    params: {stream: true}", "models.yaml:7: models.gpt-4.params: stream cannot be set here: Nightpress fills it for each call"),
        (SMALL.replace("api: openai", "api: openia"), "models.yaml:2: providers.local.api is 'openia', which is not a choice; did you mean 'openai'?"),
        (SMALL.replace("id: x", "id: ''"), "models.yaml:6: models.gpt-4.id: String should have at least 1 character"),
        ("models: {}", "models.yaml:1: missing key 'providers'"),
    ],
)  # fmt: skip
def test_each_mistake_is_said_with_its_line(text, said):
    assert complaint(text) == said


def test_two_models_may_be_each_others_fallback():
    text = SMALL + "    fallback: [b]\n  b: {provider: local, id: y, fallback: [gpt-4]}"
    assert load_catalog(text).model("b").fallback == ("gpt-4",)


@pytest.mark.parametrize(
    "url",
    ["http://localhost:1", "http://a.localhost/v1", "http://127.9.9.9", "http://10.0.0.1:80/v1", "http://192.168.1.5", "http://[::1]:8/v1", "http://[fd00::1]/v1"],
)  # fmt: skip
def test_plain_http_is_fine_where_the_address_is_private(url):
    assert load_catalog(provider("openai", url)).providers["p"].is_private


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com/v1", "http://8.8.8.8/v1", "http://ollama:11434/v1", "http://169.254.169.254/", "http://localhost.example.com", "http://127.0.0.1.example.com"],
)  # fmt: skip
def test_plain_http_elsewhere_must_be_said_to_be_meant(url):
    assert "private: true" in complaint(provider("openai", url))
    assert load_catalog(provider("openai", url, ", private: true")).providers["p"].is_private


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1", "api.openai.com", "https://", "https://user:pw@api.example.com", "https://api.example.com/v1?key=abc", "https://api.example.com#x"],
)  # fmt: skip
def test_what_is_no_base_url_is_refused(url):
    assert complaint(provider("openai", url)).startswith("models.yaml:2: providers.p.base_url: should be")


@pytest.mark.parametrize(
    ("api", "given", "kept"),
    [
        ("openai", "https://api.example.com/v1/", "https://api.example.com/v1"),
        ("anthropic", "https://api.anthropic.com/v1/", "https://api.anthropic.com"),
        ("gemini", "https://generativelanguage.googleapis.com", "https://generativelanguage.googleapis.com/v1beta"),
        ("gemini", "https://generativelanguage.googleapis.com/v1", "https://generativelanguage.googleapis.com/v1"),
    ],
)  # fmt: skip
def test_a_base_url_is_kept_in_the_form_that_paths_follow(api, given, kept):
    assert load_catalog(provider(api, given)).providers["p"].base_url == kept


def test_a_key_in_the_file_is_refused_without_repeating_it():
    said = complaint(provider("openai", "https://api.example.com/v1", ", api_key: sk-verysecret123"))
    assert "write {env: NAME} or {block: NAME}" in said
    assert "verysecret" not in said


@pytest.mark.parametrize("place", ["{}", "{env: A, block: b}"])
def test_a_key_has_exactly_one_place(place):
    said = complaint(provider("openai", "https://api.example.com/v1", f", api_key: {place}"))
    assert "exactly one of env and block" in said


@pytest.mark.parametrize(
    "header",
    ["api-key: abcdef", "Authorization: Bearer abcdef", "x-custom: sk-abcdefgh1234", "Ocp-Apim-Subscription-Key: abcdef", "X-Auth-Token: abcdef"],
)  # fmt: skip
def test_a_key_in_a_header_is_refused_without_repeating_it(header):
    said = complaint(provider("openai", "https://api.example.com/v1", f", headers: {{{header}}}"))
    assert "looks like a key: write it as ${NAME_OF_A_VARIABLE}" in said
    assert "abcdef" not in said


def test_a_header_that_cannot_be_sent_is_refused():
    said = complaint(provider("openai", "https://a.example", ', headers: {x-team: "a\\r\\nx-evil: 1"}'))
    assert "is not a header that can be sent" in said


def test_what_is_frozen_comes_back_the_same_and_is_plain_json():
    catalog = load_catalog(DESIGNED)
    frozen = catalog.canonical()
    assert Catalog.from_frozen(orjson.loads(orjson.dumps(frozen))) == catalog
    assert Catalog.from_frozen(frozen).canonical() == frozen


def test_what_is_frozen_does_not_depend_on_the_order_in_the_file():
    swapped = DESIGNED.replace(
        "api: openai, base_url: https://api.openai.com/v1", "base_url: https://api.openai.com/v1, api: openai"
    )
    assert swapped != DESIGNED
    assert orjson.dumps(load_catalog(swapped).canonical()) == orjson.dumps(load_catalog(DESIGNED).canonical())


def test_no_header_that_looks_like_a_key_is_frozen():
    headers = {"x-team": "content", "authorization": "Bearer ${TOKEN}"}
    catalog = Catalog.model_validate({
        "providers": {"p": {"api": "openai", "base_url": "https://a.example", "headers": headers}},
        "models": {},
    })  # fmt: skip
    catalog.providers["p"].headers["x-other"] = "sk-abcdefgh1234"
    kept = catalog.canonical()["providers"]["p"]["headers"]
    assert kept["x-team"] == "content"
    assert kept["authorization"] == "Bearer ${TOKEN}"
    assert kept["x-other"].startswith("sha256:")
    assert b"abcdefgh" not in orjson.dumps(catalog.canonical())


def test_a_frozen_catalog_of_another_version_is_a_plain_error():
    with pytest.raises(UserError, match="frozen catalog does not fit this version: models"):
        Catalog.from_frozen({"providers": {}})
