"""The Kubernetes pool: what its template makes of a flow run is a Job that Kubernetes takes, safe, and without secrets."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from compose_file import DOCKERFILE, PRODUCTION, image_environment
from known_settings import known_names
from kubernetes_asyncio.client import ApiClient, Configuration
from native_compose import TOOLS
from prefect.cli._app import _app
from prefect.client.schemas.objects import FlowRun
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from prefect_kubernetes.settings import KubernetesSettings
from prefect_kubernetes.worker import KubernetesWorker, KubernetesWorkerJobConfiguration
from ruamel.yaml import YAML

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from deployments.cli.prefect_server import Server

TEMPLATE: dict[str, Any] = json.loads((PRODUCTION / "kubernetes-job-template.json").read_text())
WORKER = PRODUCTION / "kubernetes-worker.yaml"
MANIFESTS: list[dict[str, Any]] = list(YAML(typ="safe").load_all(WORKER))
NAMESPACE = "nightpress"


def rendered(**variables: Any) -> dict[str, Any]:
    """The Job that the worker would send, from Prefect's own code."""

    async def make() -> KubernetesWorkerJobConfiguration:
        return await KubernetesWorkerJobConfiguration.from_template_and_values(TEMPLATE, variables)

    with temporary_settings(
        {PREFECT_API_URL: "http://prefect:4200/api", PREFECT_API_AUTH_STRING: "admin:secret"}
    ):
        configuration = asyncio.run(make())
        configuration.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="night"))
    return configuration.job_manifest


def pod_of(manifest: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def environment_of(manifest: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each.get("value") for each in pod_of(manifest)["containers"][0]["env"]}


def of_kind(kind: str) -> list[dict[str, Any]]:
    return [each for each in MANIFESTS if each["kind"] == kind]


def test_the_job_runs_the_flow_run_once_and_goes():
    job = rendered()
    assert (job["kind"], job["metadata"]["namespace"]) == ("Job", NAMESPACE)
    assert (job["spec"]["backoffLimit"], job["spec"]["ttlSecondsAfterFinished"]) == (0, 3600)
    assert pod_of(job)["restartPolicy"] == "Never"
    container = pod_of(job)["containers"][0]
    assert container["image"] == "nightpress:0.1.0"
    assert container["args"][:3] == ["prefect", "flow-run", "execute"]
    assert container["envFrom"] == [{"secretRef": {"name": "nightpress"}}]
    assert container["resources"]["limits"]["memory"] == "2Gi"


@pytest.mark.parametrize("manifest", [rendered(), of_kind("Deployment")[0]], ids=["job", "worker"])
def test_a_pod_is_nobody_and_writes_only_where_it_may(manifest: dict[str, Any]):
    pod, container = pod_of(manifest), pod_of(manifest)["containers"][0]
    assert f"USER {pod['securityContext']['runAsUser']}:" in DOCKERFILE.read_text()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    writable = {each["name"] for each in pod["volumes"] if "emptyDir" in each}
    state = image_environment()["NIGHTPRESS_STATE"]
    assert {mounts[state], mounts["/tmp"]} == writable
    assert image_environment()["PREFECT_HOME"].startswith(state)


def test_the_job_finds_state_and_models_where_they_are_mounted():
    job = rendered()
    mounts = {each["mountPath"] for each in pod_of(job)["containers"][0]["volumeMounts"]}
    environment = environment_of(job)
    assert environment["NIGHTPRESS_STATE"] in mounts
    assert environment["NIGHTPRESS_MODELS"] == "/etc/nightpress/models.yaml"
    assert pod_of(job)["serviceAccountName"] in {
        each["metadata"]["name"] for each in of_kind("ServiceAccount")
    }
    assert pod_of(job)["automountServiceAccountToken"] is False


def test_variables_of_a_deployment_are_used():
    job = rendered(
        image="elsewhere/nightpress:9",
        memory_limit="8Gi",
        env={"NIGHTPRESS_STATE": "/var/lib/nightpress", "MORE": "1"},
    )
    container = pod_of(job)["containers"][0]
    assert (container["image"], container["resources"]["limits"]["memory"]) == (
        "elsewhere/nightpress:9",
        "8Gi",
    )
    assert environment_of(job)["MORE"] == "1"


@pytest.fixture
def kubernetes_api() -> Iterator[tuple[str, Queue[tuple[str, dict[str, Any]]]]]:
    """An address that takes every Job, and what was sent there."""
    sent: Queue[tuple[str, dict[str, Any]]] = Queue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            sent.put((self.path, json.loads(body)))
            self.send_response(201)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    server.server_close()


def test_the_password_of_the_api_does_not_stand_in_the_job(kubernetes_api, monkeypatch: pytest.MonkeyPatch):
    """A worker copies its settings into each Job; told its Secret, it puts a reference there instead."""
    declared = {each["name"]: each for each in pod_of(of_kind("Deployment")[0])["containers"][0]["env"]}
    assert set(declared) <= known_names()
    for name, each in declared.items():
        if "value" in each:
            monkeypatch.setenv(name, each["value"])
    address, sent = kubernetes_api

    async def send() -> None:
        job = await KubernetesWorkerJobConfiguration.from_template_and_values(TEMPLATE, {})
        job.prepare_for_flow_run(FlowRun(id=uuid4(), flow_id=uuid4(), name="night"))
        async with ApiClient(Configuration(host=address)) as client:
            await KubernetesWorker(work_pool_name="nightpress")._create_job(job, client)

    with temporary_settings(
        {PREFECT_API_URL: "http://prefect:4200/api", PREFECT_API_AUTH_STRING: "admin:secret"}
    ):
        asyncio.run(send())
    path, job = sent.get(timeout=10)
    assert path == f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
    assert "admin:secret" not in json.dumps(job)
    environment = {each["name"]: each for each in pod_of(job)["containers"][0]["env"]}
    assert (
        environment["PREFECT_API_AUTH_STRING"]["valueFrom"]
        == declared["PREFECT_API_AUTH_STRING"]["valueFrom"]
    )
    assert environment_of(rendered())["PREFECT_API_AUTH_STRING"] == "admin:secret", (
        "which it would be otherwise"
    )


def test_the_worker_watches_its_own_namespace_only(monkeypatch: pytest.MonkeyPatch):
    for each in pod_of(of_kind("Deployment")[0])["containers"][0]["env"]:
        if "value" in each:
            monkeypatch.setenv(each["name"], each["value"])
    assert KubernetesSettings().observer.namespaces == {NAMESPACE}


def test_the_workers_command_exists_and_its_rights_end_at_its_namespace():
    program, *rest = pod_of(of_kind("Deployment")[0])["containers"][0]["args"]
    assert program == "prefect"
    assert callable(_app.parse_args(rest, exit_on_error=False, print_error=False)[0])
    assert {each["metadata"]["namespace"] for each in MANIFESTS} == {NAMESPACE}
    assert {each["kind"] for each in MANIFESTS} & {"ClusterRole", "ClusterRoleBinding"} == set()
    resources = {name for rule in of_kind("Role")[0]["rules"] for name in rule["resources"]}
    assert "secrets" not in resources
    assert {"jobs", "pods", "pods/log"} <= resources


def test_the_template_keeps_every_variable_of_prefects_own():
    own = KubernetesWorker.get_default_base_job_template()["variables"]["properties"]
    assert set(own) - set(TEMPLATE["variables"]["properties"]) == {"cpu_limit"}
    used = json.dumps(TEMPLATE["job_configuration"])
    assert [name for name in TEMPLATE["variables"]["properties"] if "{{ " + name + " }}" not in used] == []


def test_a_server_takes_the_template_and_refuses_wrong_variables(prefect_server: Server):
    name = f"kubernetes-{uuid4().hex[:8]}"
    with httpx.Client(base_url=f"{prefect_server.url}/", timeout=20) as api:
        pool = {"name": name, "type": "kubernetes", "base_job_template": TEMPLATE}
        assert api.post("work_pools/", json=pool).status_code == 201
        flow = api.post("flows/", json={"name": name}).json()["id"]
        deployment = {
            "name": name,
            "flow_id": flow,
            "work_pool_name": name,
            "enforce_parameter_schema": False,
        }
        fine = {"memory_limit": "8Gi", "image": "elsewhere/nightpress:9", "env": {"A": "b"}}
        made = api.post("deployments/", json={**deployment, "job_variables": fine})
        assert made.status_code == 201, made.text
        wrong = {"backoff_limit": "often"}
        assert api.post("deployments/", json={**deployment, "job_variables": wrong}).status_code in {409, 422}
        run = api.post(
            f"deployments/{made.json()['id']}/create_flow_run", json={"job_variables": {"cpu_request": "2"}}
        )
        assert run.status_code == 201, run.text
        assert run.json()["job_variables"] == {"cpu_request": "2"}
        api.delete(f"deployments/{made.json()['id']}")
        api.delete(f"work_pools/{name}")


@pytest.mark.services
@pytest.mark.skipif(
    not (TOOLS / "kubernetes-validate").exists(), reason="deployments/services.sh install brings it"
)
@pytest.mark.parametrize("version", ["1.28", "1.37"])
def test_kubernetes_own_schema_accepts_everything(version: str, tmp_path: Path):
    manifest = rendered()
    manifest["metadata"]["name"] = f"{manifest['metadata'].pop('generateName')}x"  # as the API server does
    job = tmp_path / "job.yaml"
    job.write_text(json.dumps(manifest))
    command = [str(TOOLS / "kubernetes-validate"), "--strict", "--kubernetes-version", version]
    done = subprocess.run([*command, str(job), str(WORKER)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(job.read_text().replace("restartPolicy", "restartPolice"))
    assert subprocess.run([*command, str(wrong)], capture_output=True).returncode != 0
