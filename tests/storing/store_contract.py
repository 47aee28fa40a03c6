"""What every kind of store promises. Subclasses give a `store` fixture, and `child` to open it elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from tasks.storing.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
ODD_PATHS = ["", "/a", "a//b", "a/", "../a", "a/../b", "./a", "a/..", "a\\b", "a\0b", ".hidden", "a/.tmp/b"]


def fail_midway(store, path, data, error=RuntimeError):
    with store.open_write(path) as file:
        file.write(data)
        raise error("midway")


class StoreContract:
    def test_what_is_written_is_read(self, store):
        store.write("a/b/c.bin", b"\0\xff one")
        assert store.read("a/b/c.bin") == b"\0\xff one"
        store.write("a/b/c.bin", b"")
        assert store.read("a/b/c.bin") == b""

    def test_names_of_people_are_kept(self, store):
        path = "outputs/run_date=2026-01-31/Blog é 日 #1 100%+&=.parquet"
        store.write(path, b"x")
        assert store.list("outputs") == [path]
        assert store.read(path) == b"x"

    def test_an_absent_file_is_file_not_found(self, store):
        for read in (store.read, store.open_read):
            with pytest.raises(FileNotFoundError):
                read("no/such")

    def test_a_folder_is_no_file(self, store):
        store.write("a/b", b"x")
        assert not store.exists("a")
        for path in ("a", "a/b/c"):
            with pytest.raises(FileNotFoundError):
                store.read(path)
            with pytest.raises(FileNotFoundError):
                store.open_read(path)

    def test_exists_before_and_after(self, store):
        assert not store.exists("a/b")
        store.write("a/b", b"")
        assert store.exists("a/b")

    def test_list_is_deep_sorted_and_of_that_folder_only(self, store):
        for path in ("t/b/2", "t/a", "t/b/1", "tt/x", "z"):
            store.write(path, b"")
        assert store.list("t") == ["t/a", "t/b/1", "t/b/2"]
        assert store.list() == ["t/a", "t/b/1", "t/b/2", "tt/x", "z"]
        assert store.list("none") == []

    def test_delete_takes_what_is_there(self, store):
        for path in ("a", "b/c", "b/d"):
            store.write(path, b"")
        store.delete(iter(["a", "b/c", "never"]))
        assert store.list() == ["b/d"]
        store.delete([])

    def test_a_file_tells_its_size_and_age(self, store):
        began = datetime.now(UTC) - timedelta(seconds=2)
        store.write("a/b", b"four")
        told = store.stat("a/b")
        assert told.size_bytes == 4
        assert began <= told.changed_at <= datetime.now(UTC) + timedelta(seconds=2)
        for absent in ("a", "a/c"):
            with pytest.raises(FileNotFoundError):
                store.stat(absent)

    def test_nothing_finished_is_unfinished(self, store):
        store.write("a/b", b"x")
        assert list(store.unfinished(datetime.now(UTC) + timedelta(days=1))) == []

    def test_odd_paths_are_rejected(self, store):
        verbs = [store.read, store.exists, store.open_read, store.open_write, store.stat]
        verbs += [
            lambda p: store.write(p, b""),
            lambda p: store.write_new(p, b""),
            lambda p: store.delete([p]),
        ]
        for path in ODD_PATHS:
            for verb in verbs + ([store.list] if path else []):
                with pytest.raises(ValueError, match="path"):
                    verb(path)
        assert store.list() == []

    def test_write_new_never_replaces(self, store):
        assert store.write_new("a/lock", b"first") is True
        assert store.write_new("a/lock", b"second") is False
        assert store.read("a/lock") == b"first"
        assert store.list() == ["a/lock"]

    def test_one_of_eight_threads_creates(self, store):
        for turn in range(3):
            start = Barrier(8)

            def create(number, start=start, turn=turn):
                start.wait()
                return store.write_new(f"lock-{turn}", str(number).encode() * 1000)

            with ThreadPoolExecutor(8) as pool:
                won = list(pool.map(create, range(8)))
            assert won.count(True) == 1
            assert store.read(f"lock-{turn}") == str(won.index(True)).encode() * 1000

    def test_open_write_appears_at_the_end(self, store):
        store.write("f", b"old")
        with store.open_write("f") as file:
            file.write(b"n" * 100_000)
            file.flush()
            assert store.read("f") == b"old"
            assert store.list() == ["f"]
            file.write(b"ew")
        assert store.read("f") == b"n" * 100_000 + b"ew"

    def test_open_write_that_fails_leaves_the_old(self, store):
        store.write("f", b"old")
        for path, size in (("f", 10), ("g", 10), ("f", 40 << 20)):
            with pytest.raises(RuntimeError, match="midway"):
                fail_midway(store, path, b"x" * size)
        assert store.list() == ["f"]
        assert store.read("f") == b"old"

    def test_an_error_of_the_writer_is_not_taken_for_the_stores(self, store):
        for kind in (PermissionError, FileNotFoundError):
            with pytest.raises(kind, match="midway"):
                fail_midway(store, "f", b"x", kind)

    def test_a_large_file_comes_back_whole(self, store):
        data = os.urandom(1 << 20) * 35
        with store.open_write("big") as file:
            for start in range(0, len(data), 3 << 20):
                file.write(data[start : start + (3 << 20)])
        assert store.read("big") == data

    def test_open_read_seeks(self, store):
        store.write("f", bytes(range(256)) * 20_000)
        with store.open_read("f") as file:
            assert file.seekable()
            assert file.seek(-3, os.SEEK_END) == 256 * 20_000 - 3
            assert file.read() == b"\xfd\xfe\xff"
            file.seek(256)
            assert file.read(3) == b"\0\1\2"

    def test_a_reader_never_mixes_two_versions(self, store):
        size = 3 << 20
        store.write("f", b"a" * size)
        with store.open_read("f") as file:
            seen = file.read(10)
            store.write("f", b"b" * size)
            try:
                file.seek(size - 10)
                seen += file.read()
            except OSError:
                return
        assert set(seen) == {ord("a")}


class BucketContract:
    def test_more_than_a_page_is_listed_and_deleted(self, store, monkeypatch):
        paths = [f"t/{number:02}" for number in range(10)]
        for path in paths:
            store.write(path, b"")
        monkeypatch.setattr("tasks.storing.s3_files.KEYS_PER_CALL", 3)
        assert store.list("t") == paths
        store.delete(paths[:-1])
        assert store.list("t") == paths[-1:]

    def test_a_bucket_that_goes_missing_says_so(self, store, bucket):
        bucket.client.delete_bucket(Bucket=bucket.name)
        for try_it in (lambda: store.write("a", b""), lambda: store.read("a"), store.list):
            with pytest.raises(UserError) as caught:
                try_it()
            assert f"no bucket '{bucket.name}'" in str(caught.value)
            assert "create it" in str(caught.value)
            assert bucket.endpoint in str(caught.value)

    def test_a_failed_upload_leaves_no_parts_to_pay_for(self, store, bucket):
        with pytest.raises(RuntimeError, match="midway"):
            fail_midway(store, "f", b"x" * (40 << 20))
        assert not bucket.client.list_multipart_uploads(Bucket=bucket.name).get("Uploads")


class KillContract:
    """`kill -9` of a writer in another process."""

    @contextmanager
    def writer(self, store, child_environment, body):
        script = f"import sys, time\nfrom tasks.storing.filesystem import Store\nstore = Store.open(sys.argv[1])\n{body}"
        process = subprocess.Popen(
            [sys.executable, "-c", script, store.url],
            stdout=subprocess.PIPE,
            env=os.environ | child_environment | {"PYTHONPATH": str(ROOT)},
        )
        try:
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()
            process.wait()
            process.stdout.close()

    def test_a_writer_killed_midway_leaves_the_old(self, store, child_environment):
        store.write("outputs/f", b"old")
        body = (
            "with store.open_write('outputs/f') as file:\n"
            "    file.write(b'n' * (20 << 20)); file.flush()\n"
            "    print('ready', flush=True); time.sleep(60)"
        )
        with self.writer(store, child_environment, body):
            pass
        assert store.read("outputs/f") == b"old"
        assert store.list() == ["outputs/f"]

    def test_a_torn_write_is_never_seen(self, store, child_environment):
        size = 4 << 20
        body = (
            f"store.write('f', b'a' * {size})\nprint('ready', flush=True)\n"
            f"while True:\n    for letter in (b'b', b'a'): store.write('f', letter * {size})"
        )
        reads = []
        with self.writer(store, child_environment, body):
            reads = [store.read("f") for _ in range(12)]
        reads.append(store.read("f"))
        assert {(len(data), len(set(data))) for data in reads} == {(size, 1)}
        assert store.list() == ["f"]
