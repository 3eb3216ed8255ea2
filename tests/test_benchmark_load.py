"""The load benchmark runs, and counts what it should."""

import json
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import PIPE
from itertools import islice

import pytest

from bot.settings import PROJECT
from tests.benchmarks.load_crowd import ask_differently
from tests.benchmarks.load_soak import count_busiest


def test_load_questions_are_all_different() -> None:
    asked = [words.text for words in islice(ask_differently(), 3000)]
    assert len(set(asked)) == len(asked)
    assert len({words.language for words in islice(ask_differently(), 100)}) > 3


@pytest.mark.parametrize(
    ("times", "busiest"), [([], 0), ([5.0], 1), ([0.0, 0.5, 0.9, 1.0, 1.4], 4), ([0.0, 1.0, 2.0], 1)]
)
def test_load_busiest_second_counts_replies(times: list[float], busiest: int) -> None:
    assert count_busiest(times) == busiest


@pytest.mark.skipif(sys.platform != "linux", reason="the benchmark reads memory and CPU time from /proc")
async def test_load_compares_with_the_echo_bot() -> None:
    options = "--people 20 --rate 20 --seconds 1 --rounds 1 --peers echo constant --json"
    process = await create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.load", *options.split(), cwd=PROJECT, stdout=PIPE, stderr=PIPE
    )
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    result = json.loads(output)
    assert result["of echo"].keys() == {"echo", "constant"}
    for figures in result["figures"].values():
        assert figures["replies/s"][0] > 1
        assert figures["p50 ms"][0] <= figures["p95 ms"][0] <= figures["p99 ms"][0]
        assert figures["peak MB"][0] >= figures["idle MB"][0] > 10
