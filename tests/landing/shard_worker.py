"""A process of its own that works one attempt at a shard as the task does, and says what its record says.

Arguments: a ShardReference and a ShardMoney, as JSON.
"""

from __future__ import annotations

import sys

import orjson

from tasks.landing.allowances import ShardMoney
from tasks.produce_shard import ShardReference, work

if __name__ == "__main__":
    reference, money = (orjson.loads(each) for each in sys.argv[1:3])
    record = work(ShardReference(**reference), ShardMoney(**money), 100)
    sys.stdout.write(record.model_dump_json())
