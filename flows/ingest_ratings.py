"""The flow `ingest_ratings`: files of people's ratings taken into the store, each once; on a schedule, or as they arrive.

It starts by hand, by its schedule, or by the event `nightpress.ratings.arrived` (see `deployments/automations.yaml`),
whose payload says where the file is: `{"path": "s3://bucket/ratings.csv", "run": "technical-blog-2026-11-24"}`.
"""

from typing import Any, Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from blocks.places import open_store, store_place
from flows.mistakes import explained
from tasks.landing.escaping import markdown
from tasks.landing.rating_ingest import Ingested, files_of, ingest
from tasks.landing.ratings_told import rejected_lines, summary, unused_line
from tasks.landing.satisfaction_shown import satisfaction_line
from tasks.landing.wording import times
from tasks.storing.errors import NightpressError, UserError
from tasks.storing.filesystem import Store
from tasks.storing.rating_files import Defaults
from tasks.storing.rating_values import Scale

ARRIVED = "nightpress.ratings.arrived"
MOST_LINES = 50
LONGEST_LINE = 500


@flow(name="ingest_ratings", flow_run_name="ingest ratings", validate_parameters=True)
def ingest_ratings(
    files: str = "",
    store: str = "",
    run: str = "",
    arm: Literal["made", "baseline"] = "made",
    source: str = "file",
    scale: Literal["found", "stars", "thumbs", "unit"] = "found",
) -> State[Any]:
    """Take people's ratings of texts into the store; a file that was taken in whole is not read twice.

    Args:
        files: CSV, JSONL or Parquet: a path, glob, folder or URL. Empty: the folder _inbox/ratings of the store.
        store: The store: a path, file:// or s3:// URL, or block:NAME. Empty: the usual place.
        run: The run whose texts were rated, for rows that name none.
        arm: Whose texts were rated, for rows that do not say.
        source: Where the ratings come from, for rows that do not say; of one rater of one source the newest counts. Empty: file.
        scale: What bare numbers mean: found, where only one scale fits them, or stars (1 to 5), thumbs (1 up, 0 down) or unit (0 to 1).
    """
    with explained() as mistake:
        content = open_store(store_place(store))
        known: Scale | None = None if scale == "found" else scale
        defaults = Defaults(run, arm, source or "file", known)
        told: list[Ingested] = []
        wrong: list[UserError] = []
        for path in files_of(content, files):
            try:
                told.append(ingest(content, path, defaults, once=True))
            except UserError as error:
                wrong.append(error)
            except OSError as error:
                raise NightpressError(f"the ratings of {content.url} cannot be changed: {error}") from error
        if any(not each.skipped for each in told) or wrong:
            _show(content, told, wrong)
        return _ended(told, wrong)
    return mistake.state


def _ended(told: list[Ingested], wrong: list[UserError]) -> State[Any]:
    """Failed for a file that cannot be read, Unhealthy for rejected rows of which nobody was told before."""
    read = [each for each in told if not each.skipped]
    new = sum(each.merged.new + each.merged.changed for each in read)
    rejected = sum(len(each.rejected) for each in read)
    said = f"{times(len(read), 'file')} read, {times(len(told) - len(read), 'file')} known; {times(new, 'rating')} taken in"
    said += f"; {times(rejected, 'row')} rejected" if rejected else ""
    if wrong:
        return Failed(message=f"{said}; {'; '.join(map(str, wrong))}")
    if any(each.news for each in read):
        first = next(iter(rejected_lines(next(each for each in read if each.news), 1)))
        return Failed(name="Unhealthy", message=f"{said}: {first}")
    return Completed(message=said)


def _show(store: Store, told: list[Ingested], wrong: list[UserError]) -> None:
    """A line for each file and rejected row, in the log and as an artifact."""
    lines = [str(error) for error in wrong]
    for each in told:
        lines += [summary(each), *rejected_lines(each, MOST_LINES), *filter(None, [unused_line(each)])]
    runs = sorted({run for each in told for run in each.runs})
    lines += [satisfaction_line(store, run) for run in runs[:MOST_LINES]]
    for line in lines[:MOST_LINES]:
        get_run_logger().info(line)
    shown = "\n".join(f"- {markdown(line, LONGEST_LINE)}" for line in lines)
    create_markdown_artifact(
        f"# Ratings\n\n{shown}\n", key="ratings", description="What became of people's ratings"
    )
