"""A catalog to choose from: three models with strengths, one that nobody knows."""

from __future__ import annotations

from tasks.calling.catalog import Catalog, load_catalog
from tasks.calling.route_making import prices
from tasks.choosing.estimates import Estimates
from tasks.choosing.ranking import Known

MODELS = """
providers:
  here: {api: openai, base_url: "http://127.0.0.1:9"}
models:
  strong: {provider: here, id: strong, family: a, context: 100000, price: {input: 10, output: 40}, strengths: {analysis: 0.95, writing: 0.8}}
  middle: {provider: here, id: middle, family: b, context: 100000, price: {input: 1, output: 4}, strengths: {analysis: 0.85, writing: 0.9}}
  small: {provider: here, id: small, family: b, context: 8000, price: {input: 0.1, output: 0.4}, strengths: {analysis: 0.6, writing: 0.6}}
  strange: {provider: here, id: strange, family: c, strengths: {analysis: 0.9}}
compatibility: {strong: {middle: 0.6, small: 0.95}}
"""


def catalog() -> Catalog:
    return load_catalog(MODELS, name="models.yaml")


def known(estimates: Estimates | None = None, *, without: str = "") -> Known:
    file = catalog()
    priced = prices(file, [name for name in file.models if name != without])
    return Known(file, priced, estimates or Estimates())
