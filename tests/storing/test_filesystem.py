"""The store's contract on a disk and on moto, and what URLs mean."""

from __future__ import annotations

import os
import socket

import pytest
from pydantic import SecretStr
from store_contract import BucketContract, KillContract, StoreContract, fail_midway

from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store
from tasks.storing.local_files import LocalFiles


def open_bucket(bucket, **changes):
    given = {"endpoint": bucket.endpoint, "key": bucket.key, "secret": SecretStr(bucket.secret)}
    return Store.open(bucket.url, **given | changes)


class TestPlainPath(StoreContract, KillContract):
    child_environment = pytest.fixture(lambda self: {})

    @pytest.fixture
    def store(self, tmp_path):
        return Store.open(str(tmp_path / "not yet" / "there"))


class TestFileUrl(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return Store.open((tmp_path / "with space" / "100%").as_uri())


class TestS3(StoreContract, BucketContract, KillContract):
    @pytest.fixture
    def bucket(self, s3_bucket):
        return s3_bucket

    @pytest.fixture
    def child_environment(self, s3_bucket):
        return s3_bucket.environment

    @pytest.fixture
    def store(self, s3_bucket):
        return open_bucket(s3_bucket)


def test_opening_creates_nothing(tmp_path, s3_bucket):
    Store.open(str(tmp_path / "a" / "b")).list()
    open_bucket(s3_bucket).list()
    assert list(tmp_path.iterdir()) == []
    assert "Contents" not in s3_bucket.client.list_objects_v2(Bucket=s3_bucket.name)


def test_a_relative_path_is_resolved_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store.open("here/../there")
    assert store.url == str(tmp_path / "there")
    store.write("f", b"x")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert store.read("f") == b"x"


def test_a_home_path_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Store.open("~/store").url == str(tmp_path / "store")


def test_a_url_opens_the_same_store_again(tmp_path, s3_bucket, monkeypatch):
    s3_bucket.set_environment(monkeypatch)
    for given in (str(tmp_path / "a b"), (tmp_path / "ü %25").as_uri() + "/", s3_bucket.url + "/"):
        store = Store.open(given)
        assert not store.url.endswith("/")
        store.write("f", given.encode())
        assert Store.open(store.url).read("f") == given.encode()
        assert Store.open(store.url) == store


def test_a_bucket_without_prefix_is_a_store(s3_bucket, monkeypatch):
    s3_bucket.set_environment(monkeypatch)
    store = Store.open(f"s3://{s3_bucket.name}")
    store.write("a/b", b"x")
    assert store.list() == store.list("a") == ["a/b"]
    assert Store.open(f"s3://{s3_bucket.name}/a").list() == ["b"]


@pytest.mark.parametrize(
    "url", ["", " ", "gs://bucket", "s3a://b/x", "https://host/x", "s3://", "s3:/bucket/x", "file://host/x"]
)
def test_another_kind_of_url_is_a_user_error(url):
    with pytest.raises(UserError) as caught:
        Store.open(url)
    assert "s3://bucket" in str(caught.value) or "file:///path" in str(caught.value)


def test_a_prefix_must_be_a_path():
    with pytest.raises(UserError, match="prefix"):
        Store.open("s3://bucket/a//b")


def test_a_file_in_the_folders_place_is_a_user_error(tmp_path):
    (tmp_path / "f").write_text("x")
    with pytest.raises(UserError, match="is a file"):
        Store.open(str(tmp_path / "f"))


@pytest.fixture
def closed_folder(tmp_path):
    """A folder with a file, as somebody sees it who may not look into it."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "f").write_text("x")
    (tmp_path / "closed").chmod(0)
    ours = os.geteuid()
    if ours == 0:
        os.seteuid(65534)
    yield tmp_path
    os.seteuid(ours)
    (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_is_closed_to_us_is_a_user_error(closed_folder):
    store = Store(str(closed_folder), LocalFiles(closed_folder))
    for verb in (store.list, store.exists, store.read, lambda path: store.write(f"{path}/g", b"")):
        with pytest.raises(UserError, match="may not use"):
            verb("closed/f" if verb in {store.exists, store.read} else "closed")
    with pytest.raises(UserError, match="may not use"):
        Store.open(f"{closed_folder}/closed/store")


def test_a_missing_bucket_says_so(s3_bucket):
    with pytest.raises(UserError) as caught:
        Store.open(
            "s3://never-made", endpoint=s3_bucket.endpoint, key=s3_bucket.key, secret=SecretStr("testsecret")
        )
    assert "no bucket 'never-made'" in str(caught.value)
    assert "create it" in str(caught.value)
    assert s3_bucket.endpoint in str(caught.value)


def test_an_unreachable_server_says_so(s3_bucket, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(UserError) as caught:
            open_bucket(s3_bucket, endpoint=endpoint)
    assert "cannot reach" in str(caught.value)
    assert endpoint in str(caught.value)


def test_a_key_without_its_secret_is_a_user_error():
    with pytest.raises(UserError, match="secret"):
        Store.open("s3://bucket", key="k")


def test_no_secret_in_a_repr(s3_bucket):
    assert s3_bucket.secret not in repr(open_bucket(s3_bucket))


def test_a_new_listing_sees_what_another_client_wrote(s3_bucket):
    one, other = open_bucket(s3_bucket), open_bucket(s3_bucket)
    assert one.list() == []
    other.write("a/b", b"")
    assert one.list() == ["a/b"]
    assert one.exists("a/b")


def test_a_failed_local_write_leaves_no_temporary_file(tmp_path):
    store = Store.open(str(tmp_path))
    with store.open_write("t/f"):
        assert list((tmp_path / "t").iterdir()) == []
    store.delete(["t/f"])
    with pytest.raises(RuntimeError, match="midway"):
        fail_midway(store, "t/f", b"x")
    store.write_new("g", b"")
    store.write_new("g", b"")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "g"]
