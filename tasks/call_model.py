"""The task `call_model`: one model call of a single request, as its own task run in the graph."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import orjson
from prefect import task
from prefect.cache_policies import CacheKeyFnPolicy
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.states import Completed

from tasks.calling.call import Call, Completion
from tasks.storing.errors import NightpressError


def call_key(_: TaskRunContext, parameters: dict[str, Any]) -> str:
    """The cache key of a call: this call of this run, whichever attempt of the flow run asks for it."""
    return f"nightpress-call-{parameters['key']}"


async def is_worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """What a provider answered is not asked of it again here: the engine has tried as often as is worth it."""
    return not isinstance(await state.aresult(raise_on_failure=False), NightpressError)


@task(
    name="call_model",
    task_run_name="{title}",
    cache_policy=CacheKeyFnPolicy(cache_key_fn=call_key),
    persist_result=True,
    result_serializer="json",
    retries=1,
    retry_delay_seconds=1,
    retry_condition_fn=is_worth_retrying,
)
async def call_model(
    title: str,  # noqa: ARG001 - the task run's name
    key: str,  # noqa: ARG001 - the cache key
    call: Call,
    complete: Callable[[Call], Awaitable[Completion]],
) -> State[str]:
    """Ask one model; the call lands in the tables as every other.

    Args:
        title: What the graph shows.
        key: Names this call of this run.
        call: What is asked.
        complete: How.

    Returns:
        A state whose data is the completion as JSON text: one object of its own. Of a dict, Prefect would take every short text in it that
        is the same object elsewhere for a result of this call, and draw edges that are none.
    """
    completion = await complete(call)
    return Completed(message=_told(completion), data=orjson.dumps(asdict(completion)).decode())


def _told(completion: Completion) -> str:
    """What a log line shows of a call."""
    price = "price unknown" if completion.usd is None else f"${completion.usd:.4f}"
    return f"{completion.model}: {completion.tokens_out or 0:,} tokens, {'from the ledger' if completion.cached else price}"
