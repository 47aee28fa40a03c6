"""The services of `compose.yaml` as processes of this machine: same commands, environment, order and health checks.

What a container would change is changed here by text: host names and ports, and the folders that are mounted. Every
process listens on loopback, and its state lies below one folder.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compose_file import COMPOSE, example_variables, image_environment, read_compose
from native_postgres import make_database, other_user, postgres_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = COMPOSE.parents[2]
TOOLS = ROOT / ".tools" / "bin"
START_SECONDS = 120.0
STOP_SECONDS = 30.0
# As container and port; of SeaweedFS also what stays inside its container.
PORTS = {
    "postgres": 5432, "redis": 6379, "server": 4200, "s3": 8333, "worker": 8080,
    "master": 9333, "volume": 8080, "filer": 8888,
}  # fmt: skip


def missing_programs() -> list[str]:
    """What `deployments/services.sh install` would bring."""
    missing = [] if postgres_folder() else ["postgresql"]
    missing += [name for name in ("redis-server", "redis-cli", "wget") if not shutil.which(name)]
    return missing if (TOOLS / "weed").exists() else [*missing, "weed"]


def free_ports(count: int) -> list[int]:
    """Different ones, low enough for SeaweedFS to add 10,000."""
    found: list[int] = []
    port = 20000 + os.getpid() % 10000
    while len(found) < count:
        port += 1
        if is_free(port) and is_free(port + 10000):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class NativeCompose:
    """One stack; `up` starts it, `down` ends what was started."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.variables = {**example_variables(), **variables}
        self.services = read_compose(self.variables)
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.url = f"http://127.0.0.1:{self.ports['server']}/api"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def up(self) -> None:
        """Start every service after those that it depends on, and wait for its health check or its end."""
        done: set[str] = set()
        while len(done) < len(self.services):
            ready = [name for name in self.services if name not in done and done >= self._needs(name)]
            for name in ready:
                self._start(name)
            for name in ready:
                self._wait(name)
            done |= set(ready)

    def down(self) -> None:
        """End everything, as Docker Compose does: what depends on others first."""
        worker = [each for name, each in self._running.items() if name == "worker"]
        ours = [each for name, each in self._running.items() if self._is_ours(name)]
        for group in (worker, ours, list(self._running.values())):
            for process in group:
                process.terminate()
            for process in group:
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def log(self, name: str) -> str:
        """What a service has said."""
        return (self.folder / f"{name}.log").read_text()

    def environment(self, name: str) -> dict[str, str]:
        """What a service runs with here."""
        own = {key: str(value) for key, value in self.services[name]["environment"].items()}
        image = image_environment() if self._is_ours(name) else {}
        base = {"PATH": f"{Path(sys.executable).parent}:{TOOLS}:{postgres_folder()}:{os.environ['PATH']}"}
        merged = {**image, **own, **base, "PYTHONPATH": str(ROOT)}
        merged = {key: "127.0.0.1" if value in PORTS else value for key, value in merged.items()}
        return {key: self._here(name, value) for key, value in merged.items()}

    def _needs(self, name: str) -> set[str]:
        return set(self.services[name].get("depends_on", ()))

    def _is_ours(self, name: str) -> bool:
        return str(self.services[name]["image"]).startswith("nightpress:")

    def _here(self, name: str, text: str) -> str:
        """The same text, where this stack's addresses and folders are."""
        for host in ("postgres", "redis", "server", "s3"):
            text = text.replace(f"{host}:{PORTS[host]}", f"127.0.0.1:{self.ports[host]}")
            text = re.sub(
                rf"^{PORTS[host]}$|(?<=127\.0\.0\.1:){PORTS[host]}\b|(?<==){PORTS[host]}\b",
                str(self.ports[host]),
                text,
            )
        if name == "worker":
            text = re.sub(r"^8080$|(?<=127\.0\.0\.1:)8080\b", str(self.ports["worker"]), text)
        state = self.folder / ("state" if name == "worker" else f"state-{name}")
        text = text.replace("/var/lib/nightpress", str(state)).replace("/etc/nightpress", str(self.folder))
        return text.replace("0.0.0.0", "127.0.0.1").replace("/data", str(self.folder / f"data-{name}"))

    def _start(self, name: str) -> None:
        service = self.services[name]
        command = [*service.get("entrypoint", []), *map(str, service.get("command", []))]
        command = [self._here(name, each) for each in command]
        environment, user = self.environment(name), None
        for folder in (f"state-{name}", "state", f"data-{name}"):
            (self.folder / folder).mkdir(exist_ok=True)
        if name == "postgres":
            user = other_user()
            data = self.folder / "data-postgres"
            make_database(data, environment, user)
            command = ["postgres", "-D", str(data), "-h", "127.0.0.1", "-k", str(data), "-c", "fsync=off"]
            command += ["-p", str(self.ports["postgres"])]
        elif name == "redis":
            command += ["--port", str(self.ports["redis"]), "--bind", "127.0.0.1"]
            command += ["--dir", str(self.folder / "data-redis")]
        elif name == "s3":
            command += [f"-{part}.port={self.ports[part]}" for part in ("master", "volume", "filer")]
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                env=environment,
                cwd="/" if user else self.folder / f"state-{name}",
                user=user,
                stdout=log,
                stderr=log,
            )

    def _wait(self, name: str) -> None:
        """Until it is healthy, or has ended where that is what others wait for."""
        service, process = self.services[name], self._running[name]
        until = time.monotonic() + START_SECONDS
        check = service.get("healthcheck", {}).get("test")
        once = service.get("restart") == "no"
        while time.monotonic() < until:
            code = process.poll()
            if once and code == 0:
                return
            assert code is None, f"{name} has ended with {code}:\n{self.log(name)[-3000:]}"
            if not once and (check is None or self._is_healthy(name, check)):
                return
            time.sleep(0.3)
        raise AssertionError(f"{name} is not ready:\n{self.log(name)[-3000:]}")

    def _is_healthy(self, name: str, check: list[str]) -> bool:
        kind, *command = [self._here(name, each) for each in check]
        if name == "postgres":
            command.append(f"--port={self.ports['postgres']}")
        elif name == "redis":
            command = [command[0].replace("redis-cli", f"redis-cli -p {self.ports['redis']}")]
        shell = {"CMD": command, "CMD-SHELL": ["sh", "-c", *command]}[kind]
        return subprocess.run(shell, env=self.environment(name), cwd="/", capture_output=True).returncode == 0


def stack_log(compose: Any) -> str:
    """The ends of all logs, for a failure's message."""
    return "\n".join(f"--- {name}\n{compose.log(name)[-1500:]}" for name in compose.services)
