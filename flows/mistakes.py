"""A mistake in what somebody gave is the flow run's message, in a line, and no traceback in its log."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Failed

from tasks.storing.errors import UserError


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
