"""The flow `report`: the report of a run that has committed, made anew."""

from typing import Any

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.places import open_store, store_place
from flows.mistakes import explained
from flows.report_artifacts import publish_report


def run_name() -> str:
    """What a flow run is called."""
    return f"report of {runtime.flow_run.parameters.get('run') or 'the last run'}"


@flow(name="report", flow_run_name=run_name, validate_parameters=True)
def report(run: str = "", store: str = "") -> State[Any]:
    """Make the report of a committed run anew: its artifacts here, and its HTML file in the store.

    Args:
        run: Name of the run. Empty: the run that was committed last.
        store: Where the run is: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
    """
    with explained() as mistake:
        return Completed(message=f"report made: {publish_report(open_store(store_place(store)), run)}")
    return mistake.state
