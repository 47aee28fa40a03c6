"""Blocks are fields plus one get_*; they need no server to be made."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from blocks.content_store import ContentStore
from blocks.model_catalog import ModelCatalog
from blocks.places import open_recipe, shipped_recipes
from blocks.provider_key import ProviderKey
from tasks.storing.errors import UserError
from tasks.storing.filesystem import Store

MODELS = (
    "providers:\n  l: {api: openai, base_url: 'http://127.0.0.1:1/v1'}\nmodels:\n  m: {provider: l, id: x}\n"
)


def test_a_content_store_opens_where_its_url_says(tmp_path):
    store = ContentStore(url=str(tmp_path / "store")).get_store()
    store.write("a/b.json", b"1")
    assert (tmp_path / "store" / "a" / "b.json").read_bytes() == b"1"


def test_a_provider_key_never_shows_itself():
    block = ProviderKey(api_key="sk-verysecret")
    assert block.get_key() == SecretStr("sk-verysecret")
    assert "verysecret" not in repr(block)
    assert "verysecret" not in block.model_dump_json()


def test_a_content_store_never_shows_its_secret(tmp_path):
    block = ContentStore(url=str(tmp_path), access_key="a", secret_key="verysecret")
    assert "verysecret" not in repr(block)


def test_a_model_catalog_holds_the_models_file():
    assert ModelCatalog(document=MODELS).get_catalog().model("m").id == "x"


def test_a_mistake_in_a_model_catalog_is_said_with_its_line():
    broken = MODELS.replace("provider: l", "provider: k")
    with pytest.raises(UserError, match=r"^model catalog block:4: provider 'k' is not in this file"):
        ModelCatalog(document=broken).get_catalog()


@pytest.mark.parametrize(
    ("block", "slug", "secrets"),
    [
        (ContentStore, "content-store", ["secret_key"]),
        (ProviderKey, "provider-key", ["api_key"]),
        (ModelCatalog, "model-catalog", []),
    ],
)
def test_block_types_keep_their_names_and_encrypt_their_secrets(block, slug, secrets):
    assert block.get_block_type_slug() == slug
    assert block.model_json_schema()["secret_fields"] == secrets


def test_a_published_recipe_goes_before_the_shipped_one_of_its_name(tmp_path):
    store = Store.open(str(tmp_path))
    shipped = open_recipe("product-copy", store)
    text = shipped_recipes()["product-copy"].read_text()
    store.write("_recipes/product-copy.yaml", text.replace(f"about: {shipped.about}", "about: mine").encode())
    assert open_recipe("product-copy", store).about == "mine"
