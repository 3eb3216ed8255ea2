"""Serve an empty Bot API, without people and page, for any bot: `python -m bot.sandbox --port 8081`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from bot.sandbox.server import DEFAULT_TOKEN, BotApi


async def _serve(port: int, token: str) -> None:
    async with BotApi(port=port, token=token) as api:
        print(f"{api.url} {api.token}", flush=True)  # noqa: T201 - this is what it is for
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default=DEFAULT_TOKEN)
    options = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.port, options.token))


if __name__ == "__main__":
    main()
