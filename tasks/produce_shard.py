"""The task `produce_shard`: one shard of a night, worked in whatever process it lands in."""

from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import orjson
from prefect import task
from prefect.cache_policies import CacheKeyFnPolicy
from prefect.context import TaskRunContext

from blocks.places import key_of, open_store
from tasks.calling.catalog import Catalog
from tasks.calling.engine import Engine
from tasks.calling.sending import Patience
from tasks.landing.allowances import ShardMoney
from tasks.landing.plan import read_plan
from tasks.landing.run_state import run_state
from tasks.landing.shard_records import ShardRecord, read_record
from tasks.landing.shards import work_shard
from tasks.storing.errors import NightpressError, UserError

KEY_VERSION = 1


@dataclass(frozen=True)
class ShardReference:
    """Which rows, of which plan; everything else is in the store.

    Attributes:
        store: as `open_store` takes it.
        attempt: from 1; one more than the latest record's if that shard is to be worked again.
    """

    store: str
    run: str
    plan: str
    generation: int
    shard: int
    attempt: int


def shard_key(_: TaskRunContext, parameters: dict[str, Any]) -> str:
    """The cache key of a shard: the same work in the same store, whichever flow run asks for it."""
    parts = [KEY_VERSION, *asdict(parameters["reference"]).values()]
    return f"nightpress-shard-{sha256(orjson.dumps(parts)).hexdigest()}"


def is_worth_retrying(_task: Any, _run: Any, state: Any) -> bool:
    """A mistake in the input stays one, and a run that was stopped stopped; a store out of reach may be back."""
    return not isinstance(state.result(raise_on_failure=False), UserError | CancelledError)


@task(
    name="produce_shard",
    task_run_name="shard {reference.shard}",
    cache_policy=CacheKeyFnPolicy(cache_key_fn=shard_key),
    persist_result=True,
    result_serializer="json",
    retries=2,
    retry_delay_seconds=[2, 15],
    retry_condition_fn=is_worth_retrying,
)
def produce_shard(reference: ShardReference, money: ShardMoney, concurrency: int) -> dict[str, Any]:
    """Work one shard and leave its parts and its record in the store.

    Args:
        reference: which rows.
        money: what they may cost.
        concurrency: requests in flight in this process.

    Returns:
        The shard record as plain values; a finished shard comes back without a call.
    """
    return work(reference, money, concurrency).model_dump(mode="json")


def work(reference: ShardReference, money: ShardMoney, concurrency: int) -> ShardRecord:
    """What the task does."""
    store = open_store(reference.store)
    plan = read_plan(store, reference.run)
    if plan is None or plan.hash != reference.plan or plan.generation != reference.generation:
        raise NightpressError(
            f"run {reference.run} has another plan by now; this shard is not wanted any more"
        )
    known = read_record(store, plan.workplace, reference.shard, reference.attempt)
    if known is not None:
        return known
    engine = Engine.current()
    catalog = Catalog.from_frozen(plan.models)
    state = run_state(
        engine,
        store,
        plan,
        concurrency=concurrency,
        key_of=lambda name: key_of(catalog.providers[name]),
        patience=Patience(),
    )
    return engine.wait(work_shard(state, reference.shard, reference.attempt, money))
