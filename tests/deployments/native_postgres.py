"""Debian's PostgreSQL as the image `postgres` sets it up: one superuser with a password, one database, UTF-8."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def postgres_folder() -> Path | None:
    """Where the newest PostgreSQL's programs are, if there is one."""
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return max(found, key=lambda folder: int(folder.parent.name), default=None)


def other_user() -> str | None:
    """Whom PostgreSQL runs as where we are root, which it refuses."""
    if os.getuid():
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def make_database(data: Path, environment: Mapping[str, str], user: str | None) -> None:
    """Fill the empty folder `data`, for POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB, as `user`."""
    password = data.with_name("password")
    password.write_text(environment["POSTGRES_PASSWORD"])
    if user:
        for each in (data, password):
            shutil.chown(each, user)
    initdb = ["initdb", "-D", str(data), f"--username={environment['POSTGRES_USER']}", f"--pwfile={password}"]
    initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    create = f"create database {environment['POSTGRES_DB']}".encode()
    for command, said in ((initdb, None), (["postgres", "--single", "-D", str(data), "postgres"], create)):
        done = subprocess.run(
            command, input=said, env=dict(environment), user=user, cwd="/", capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()
