"""How many people the bot can answer, beside python-telegram-bot's own echo bot.

    python -m tests.benchmarks.load [--people 2000] [--rate 30 --seconds 60] [--rounds 3] [--json]
    python -m tests.benchmarks.load --soak MINUTES [--every 5] [--json]

Each bot is a real process and talks HTTP to the strict Bot API of the tests, which runs in this
one. Measured are, with everything else the same for all:

- throughput: that many people ask at once; replies a second from the moment the questions lie on
  the server until the last reply has come there;
- the time from a question to its reply, while questions arrive at a constant rate (Telegram lets
  a bot send 30 messages a second);
- CPU time for one reply, of the bot and of the server: on a busy machine the steadiest figure,
  and it shows whether the server was what held up the bot;
- resident memory.

The peers are the echo bot with the library's defaults and with concurrent updates, this bot, and
this bot with its ranking taken out (``constant_bot``). The rounds are interleaved; figures are
medians, with the least and the greatest. The bot's own limits (a person's, Telegram's) are
switched off, except in the soak (``load_soak``). Linux only, for what it reads of a process.
"""

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bot.sandbox.server import BotApi
from tests.benchmarks.load_crowd import Crowd, Words, ask_differently
from tests.benchmarks.load_peers import ECHO, PEERS, Peer, PeerError, Running, run_peer
from tests.benchmarks.load_soak import describe_soak, print_soak, soak

_WARMING_UP = 30
_SAMPLED_S = 0.5
_PRINTED_WIDTH = 200

Figures = Mapping[str, tuple[float, float, float]]
"""Figures by name: median, least and greatest of the rounds."""


@dataclass(frozen=True, slots=True)
class Burst:
    """How everybody was answered who asked at once."""

    replies_per_s: float
    cpu_ms: float
    server_cpu_ms: float


@dataclass(frozen=True, slots=True)
class Run:
    """The figures of one peer in one round; what was not measured is missing."""

    burst: Burst | None
    latencies_ms: tuple[float, ...]
    idle_mb: float
    peak_mb: float


async def measure(peer: Peer, people: int, rate: int, seconds: int) -> Run:
    """Run a peer once: a burst of questions, then a steady flow of them.

    Raises:
        PeerError: the bot ended, or owes replies for good.
    """
    words = list(islice(ask_differently(), _WARMING_UP + people + rate * seconds))
    early, at_once, one_by_one = (
        words[:_WARMING_UP],
        words[_WARMING_UP : _WARMING_UP + people],
        words[_WARMING_UP + people :],
    )
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        async with BotApi() as api, run_peer(peer, api, Path(folder)) as running:
            await _burst(api, running, early)
            memory = [running.read_memory_mb()]
            # The server's own garbage collection is not to be anybody's latency.
            gc.collect()
            gc.freeze()
            sampling = asyncio.create_task(_sample_memory(running, memory))
            try:
                burst = await _burst(api, running, at_once) if at_once else None
                latencies = await _flow(api, running, one_by_one, rate) if one_by_one else ()
            finally:
                sampling.cancel()
                gc.unfreeze()
            return Run(burst, latencies, memory[0], max(memory))


async def _burst(api: BotApi, running: Running, questions: Sequence[Words]) -> Burst:
    """Let people ask at once."""
    crowd = Crowd(api, running)
    people = [api.person(language_code=words.language) for words in questions]
    # The server is in this loop: until all have asked it gives the bot nothing.
    for person, words in zip(people, questions, strict=True):
        crowd.ask(person, words.text)
    started, cpu_s, server_cpu_s = api.clock.now(), running.read_cpu_s(), time.process_time()
    await crowd.wait()
    return Burst(
        replies_per_s=len(people) / (crowd.reply_times[-1] - started),
        cpu_ms=(running.read_cpu_s() - cpu_s) * 1000 / len(people),
        server_cpu_ms=(time.process_time() - server_cpu_s) * 1000 / len(people),
    )


async def _flow(api: BotApi, running: Running, questions: Sequence[Words], rate: int) -> tuple[float, ...]:
    """Let people ask one after the other at a constant rate; return how long each reply took."""
    crowd = Crowd(api, running)
    people = [api.person(language_code=words.language) for words in questions]
    started = time.monotonic()
    for number, (person, words) in enumerate(zip(people, questions, strict=True)):
        # One that is late does not push back those behind it.
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        crowd.ask(person, words.text)
    await crowd.wait()
    return crowd.list_latencies_ms()


async def _sample_memory(running: Running, memory: list[float]) -> None:
    while True:
        memory.append(running.read_memory_mb())
        await asyncio.sleep(_SAMPLED_S)


async def compare(peers: Sequence[Peer], options: argparse.Namespace) -> dict[str, Figures]:
    """Run all peers in each round, every other round the other way around."""
    runs: dict[str, list[Run]] = {peer.name: [] for peer in peers}
    for number in range(options.rounds):
        for peer in peers[::-1] if number % 2 else peers:
            sys.stderr.write(f"round {number + 1} of {options.rounds}: {peer.name}\n")
            runs[peer.name].append(await measure(peer, options.people, options.rate, options.seconds))
    return {name: summarise(done) for name, done in runs.items()}


def summarise(runs: Sequence[Run]) -> Figures:
    """Return the figures of a peer's rounds."""
    values: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        if run.burst:
            values["replies/s"].append(run.burst.replies_per_s)
            values["CPU ms"].append(run.burst.cpu_ms)
            values["server ms"].append(run.burst.server_cpu_ms)
        if run.latencies_ms:
            cuts = statistics.quantiles(run.latencies_ms, n=100)
            for percent in (50, 95, 99):
                values[f"p{percent} ms"].append(cuts[percent - 1])
        values["idle MB"].append(run.idle_mb)
        values["peak MB"].append(run.peak_mb)
    return {name: (statistics.median(found), min(found), max(found)) for name, found in values.items()}


def find_ratio(figures: Mapping[str, Figures], peer: str) -> float | None:
    """Return a peer's throughput as a share of the echo bot's."""
    own, yardstick = (figures.get(name, {}).get("replies/s") for name in (peer, ECHO))
    return own[0] / yardstick[0] if own and yardstick else None


def print_comparison(console: Console, figures: Mapping[str, Figures]) -> None:
    """Print a row for each peer: medians with least and greatest, and the share of the echo bot's speed."""
    names = list(next(iter(figures.values())))
    table = Table("peer", *names, f"of {ECHO}", box=None, pad_edge=False)
    for peer, own in figures.items():
        cells = [f"{own[name][0]:.4g} ({own[name][1]:.4g}–{own[name][2]:.4g})" for name in names]
        ratio = find_ratio(figures, peer)
        table.add_row(peer, *cells, "-" if ratio is None else f"{ratio:.2f}")
    console.print(table)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--people", type=int, default=2000, help="who ask at once; 0 leaves this out")
    parser.add_argument("--rate", type=int, default=30, help="questions a second")
    parser.add_argument("--seconds", type=int, default=60, help="for so long; 0 leaves this out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), help="only these")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="the endurance test instead")
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS", help="between its samples")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _PRINTED_WIDTH)
    try:
        if options.soak:
            samples, verdict = asyncio.run(soak(options.soak * 60, options.every))
            if options.json:
                console.print_json(json.dumps(describe_soak(samples, verdict)))
            else:
                print_soak(console, samples, verdict)
            return
        peers = [PEERS[name] for name in options.peers]
        figures = asyncio.run(compare(peers, options))
    except PeerError as error:
        sys.exit(str(error))
    if options.json:
        ratios = {peer: find_ratio(figures, peer) for peer in figures}
        console.print_json(json.dumps({"figures": figures, f"of {ECHO}": ratios}))
    else:
        print_comparison(console, figures)


if __name__ == "__main__":
    main()
