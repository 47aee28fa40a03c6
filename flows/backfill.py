"""The flow `backfill`: `nightly` for each night of a range, one after the other."""

from datetime import date, timedelta
from typing import Any

from prefect import flow, runtime
from prefect.client.schemas.objects import State
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Completed, Failed

from flows.mistakes import explained
from tasks.storing.errors import UserError

MOST_NIGHTS = 366
REFUSED = (400, 409, 422)  # what Prefect answers to parameters that do not fit


def backfill_name() -> str:
    """What a flow run is called: the range."""
    given = runtime.flow_run.parameters
    return f"backfill {given.get('first_night')} to {given.get('last_night')}"


@flow(name="backfill", flow_run_name=backfill_name, validate_parameters=True)
async def backfill(
    first_night: date,
    last_night: date,
    deployment: str = "nightly/nightly",
    parameters: dict[str, Any] = {},  # noqa: B006 - nobody changes it, and a form shows it
    go_on: bool = False,
) -> State[Any]:
    """Run a deployment of `nightly` for each night of a range, in order; nights already committed cost nothing.

    Args:
        first_night: The first night, YYYY-MM-DD.
        last_night: The last night, itself included; at most 366 nights.
        deployment: Whose nights these are, as flow/deployment.
        parameters: What is to differ from the deployment's parameters, as a JSON object: {"budget": 5}.
        go_on: Go on after a night that does not end well.
    """
    with explained() as mistake:
        nights = _nights(first_night, last_night)
        _check_name(deployment)
        ended: dict[date, State[Any] | None] = {}
        for night in nights:
            ended[night] = await _night(deployment, night, parameters)
            if not go_on and not _well(ended[night]):
                break
        return _told(ended, len(nights))
    return mistake.state


def _nights(first: date, last: date) -> list[date]:
    days = (last - first).days + 1
    if not 1 <= days <= MOST_NIGHTS:
        said = "the last night is before the first" if days < 1 else f"{days} nights, at most {MOST_NIGHTS}"
        raise UserError(said, where="last_night")
    return [first + timedelta(days=day) for day in range(days)]


def _check_name(deployment: str) -> None:
    flow_name, _, name = deployment.partition("/")
    if not flow_name or not name or "/" in name:
        raise UserError(
            f"{deployment!r} is not flow/deployment", where="deployment", hint="as nightly/nightly"
        )


async def _night(deployment: str, night: date, parameters: dict[str, Any]) -> State[Any] | None:
    asked = {**parameters, "run_date": night.isoformat()}
    try:
        run: Any = await run_deployment(deployment, parameters=asked)  # type: ignore[misc]
    except ObjectNotFound:
        raise UserError(f"there is no deployment {deployment!r}", where="deployment") from None
    except PrefectHTTPStatusError as error:
        if error.response.status_code not in REFUSED:
            raise
        raise UserError(_reason(error), where="parameters") from None
    state: State[Any] | None = run.state
    return state


def _reason(error: PrefectHTTPStatusError) -> str:
    """Why the server refused, in one line."""
    try:
        said: dict[str, Any] = error.response.json()
    except ValueError:
        said = {}
    detail = said.get("detail") or said.get("exception_detail") or error
    return " ".join(str(detail).split())


def _well(state: State[Any] | None) -> bool:
    return state is not None and state.is_completed()


def _told(ended: dict[date, State[Any] | None], wanted: int) -> State[Any]:
    bad = [
        f"{night}: {f'{state.name}, {state.message}' if state else 'not run'}"
        for night, state in ended.items()
        if not _well(state)
    ]
    said = f"{len(ended) - len(bad)} of {wanted} nights made"
    return Failed(message=f"{said}; {'; '.join(bad)}") if bad else Completed(message=said)
