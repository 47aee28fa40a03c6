"""The flow `housekeeping`: a store kept small and quick, while nights and analysts use it."""

from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from blocks.places import open_store, store_place
from flows.housekeeping_report import line, markdown
from flows.mistakes import explained
from flows.spend_artifact import publish_spend
from tasks.landing.housekeeping import House, Upkeep
from tasks.storing.errors import NightpressError

Days = Annotated[int, Field(ge=1, le=36500)]


@flow(name="housekeeping", flow_run_name="housekeeping", validate_parameters=True)
def housekeeping(
    store: str = "",
    keep_keys_days: Days | None = None,
    compact_after_days: Days = 2,
    keep_calls_days: Days | None = None,
    keep_prompts_days: Days | None = None,
    keep_open_days: Days = 90,
    dry_run: bool = False,
) -> State[Any]:
    """Join small files of the store and its ledger, let old keys and calls go where told, clear what kills left behind.

    Args:
        store: The store: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        keep_keys_days: For how many days a finished call is found again by other runs, 1 to 36500. None: for ever. With a number, a recipe whose cache.ttl (7d unless it says otherwise, without limit) is longer pays again for what is older; so does a committed run that is made anew with replace. A run with failed or deferred rows keeps its keys until it is whole.
        compact_after_days: How many days after its commit a run's small files are joined with those of other runs of its date, 1 to 36500.
        keep_calls_days: After how many days calls are removed, 1 to 36500; a file goes once its youngest call is older, its older texts at once. None: never.
        keep_prompts_days: After how many days prompt and response of a call are blanked, 1 to 36500; it is then not reused any more. None: never.
        keep_open_days: After how many days without a sign of life a run that never committed is forgotten, 1 to 36500; its paid calls are lost, and starting it again begins anew.
        dry_run: Say what would be done, and do nothing.
    """
    with explained() as mistake:
        content = open_store(store_place(store))
        upkeep = Upkeep(
            keep_keys_days, compact_after_days, keep_calls_days, keep_prompts_days, keep_open_days, dry_run
        )
        try:
            told = House(content, upkeep, datetime.now(UTC)).tidy()
        except OSError as error:
            raise NightpressError(f"housekeeping of {content.url} cannot go on: {error}") from error
        create_markdown_artifact(
            markdown(told, content.url, upkeep),
            key="housekeeping",
            description="What housekeeping did" if not dry_run else "What housekeeping would do",
        )
        if not dry_run:
            publish_spend(content)
        return Completed(message=line(told, upkeep))
    return mistake.state
