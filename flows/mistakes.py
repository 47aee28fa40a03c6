"""A mistake in what somebody gave is the flow run's message, in a line, and no traceback in its log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prefect.client.schemas.objects import State
from prefect.exceptions import FailedRun
from prefect.states import Failed

from tasks.storing.errors import UserError

RUN_LOGGER = "prefect.flow_runs"


@dataclass
class Mistake:
    """What a flow returns if its input was wrong; its data is the error."""

    state: State[Any] = field(default_factory=Failed)


@contextmanager
def explained() -> Iterator[Mistake]:
    """End the block at a UserError; the state to return is then the mistake's."""
    mistake = Mistake()
    try:
        yield mistake
    except UserError as error:
        mistake.state = Failed(message=str(error), data=error)


def _says_more(record: logging.LogRecord) -> bool:
    """False for the traceback that Prefect logs of a failed state: its message stands in the line before."""
    return not (record.exc_info and isinstance(record.exc_info[1], UserError | FailedRun))


logging.getLogger(RUN_LOGGER).addFilter(_says_more)
