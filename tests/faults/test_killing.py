"""Killed at any moment, the bot loses no question and no vote, and answers twice only in a stated window.

The window: Telegram has carried out ``sendMessage``, and the inbox does not say yet that the update
is done. An update that the dead process left marked as done must never be answered again.

``FAULT_ROUNDS`` is how often the process is killed, ``FAULT_SEED`` repeats a run.
"""

import asyncio
import os
import random
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from bot.wording.phrases import load_phrases
from tests.faults.conftest import Watched
from tests.service import START_S, Process, end, find_free_port, kill

if TYPE_CHECKING:
    from bot.sandbox.world.queries import Press

PHRASES = load_phrases()["en"]
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "4"))
WEBHOOK_ROUNDS = max(2, ROUNDS // 5)
PEOPLE = 6
# What the server still had in its hands when the process was killed.
SETTLING_S = 0.05
SUBJECTS = ("cranes", "harbour master", "oldest crane", "ships", "pizza")


@dataclass(eq=False)
class Asked:
    """A question, with how many answers it had after each kill and at the end."""

    person: Person
    message: Message
    update_id: int
    wording: str
    counts: list[int] = field(default_factory=list)
    is_edited: bool = False

    def count(self) -> None:
        self.counts.append(len(self.message.chat.replies_to(self.message)))


class Traffic:
    """People who ask, edit and press, until told to stop."""

    def __init__(self, api: BotApi, chance: random.Random) -> None:
        self._api = api
        self._chance = chance
        self._people = [api.person(f"Person {number}") for number in range(PEOPLE)]
        self._pressed: set[Message] = set()
        self.asked: list[Asked] = []
        self.presses: list[Press] = []

    async def flow(self) -> None:
        """Act, at irregular intervals, for ever."""
        while True:
            await asyncio.sleep(self._chance.uniform(0, 0.06))
            deed = self._chance.random()
            if deed < 0.6 or not self.asked:
                self._ask(self._chance.choice(self._people))
            elif deed < 0.75:
                self._edit(self._chance.choice(self.asked))
            else:
                self._press()

    def _ask(self, person: Person) -> None:
        words = f"{self._chance.choice(SUBJECTS)} number {len(self.asked)}?"
        update_id = self._api.updates.next_id
        self.asked.append(Asked(person, person.says(words), update_id, words))

    def _edit(self, asked: Asked) -> None:
        # Once each, so that the words tell which of the two was asked.
        if asked.is_edited:
            return
        asked.is_edited = True
        asked.wording = f"edited {asked.wording}"
        asked.person.edits(asked.message, asked.wording)

    def _press(self) -> None:
        """Vote against an answer, once: below a refusal, too, there is that button."""
        for asked in self.asked:
            for answer in asked.message.chat.replies_to(asked.message)[:1]:
                if answer not in self._pressed:
                    labels = [str(button["text"]) for button in answer.buttons]
                    votes = [label for label in labels if label.startswith("👎")]
                    assert votes, f"{answer.text!r} is no answer"
                    self._pressed.add(answer)
                    self.presses.append(asked.person.presses(answer, votes[0]))
                    return


async def kill_amid(service: Watched, traffic: Traffic, process: Process, chance: random.Random) -> float:
    """Kill the process at some moment, early in its start or amid its work; return when."""
    if chance.random() < 0.15:
        await asyncio.sleep(chance.uniform(0, 1.2))
    else:
        starts = service.log.count("Answering as @")
        async with asyncio.timeout(START_S):
            while service.log.count("Answering as @") == starts:  # noqa: ASYNC110 - another process writes
                await asyncio.sleep(0.02)
        await asyncio.sleep(chance.uniform(0, 0.6))
    assert process.returncode is None, service.log[-3000:]
    killed_at = time.time()
    await kill(process)
    await asyncio.sleep(SETTLING_S)
    for asked in traffic.asked:
        asked.count()
    return killed_at


async def run_rounds(service: Watched, api: BotApi, rounds: int, variables: dict[str, str]) -> None:
    seed = int(os.environ.get("FAULT_SEED", random.randrange(1_000_000)))  # noqa: S311 - no secret
    sys.stdout.write(f"FAULT_SEED={seed}\n")
    chance = random.Random(seed)  # noqa: S311 - no secret
    traffic = Traffic(api, chance)
    done: list[set[int]] = []
    killed_at: list[float] = []
    for _ in range(rounds):
        flowing = asyncio.create_task(traffic.flow())
        async with service.start(**variables) as process:
            killed_at.append(await kill_amid(service, traffic, process, chance))
        assert flowing.cancel(), flowing.exception()
        rows = service.read_copy("SELECT update_id FROM inbox WHERE done_at IS NOT NULL")
        done.append({int(str(update_id)) for (update_id,) in rows})
    async with service.start(**variables) as process:
        await until_done(service, api)
        await asyncio.sleep(SETTLING_S)
        for asked in traffic.asked:
            asked.count()
        await end(process)
    twice = check_answers(traffic, done, rounds)
    gaps = measure_gaps(api, twice, killed_at)
    check_order(traffic)
    check_log(service, traffic)
    unkept = check_votes(service, traffic, rounds)
    sys.stdout.write(
        f"{rounds} kills, {len(traffic.asked)} questions, {sum(a.is_edited for a in traffic.asked)} edited,"
        f" {len(traffic.presses)} votes, {unkept} of them for an answer that is not kept,"
        f" {len(twice)} answered twice, at most {max(gaps, default=0.0):.3f} s before a kill\n"
    )


async def until_done(service: Watched, api: BotApi) -> None:
    """Wait until nothing is left to do."""
    await api.polled(START_S)
    async with asyncio.timeout(START_S):
        while service.read("SELECT 1 FROM inbox WHERE done_at IS NULL LIMIT 1"):  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0.1)


def check_answers(traffic: Traffic, done: list[set[int]], rounds: int) -> list[tuple[Asked, int]]:
    """Hold every question answered, and again only after a kill in the window; return which and when."""
    twice = []
    for asked in traffic.asked:
        texts = {answer.text for answer in asked.message.chat.replies_to(asked.message)}
        assert PHRASES.say("apology") not in texts, asked.wording
        counts = [0] * (rounds + 1 - len(asked.counts)) + asked.counts
        assert counts[-1] >= 1, f"{asked.wording!r} was never answered"
        for run in range(rounds + 1):
            before = counts[run - 1] if run else 0
            assert counts[run] - before <= 1, f"{asked.wording!r} was answered twice by one process"
            if before and counts[run] > before:
                since = counts.index(before)
                assert all(asked.update_id not in done[killed] for killed in range(since, run)), (
                    f"{asked.wording!r} was answered again though it was marked as done"
                )
                twice.append((asked, since))
    # In the hands of a process is at most one update of each chat, and what it has just done with.
    assert len(twice) <= rounds * PEOPLE
    return twice


def measure_gaps(api: BotApi, twice: list[tuple[Asked, int]], killed_at: list[float]) -> list[float]:
    """Return how long before the kill each answer that came twice was carried out."""
    sent: dict[tuple[object, object], list[float]] = {}
    for call in api.calls_of("sendMessage"):
        answered = call.parameters.get("reply_parameters") or {}
        key = (call.parameters.get("chat_id"), answered.get("message_id"))
        sent.setdefault(key, []).append(call.at)
    gaps = []
    for asked, run in twice:
        times = sent[asked.message.chat.id, asked.message.message_id]
        gaps.append(killed_at[run] - max(at for at in times if at <= killed_at[run] + SETTLING_S))
    # Many times what a commit takes, on a machine that is busy.
    assert max(gaps, default=0) < 2
    return gaps


def check_order(traffic: Traffic) -> None:
    """Hold the first answers of each chat in the order of the questions."""
    for chat in {asked.message.chat for asked in traffic.asked}:
        first = list(dict.fromkeys(reply.reply_to.message_id for reply in chat.from_bot if reply.reply_to))
        assert first == sorted(first)


def check_log(service: Watched, traffic: Traffic) -> None:
    """Hold every question in the log, in the words that it ended with."""
    missing = {asked.wording for asked in traffic.asked} - set(service.list_questions())
    assert not missing, sorted(missing)
    assert service.read("PRAGMA integrity_check") == [("ok",)]
    assert service.read("SELECT count(*) FROM inbox WHERE payload IS NOT NULL") == [(0,)]


def check_votes(service: Watched, traffic: Traffic, rounds: int) -> int:
    """Hold every press answered, and its vote kept; return how many were for an answer that is not.

    That is one of an answer that came, or was put in the place of another, in the window: the one
    that is kept is the answer after it.
    """
    votes = service.read("SELECT key, vote FROM votes JOIN exchanges ON id = exchange_id")
    kept = {f"vote:{key}:{vote}" for key, vote in votes}
    unkept = [press for press in traffic.presses if press.data not in kept]
    assert {press.answer.text for press in unkept if press.answer} <= {PHRASES.say("press.too-old")}
    assert all(press.answer for press in traffic.presses)
    assert len(unkept) <= rounds * PEOPLE
    return len(unkept)


async def test_killed_bot_answers_everything_in_order(service: Watched, api: BotApi) -> None:
    await run_rounds(service, api, ROUNDS, {"BOT_LOG_LEVEL": "INFO"})


async def test_killed_bot_answers_everything_that_is_brought(service: Watched, api: BotApi) -> None:
    port = find_free_port()
    variables = {
        "BOT_LOG_LEVEL": "INFO",
        "BOT_WEBHOOK_URL": f"http://127.0.0.1:{port}/updates",
        "BOT_WEBHOOK_SECRET": "what_only-Telegram_knows",
        "BOT_WEBHOOK_PORT": str(port),
    }
    await run_rounds(service, api, WEBHOOK_ROUNDS, variables)
