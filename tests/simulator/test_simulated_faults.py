"""Every fault, on the wire, and what the product's own client makes of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from deployments.simulator.config import Fault
from tasks.calling.failures import CallFailed, unusable
from tasks.calling.wire import WIRES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulator.conftest import Client

APIS = ("openai", "anthropic", "gemini")
MEANINGS: dict[str, tuple[str, str]] = {
    "rate_limit": ("wait", "rate_limit"),
    "overloaded": ("wait", "overloaded"),
    "server_error": ("retry", "server_error"),
    "not_json": ("retry", "bad_body"),
    "bad_key": ("close_provider", "bad_key"),
    "no_credit": ("close_provider", "no_credit"),
    "context_too_long": ("next_model", "context_too_long"),
    "content_filter": ("next_model", "content_filter"),
    "empty": ("row_fails", "empty"),
    "model_missing": ("next_model", "model_missing"),
    "forbidden": ("next_model", "forbidden"),
    "bad_request": ("row_fails", "bad_request"),
}


def understood(api: str, response: httpx.Response) -> CallFailed | None:
    """What the product's wire format says of the response; None if it is a usable answer."""
    wire = WIRES[api]
    if response.status_code != 200:
        return wire.failure(response.status_code, response.headers, response.content)
    try:
        return unusable(wire.reply(response.json()))
    except CallFailed as failure:
        return failure
    except ValueError:
        return CallFailed("retry", "bad_body", "not JSON")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", MEANINGS)
def test_a_fault_means_to_the_client_what_its_name_says(faulty: Client, api: str, kind: str) -> None:
    response = faulty.send(api, "hello", f"{kind}-model")
    failure = understood(api, response)
    assert failure is not None
    assert (failure.kind, failure.error_kind) == MEANINGS[kind]
    assert response.headers["x-nightpress-simulated"] == "1"


@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_a_refusal_is_one_in_the_providers_own_way(faulty: Client, api: str) -> None:
    failure = understood(api, faulty.send(api, "hello", "refusal-model"))
    assert failure is not None
    assert failure.error_kind == "refusal"


@pytest.mark.parametrize("api", APIS)
def test_length_is_half_an_answer(faulty: Client, api: str) -> None:
    cut = WIRES[api].reply(faulty.send(api, "hello rivers and lakes", "length-model").json())
    whole = WIRES[api].reply(faulty.send(api, "hello rivers and lakes", "plain").json())
    assert cut.finish == "length"
    assert 0 < len(cut.text) < 0.7 * len(whole.text)


def test_a_reset_and_a_truncated_body_break_the_connection(faulty: Client) -> None:
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        faulty.send("openai", "hello", "reset-model")
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending"):
        faulty.send("openai", "hello", "truncated_body-model")
    assert faulty.send("openai", "hello", "fine").status_code == 200


def test_a_hang_sends_nothing_until_the_client_gives_up_and_does_not_block_the_stop(
    start: Callable[..., Client],
) -> None:
    client = start(faults=[{"kind": "hang"}])
    began = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        client.http.post(
            client.request("openai", "x", "m", 5)[1],
            json=client.request("openai", "x", "m", 5)[0],
            timeout=0.2,
        )
    client.simulator.__exit__(None, None, None)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("overloaded", 529),
        ("server_error", 502),
        ("server_error", 504),
        ("no_credit", 402),
        ("content_filter", 400),
    ],
)
def test_a_fault_can_come_with_another_status(start: Callable[..., Client], kind: str, status: int) -> None:
    client = start(faults=[{"kind": kind, "status": status}])
    for api in ("openai", "anthropic"):
        response = client.send(api, "hello")
        failure = understood(api, response)
        assert response.status_code == status
        assert failure is not None
        assert failure.error_kind == kind


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_reaches_the_client_in_both_forms(
    start: Callable[..., Client], api: str, form: str
) -> None:
    client = start(faults=[{"kind": "rate_limit", "retry_after": 7, "retry_after_form": form}])
    response = client.send(api, "hello")
    failure = understood(api, response)
    assert failure is not None
    assert failure.retry_after is not None
    assert 6 <= failure.retry_after <= 8
    if form == "date":
        moment = parsedate_to_datetime(response.headers["retry-after"])
        assert 0 < (moment - datetime.now(UTC)).total_seconds() <= 8


def test_parts_of_a_second_can_be_asked_for(start: Callable[..., Client]) -> None:
    client = start(faults=[{"kind": "rate_limit", "retry_after": 0.25}])
    for api in APIS:
        failure = understood(api, client.send(api, "hello"))
        assert failure is not None
        assert failure.retry_after == 0.25


def statuses(client: Client, count: int, prompt: str = "p{}", model: str = "m") -> list[int]:
    return [client.send("openai", prompt.format(n), model, 20).status_code for n in range(count)]


def test_first_every_and_always_count_matching_requests(start: Callable[..., Client]) -> None:
    faults = [
        {"kind": "overloaded", "model": "a", "first": 2},
        {"kind": "overloaded", "model": "b", "every": 3},
        {"kind": "overloaded", "prompt": "poison"},
    ]
    client = start(faults=faults)
    assert statuses(client, 4, model="a") == [503, 503, 200, 200]
    assert statuses(client, 6, model="b") == [200, 200, 503, 200, 200, 503]
    assert statuses(client, 2, "some poison {}", "c") == [503, 503]
    client.simulator.reset()
    assert statuses(client, 3, model="a") == [503, 503, 200]


def test_a_share_strikes_that_share_the_same_way_again_and_spares_retries_anew(
    start: Callable[..., Client],
) -> None:
    config = {"seed": 5, "faults": [{"kind": "server_error", "share": 0.3}]}
    one, two = start(**config), start(**config)
    first = statuses(one, 200)
    assert first == statuses(two, 200)
    assert 40 <= first.count(500) <= 80
    again = statuses(one, 200)
    assert again != first
    assert 40 <= again.count(500) <= 80


def test_a_fault_takes_one_measure_only() -> None:
    with pytest.raises(ValueError, match="one of share, first, every"):
        Fault(kind="empty", share=0.5, first=2)
