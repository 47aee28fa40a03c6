"""The automations of `deployments/automations.yaml` in Prefect, and the block through which some of them tell people."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient

FILE = Path(str(files("deployments"))) / "automations.yaml"
ALERTS = "nightpress-alerts"
KINDS = (
    "custom-webhook", "slack-webhook", "ms-teams-webhook", "discord-webhook", "mattermost-webhook", "pager-duty-webhook",
    "opsgenie-webhook", "twilio-sms", "sendgrid-email",
)  # fmt: skip


def keep_automations(notify: str | None) -> None:
    """Make the automations what the file says.

    Args:
        notify: URL that gets a POST with `subject` and `body` as JSON; None leaves the block as it is, if there is one.
    """
    if notify:
        block = CustomWebhookNotificationBlock(
            name=ALERTS, url=notify, json_data={"subject": "{{subject}}", "body": "{{body}}"},
            allow_private_urls=True,
        )  # fmt: skip
        save: Any = block.save
        save(ALERTS, overwrite=True, _sync=True)
    with get_client(sync_client=True) as client:
        block_id = _alerts(client)
        for written in YAML(typ="safe").load(FILE):
            started = written.get("run")
            deployment_id = client.read_deployment_by_name(started["deployment"]).id if started else None
            _keep(client, automation(written, block_id, deployment_id))


def automation(
    written: dict[str, Any], block_id: UUID | None, deployment_id: UUID | None = None
) -> AutomationCore:
    """One entry of the file as Prefect takes it: it starts a deployment, or tells people; without a block it only shows."""
    if "run" in written:
        action = {
            "type": "run-deployment", "source": "selected", "deployment_id": str(deployment_id),
            "parameters": written["run"]["parameters"],
        }  # fmt: skip
    elif block_id:
        action = {"type": "send-notification", "block_document_id": str(block_id), **written["notify"]}
    else:
        action = {"type": "do-nothing"}
    plain = {name: value for name, value in written.items() if name not in ("notify", "run")}
    return AutomationCore.model_validate({**plain, "actions": [action]})


def _keep(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    known = client.read_automations_by_name(wanted.name)
    if not known:
        client.create_automation(wanted)
        return
    client.update_automation(known[0].id, wanted.model_copy(update={"enabled": known[0].enabled}))


def _alerts(client: SyncPrefectClient) -> UUID | None:
    """The block through which people are told: the web hook of `--notify` before any other kind."""
    for kind in KINDS:
        try:
            return client.read_block_document_by_name(ALERTS, kind, include_secrets=False).id
        except ObjectNotFound:
            continue
    return None
