"""`python -m deployments.production.database`: Prefect's database brought up to date, once, before anything works on it.

Tables, and Prefect's own block types. API processes that start together on a new database would each insert these, and
all but one would end (seen with two of 3.8.8); so they do neither (`MIGRATE_ON_START`, `REGISTER_BLOCKS_ON_START`).
"""

from __future__ import annotations

import asyncio

from prefect.server.database import provide_database_interface
from prefect.server.models.block_registration import run_block_auto_registration


async def bring_up_to_date() -> None:
    """Done again it changes nothing."""
    database = provide_database_interface()
    await database.create_db()
    async with await database.session() as session:
        await run_block_auto_registration(session=session)


if __name__ == "__main__":
    asyncio.run(bring_up_to_date())
