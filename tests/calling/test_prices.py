"""Prices: unknown is None, and cached and batched tokens cost what they cost."""

from __future__ import annotations

import socket

import pytest

from tasks.calling.catalog import Model, Provider
from tasks.calling.prices import Price, cost, price_of

OPENAI = Provider(api="openai", base_url="https://api.openai.com/v1")
LOCAL = Provider(api="openai", base_url="http://127.0.0.1:8000/v1")
PRICE = Price(input=3, output=15, cached=0.3, batch_discount=0.5)


def test_the_models_file_wins():
    model = Model(provider="p", id="gpt-4o", price=PRICE)
    assert price_of(model, OPENAI) is PRICE


@pytest.mark.parametrize(
    ("api", "url", "model_id", "expected"),
    [
        ("openai", "https://api.openai.com/v1", "gpt-4o", (2.5, 10, 1.25)),
        ("anthropic", "https://api.anthropic.com", "claude-sonnet-4-5", (3, 15, 0.3)),
        ("gemini", "https://generativelanguage.googleapis.com", "gemini-2.5-flash", (0.3, 2.5, 0.03)),
        ("anthropic", "https://gateway.example.com", "claude-sonnet-4-5", (3, 15, 0.3)),
    ],
)
def test_published_prices_are_found_by_id(api, url, model_id, expected):
    price = price_of(Model(provider="p", id=model_id), Provider(api=api, base_url=url))
    assert price is not None
    assert (price.input, price.output, price.cached) == pytest.approx(expected)
    assert price.batch_discount == 0.5


def test_prices_are_found_without_a_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert price_of(Model(provider="p", id="gpt-4o-mini"), OPENAI) is not None


def test_an_unknown_model_has_no_price():
    assert price_of(Model(provider="p", id="house-model-7"), OPENAI) is None


@pytest.mark.parametrize(
    "provider", [LOCAL, Provider(api="openai", base_url="http://gpu-box/v1", private=True)]
)
def test_a_model_of_ones_own_has_no_price_rather_than_none_to_pay(provider):
    assert price_of(Model(provider="p", id="gpt-4o"), provider) is None


def test_cached_tokens_are_part_of_the_input_and_cheaper():
    assert cost(PRICE, 1_000_000, 0) == pytest.approx(3)
    assert cost(PRICE, 1_000_000, 0, 1_000_000) == pytest.approx(0.3)
    assert cost(PRICE, 1_000_000, 100_000, 500_000) == pytest.approx(1.5 + 0.15 + 1.5)
    assert cost(Price(input=3, output=15), 1_000_000, 0, 1_000_000) == pytest.approx(3)


def test_tokens_written_to_the_cache_are_part_of_the_input_and_dearer():
    price = Price(input=3, output=15, cached=0.3, cache_write=3.75)
    assert cost(price, 1_000_000, 0, 0, 1_000_000) == pytest.approx(3.75)
    assert cost(price, 1_000_000, 0, 500_000, 250_000) == pytest.approx(0.15 + 0.9375 + 0.75)
    assert cost(PRICE, 1_000_000, 0, 0, 1_000_000) == pytest.approx(3)
    assert cost(price, 1_000_000, 0, 500_000, 9_000_000) == pytest.approx(0.15 + 1.875)


def test_what_writing_a_cache_costs_is_published_or_anthropics_usual_surcharge():
    anthropic = Provider(api="anthropic", base_url="https://api.anthropic.com")
    published = price_of(Model(provider="p", id="claude-sonnet-4-5"), anthropic)
    given = price_of(Model(provider="p", id="claude-sonnet-4-5", price=PRICE), anthropic)
    told = price_of(Model(provider="p", id="c", price=Price(input=3, output=15, cache_write=6)), anthropic)
    assert [each and each.cache_write for each in (published, given, told)] == pytest.approx([3.75, 3.75, 6])
    assert price_of(Model(provider="p", id="gpt-4o", price=PRICE), OPENAI) is PRICE


def test_more_cached_than_input_is_not_paid_twice():
    assert cost(PRICE, 1_000_000, 0, 9_000_000) == pytest.approx(0.3)


def test_the_batch_lane_takes_its_discount_off():
    assert cost(PRICE, 1_000_000, 1_000_000, lane="batch") == pytest.approx(9)


@pytest.mark.parametrize(
    ("price", "tokens_in", "tokens_out"), [(None, 1, 1), (PRICE, None, 1), (PRICE, 1, None)]
)
def test_what_is_unknown_stays_unknown(price, tokens_in, tokens_out):
    assert cost(price, tokens_in, tokens_out) is None


def test_a_price_of_zero_is_known_even_if_the_tokens_are_not():
    assert cost(Price(input=0, output=0), None, None) == 0
