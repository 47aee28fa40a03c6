"""`python -m deployments.cli.registering STORE MODELS`: all that a Prefect server has to know of Nightpress.

Block types and the default blocks, the work pool, the deployments of `deployments/prefect.yaml`, one more for each recipe,
drop-downs in the forms, automations. Its last line is JSON: what is in force. Done again it changes only what is
Nightpress's own: what somebody has set in the UI (blocks, limits, schedules, parameters) stays. With `--forms STORE_URL`
it brings the forms alone up to date, if flows use that store.
"""

from __future__ import annotations

import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from blocks.content_store import ContentStore
from blocks.model_catalog import ModelCatalog
from blocks.places import open_catalog, open_store, store_place
from blocks.provider_key import ProviderKey
from deployments.cli.automating import keep_automations
from deployments.cli.deploying import deploy
from deployments.cli.form_keeping import keep_forms
from tasks.calling.catalog import load_catalog
from tasks.storing.errors import UserError

DEFAULT = "default"
POOL = "nightpress"
PROCESS = "process"
FORMS = "--forms"
ANOTHER_STORE = 3
RUNS_AT_ONCE = 8
DEMO_MODELS = Path(str(files("deployments"))) / "demo" / "models.yaml"


def main() -> int:
    """Register everything, or with `--forms STORE_URL` the forms alone; 2 for a mistake in a file.

    The forms are those of the store that flows use: another STORE_URL changes nothing, and is 3.
    """
    try:
        if sys.argv[1] == FORMS:
            store = open_store(store_place(""))
            if store.url != sys.argv[2]:
                print(store.url)
                return ANOTHER_STORE
        else:
            _blocks(sys.argv[1], Path(sys.argv[2]))
            _pool()
            deploy()
            keep_automations(os.environ.get("NIGHTPRESS_NOTIFY"))
        remarks = keep_forms()
        print(orjson.dumps(_in_force(remarks)).decode())
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _in_force(remarks: list[str]) -> dict[str, Any]:
    """What flows will use: store, models, whether these are the demo's simulated ones, and which keys are missing."""
    catalog, store = open_catalog(""), open_store(store_place(""))
    named = os.environ.get("NIGHTPRESS_MODELS")
    simulated = catalog.canonical() == load_catalog(DEMO_MODELS).canonical()
    keys = {each.api_key.env for each in catalog.providers.values() if each.api_key and each.api_key.env}
    missing = sorted(key for key in keys if not os.environ.get(key))
    return {
        "store": store.url,
        "models": (named or "block model-catalog/default") + ("  (simulated)" if simulated else ""),
        "simulated": simulated,
        "remarks": [
            *(f"{key} is not set: models that need it fail" for key in missing),
            *_unused(named),
            *remarks,
        ],
    }


def _unused(named: str | None) -> list[str]:
    """A models file that lies here and is not what flows use."""
    lying = Path("models.yaml")
    if named or not lying.exists() or load_catalog(lying).canonical() == open_catalog("").canonical():
        return []
    return ["./models.yaml is not used: give --models models.yaml, or put it into the block"]


def _blocks(store: str, models: Path) -> None:
    for kind in (ContentStore, ModelCatalog, ProviderKey):
        register: Any = kind.register_type_and_schema
        register(_sync=True)
    _save_new(ContentStore(url=store))
    _save_new(ModelCatalog(document=models.read_text()))


def _save_new(block: Any) -> None:
    try:
        type(block).load(DEFAULT, _sync=True)
    except ValueError:
        block.save(DEFAULT, _sync=True)


def _pool() -> None:
    """The work pool, made if there is none; relative paths in a form are meant from where this was started."""
    with get_client(sync_client=True) as client:
        try:
            pool = client.read_work_pool(POOL)
        except ObjectNotFound:
            client.create_work_pool(
                WorkPoolCreate(
                    name=POOL,
                    type=PROCESS,
                    description="Where Nightpress runs: a process for each flow run.",
                    concurrency_limit=RUNS_AT_ONCE,
                    base_job_template=_at_home(ProcessWorker.get_default_base_job_template()),
                )
            )
            return
        if pool.type == PROCESS:  # one of another type, such as Kubernetes, is somebody's own
            client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=_at_home(pool.base_job_template)))


def _at_home(template: dict[str, Any]) -> dict[str, Any]:
    template["variables"]["properties"]["working_dir"]["default"] = str(Path.cwd())
    return template


if __name__ == "__main__":
    raise SystemExit(main())
