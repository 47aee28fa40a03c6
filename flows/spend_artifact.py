"""What the last nights of a store have cost and what was saved, as one artifact that every night renews."""

from prefect.artifacts import create_markdown_artifact

from tasks.landing.spend_history import last_nights, spend_history
from tasks.landing.spend_markdown import NIGHTS, spend_markdown
from tasks.storing.filesystem import Store

KEY = "spend"


def publish_spend(store: Store) -> None:
    """Publish it; reads the names of parts and the manifests of the last nights, no calls that are summed up already."""
    nights = last_nights(store, NIGHTS)
    history = spend_history(store, since=nights[0], until=nights[-1]) if nights else []
    create_markdown_artifact(
        spend_markdown(history),
        key=KEY,
        description=f"What the last {NIGHTS} nights cost, and what was saved",
    )
