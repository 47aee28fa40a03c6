"""Keys are found where the models file says, and nowhere else."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from tasks.calling.catalog import KeyFrom, Model, Provider
from tasks.calling.secrets_of import resolve_key
from tasks.calling.wire_parts import own_headers
from tasks.storing.errors import UserError

URL = "https://api.example.com/v1"
BY_ENV = Provider(api="openai", base_url=URL, api_key=KeyFrom(env="NIGHTPRESS_TEST_KEY"))
BY_BLOCK = Provider(api="openai", base_url=URL, api_key=KeyFrom(block="team-key"))


def test_a_key_comes_from_the_environment_without_its_line_end(monkeypatch):
    monkeypatch.setenv("NIGHTPRESS_TEST_KEY", " abc\n")
    key = resolve_key(BY_ENV, None)
    assert key is not None
    assert key.get_secret_value() == "abc"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_variable_that_is_not_set_is_named(monkeypatch, value):
    monkeypatch.delenv("NIGHTPRESS_TEST_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("NIGHTPRESS_TEST_KEY", value)
    with pytest.raises(UserError, match="environment variable NIGHTPRESS_TEST_KEY: no key is set"):
        resolve_key(BY_ENV, None)


def test_a_key_comes_from_the_block_of_that_name():
    asked = []

    def blocks(name: str) -> SecretStr:
        asked.append(name)
        return SecretStr("from-block")

    key = resolve_key(BY_BLOCK, blocks)
    assert key is not None
    assert (key.get_secret_value(), asked) == ("from-block", ["team-key"])


def test_a_block_that_cannot_be_read_is_named():
    with pytest.raises(UserError, match=r"block 'team-key'.*no blocks can be read here"):
        resolve_key(BY_BLOCK, None)


def test_a_provider_without_key_needs_none():
    assert resolve_key(Provider(api="openai", base_url=URL), None) is None


@pytest.mark.parametrize("key", ["ab\ncd", "schlüssel"])
def test_a_key_that_cannot_be_sent_is_refused_without_repeating_it(monkeypatch, key):
    monkeypatch.setenv("NIGHTPRESS_TEST_KEY", key)
    with pytest.raises(UserError) as caught:
        resolve_key(BY_ENV, None)
    assert key not in str(caught.value)


def test_headers_take_variables_from_the_environment_and_the_models_win(monkeypatch):
    monkeypatch.setenv("NIGHTPRESS_TEST_TOKEN", "t0ken")
    provider = Provider(
        api="openai", base_url=URL, headers={"X-Auth": "Bearer ${NIGHTPRESS_TEST_TOKEN}", "x-team": "a"}
    )
    model = Model(provider="p", id="m", headers={"X-Team": "b"})
    assert own_headers(provider, model) == {"x-auth": "Bearer t0ken", "x-team": "b"}


def test_a_headers_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("NIGHTPRESS_TEST_TOKEN", raising=False)
    provider = Provider(api="openai", base_url=URL, headers={"x-auth": "${NIGHTPRESS_TEST_TOKEN}"})
    with pytest.raises(UserError, match="NIGHTPRESS_TEST_TOKEN is not set"):
        own_headers(provider, Model(provider="p", id="m"))


def test_a_header_that_was_hashed_in_a_plan_is_not_sent():
    provider = Provider(api="openai", base_url=URL, headers={"x-auth": "sha256:0123456789abcdef"})
    with pytest.raises(UserError, match="keys are not kept"):
        own_headers(provider, Model(provider="p", id="m"))
