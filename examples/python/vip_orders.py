"""A service of one's own in Python, whole: it keeps every large order in a table of its own.

    examples/python/run vip_orders.py nats://127.0.0.1:4222 vip.sqlite

All it needs of the house is NATS, the subjects, and the schemas of the events it reads:
`events.<partition>.<aggregate>.<shop>.<id>`, the event's type in the header `ce-type`, its schema in `ce-dataschema`,
its JSON as the body.
"""

import asyncio
import json
import signal
import sqlite3
import sys
from decimal import Decimal
from pathlib import Path

import nats
from nats.errors import TimeoutError as NothingThere
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
LARGE = Decimal(100)

# The key is what happened, not that we heard of it: hearing it twice changes nothing.
TABLE = """CREATE TABLE IF NOT EXISTS vip_orders (
    shop TEXT, order_id TEXT, customer_id TEXT, total TEXT, currency TEXT, position INTEGER,
    PRIMARY KEY (shop, order_id))"""


def understood(headers: dict[str, str]) -> bool:
    """Whether it is an order.placed of a version that we have a schema for."""
    if headers["ce-type"] != "order.placed":
        return False
    schema = SCHEMAS / headers["ce-dataschema"]
    if not schema.is_file():
        # Never pass over what we ought to read: stop, and be updated.
        raise SystemExit(f"{headers['ce-dataschema']} is newer than this program")
    return True


def keep(table: sqlite3.Connection, message) -> None:
    """Writes a large order down; commits before the message is acknowledged."""
    _, _, _, shop, order = message.subject.split(".")
    placed = json.loads(message.data, parse_float=Decimal)
    total, customer = placed["totals"]["total"]["shop"], placed["contact"]["customer_id"]
    if placed["test"] or customer is None or Decimal(total["amount"]) < LARGE:
        return
    row = (shop, order, customer, total["amount"], total["currency"], message.metadata.sequence.stream)
    with table:
        new = table.execute("INSERT OR IGNORE INTO vip_orders VALUES (?, ?, ?, ?, ?, ?)", row).rowcount
    if new:
        count = table.execute("SELECT count(*) FROM vip_orders WHERE shop = ? AND customer_id = ?", (shop, customer))
        print(f"customer {customer} of {shop}: {count.fetchone()[0]} large orders", flush=True)


async def main(url: str, database: str) -> None:
    table = sqlite3.connect(database)
    table.execute(TABLE)
    stop = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    client = await nats.connect(url)
    # The server keeps our place under this name; it never changes.
    events = await client.jetstream().pull_subscribe(
        "events.*.order.>",
        durable="vip_orders_py",
        stream="EVENTS",
        config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.EXPLICIT, max_deliver=-1),
    )
    print("ready", flush=True)
    while not stop.is_set():
        try:
            messages = await events.fetch(100, timeout=1)
        except NothingThere:
            continue
        for message in messages:
            if understood(message.headers):
                keep(table, message)
            await message.ack()
    await client.close()
    table.close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: vip_orders.py <NATS URL> <database file>")
    asyncio.run(main(*sys.argv[1:]))
