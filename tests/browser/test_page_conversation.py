"""A conversation with the bot, in a real browser."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenPhone, opened_stage
from tests.browser.phone import Phone, Stage
from tests.chat_bot import CATALOGUES, write_article
from tests.harbour import CRANES, PAINTED, PIZZA, SEVEN, SPRING

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_page_describes_the_bot_and_starts_it(stage: Stage, open_phone: OpenPhone) -> None:
    phone = await open_phone()
    about = phone.page.locator("#about")
    await expect(about).to_contain_text("What can this bot do?")
    await expect(about).to_contain_text("Ask me a question, in any language.")
    await expect(phone.page.get_by_role("textbox")).to_be_hidden()
    await phone.page.get_by_role("button", name="Start", exact=True).click()
    await expect(phone.latest).to_be_visible()
    await expect(about).to_be_hidden()
    await expect(phone.page.get_by_role("textbox", name="Message")).to_be_focused()
    assert stage.emma.private_chat.messages[0].text == "/start"


async def test_page_shows_an_answer_as_telegram_does(phone: Phone) -> None:
    answer = await phone.asks(CRANES, SEVEN)
    await expect(answer.locator("strong", has_text="The harbour has seven cranes")).to_be_visible()
    source = answer.get_by_role("link", name="The harbour of Vik").first
    assert await source.get_attribute("href") == "https://post.example.org/vik"
    assert await source.get_attribute("rel") == "noopener noreferrer"
    await expect(answer.locator(".reply")).to_contain_text(CRANES)


async def test_page_folds_a_long_quote_and_unfolds_it(phone: Phone) -> None:
    answer = await phone.asks(SPRING, PAINTED)
    quote = answer.locator("blockquote .quoted")
    folded = await quote.evaluate("element => element.clientHeight")
    button = answer.get_by_role("button", name="Show all")
    await expect(button).to_have_attribute("aria-expanded", "false")
    await button.click()
    await expect(answer.get_by_role("button", name="Show less")).to_have_attribute("aria-expanded", "true")
    assert await quote.evaluate("element => element.clientHeight") > folded
    assert await quote.evaluate("element => element.scrollHeight <= element.clientHeight")
    await answer.get_by_role("button", name="Show less").click()
    assert await quote.evaluate("element => element.clientHeight") == folded


async def test_page_edits_the_card_in_place_where_its_buttons_are_pressed(phone: Phone) -> None:
    await phone.asks(CRANES, SEVEN)
    count = await phone.bubbles.count()
    await phone.presses("More")
    await expect(phone.latest.locator(".keyboard")).to_contain_text("Back")
    await phone.presses("Back")
    await expect(phone.latest.locator(".text")).to_contain_text(SEVEN)
    await phone.presses("Context")
    await expect(phone.latest.locator(".text")).to_contain_text("The harbour of Vik was opened in 1898.")
    assert await phone.bubbles.count() == count


async def test_page_takes_a_vote_and_shows_the_thanks(phone: Phone) -> None:
    await phone.asks(CRANES, SEVEN)
    await phone.presses("👍")
    await expect(phone.latest.get_by_role("button", name="👍 ✓")).to_be_focused()
    await expect(phone.page.get_by_role("status")).to_have_class("shown")
    assert await phone.page.get_by_role("status").inner_text()


async def test_page_lets_a_question_be_edited_and_shows_the_other_answer(phone: Phone) -> None:
    answer = await phone.asks(PIZZA, "not")
    await phone.page.get_by_role("textbox", name="Message").press("ArrowUp")
    await expect(phone.page.locator("#about-message")).to_contain_text("Edit message")
    await expect(phone.page.get_by_role("textbox", name="Message")).to_have_value(PIZZA)
    await phone.says(CRANES)
    await expect(answer.locator(".text")).to_contain_text(SEVEN)
    await expect(phone.page.locator(".message.mine").last).to_contain_text("edited")


async def test_page_leaves_an_edit_alone_on_escape(phone: Phone) -> None:
    await phone.asks(CRANES, SEVEN)
    own = phone.page.locator(".message.mine").last
    await own.hover()
    await own.get_by_role("button", name="Edit").click()
    await phone.page.keyboard.press("Escape")
    await expect(phone.page.locator("#about-message")).to_be_hidden()
    await expect(phone.page.get_by_role("textbox", name="Message")).to_have_value("")


async def test_page_speaks_the_language_that_a_reader_chooses(stage: Stage, open_phone: OpenPhone) -> None:
    sari = stage.scene.people["sari"]
    sari.starts()
    phone = await open_phone("sari")
    await phone.latest.wait_for()
    await phone.asks("/language", "")
    await phone.presses("Deutsch")
    await expect(phone.latest.locator(".text")).to_contain_text("Ich schreibe dir auf Deutsch")
    await phone.asks(PIZZA, "Darauf geben die Artikel")


async def test_page_answers_in_a_group_where_the_bot_is_mentioned(
    stage: Stage, open_phone: OpenPhone
) -> None:
    phone = await open_phone("kari", "group")
    await phone.says("Good morning!")
    await phone.asks(f"@sandbox_bot {CRANES}", SEVEN)
    await expect(phone.page.locator(".message.from-bot")).to_have_count(1)
    # Beside a person for each language: the admin and the bot.
    await expect(phone.page.locator("#chat-status")).to_have_text(f"{len(CATALOGUES) + 2} members")
    await expect(phone.latest.locator(".name")).to_have_text("Harbour")
    await phone.becomes("linh", "group")
    await expect(phone.page.locator(".message.theirs .name").first).to_have_text("Kari")
    assert len(stage.scene.people["kari"].private_chat.messages) == 0


async def test_page_keeps_topics_apart(open_phone: OpenPhone) -> None:
    phone = await open_phone("luc", "topic-1")
    await expect(phone.page.locator(".service")).to_have_text("Topic “Questions” was created")
    await phone.asks(f"@sandbox_bot {CRANES}", SEVEN)
    await phone.becomes("luc", "topic-2")
    await expect(phone.page.locator(".service")).to_have_text("Topic “Off-topic” was created")
    await expect(phone.bubbles).to_have_count(0)


async def test_page_replies_to_the_bot_in_a_group(open_phone: OpenPhone) -> None:
    phone = await open_phone("emma", "group")
    await phone.asks(f"@sandbox_bot {PIZZA}", "not")
    await phone.latest.hover()
    await phone.latest.get_by_role("button", name="Reply", exact=True).click()
    await phone.asks(CRANES, SEVEN)
    await expect(phone.page.locator(".message.mine").last.locator(".reply")).to_contain_text("Harbour")


async def test_page_asks_inline_and_sends_the_result_that_is_picked(open_phone: OpenPhone) -> None:
    phone = await open_phone("emma", "group")
    await phone.page.get_by_role("textbox", name="Message").fill(f"@sandbox_bot {CRANES}")
    results = phone.page.locator("#suggestions li")
    await expect(results.first).to_be_visible()
    await results.filter(has_text="seven cranes").first.click()
    sent = phone.page.locator(".message.mine").last
    await expect(sent).to_contain_text(SEVEN)
    await expect(sent.locator(".via")).to_have_text("via @sandbox_bot")
    await expect(phone.page.locator("#suggestions")).to_be_hidden()


async def test_page_offers_the_commands_and_sends_one(phone: Phone) -> None:
    await phone.page.get_by_role("textbox", name="Message").fill("/so")
    offered = phone.page.get_by_role("list", name="Commands").get_by_role("button")
    await expect(offered).to_have_count(1)
    await phone.page.keyboard.press("ArrowDown")
    await expect(offered).to_be_focused()
    await phone.page.keyboard.press("Enter")
    await expect(phone.latest).to_contain_text("Vikavisa")
    await expect(phone.page.get_by_role("textbox", name="Message")).to_have_value("")


async def test_page_follows_a_link_to_the_bot_with_a_question_in_it(phone: Phone) -> None:
    await phone.says("https://t.me/sandbox_bot?start=sources")
    await phone.page.locator(".message.mine a").last.click()
    await expect(phone.page.get_by_role("textbox")).to_be_hidden()
    await phone.page.get_by_role("button", name="Start", exact=True).click()
    await expect(phone.page.locator(".message.mine").last).to_contain_text("/start sources")
    await expect(phone.page.get_by_role("textbox", name="Message")).to_be_visible()


async def test_page_lets_the_admin_reload_changed_and_broken_articles(
    opening: Callable[..., Awaitable[Phone]], tmp_path: Path
) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    write_article(articles, "harbour", "The harbour has seven cranes, and they are red.")
    async with opened_stage(tmp_path, articles) as stage:
        phone = await opening(stage, "ada", "private")
        await phone.page.get_by_role("button", name="Start", exact=True).click()
        await phone.latest.wait_for()
        write_article(articles, "harbour", "The harbour has nine cranes, and they are blue.")
        await phone.asks("/reload", "harbour")
        await phone.asks(CRANES, "nine cranes")
        (articles / "harbour.md").write_text("no front matter", "utf-8")
        await phone.asks("/reload", "harbour.md")
        await phone.asks(CRANES, "nine cranes")
        assert stage.bot.desk.corpus.articles


async def test_page_sends_a_file_and_a_picture(phone: Phone, stage: Stage) -> None:
    text = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Some notes."}
    await phone.page.locator("#file").set_input_files(text)  # type: ignore[arg-type]
    sent = phone.page.locator(".message.mine .file")
    await expect(sent).to_contain_text("notes.txt")
    await expect(sent).to_contain_text("11 byte")
    picture = {"name": "dot.png", "mimeType": "image/png", "buffer": await phone.page.screenshot()}
    await phone.page.locator("#file").set_input_files(picture)  # type: ignore[arg-type]
    shown = phone.page.locator(".message.mine img")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("image => image.decode().then(() => image.naturalWidth)") == 390
    message = next(one for one in stage.emma.private_chat.messages if "photo" in one.content)
    photo = message.content["photo"][-1]
    assert (photo["width"], photo["height"]) == (390, 780)
    assert (await stage.emma.private_chat.reply_to(message)).text


async def test_page_is_the_same_in_two_tabs(phone: Phone, open_phone: OpenPhone) -> None:
    other = await open_phone()
    await phone.asks(CRANES, SEVEN)
    await expect(other.latest).to_contain_text(SEVEN)
    await other.presses("👍")
    for tab in (phone, other):
        await expect(tab.latest.get_by_role("button", name="👍 ✓")).to_be_visible()
    # Thanks are for whoever pressed.
    await expect(phone.page.locator("#toast")).not_to_have_class("shown")
    assert await phone.bubbles.all_inner_texts() == await other.bubbles.all_inner_texts()


async def test_page_goes_on_after_the_server_was_away(phone: Phone, stage: Stage) -> None:
    await stage.server.stop()
    try:
        await expect(phone.page.locator("#chat-status")).to_have_text("connecting…")
        await phone.says("is anybody there?")
        await expect(phone.page.locator("#toast")).to_have_text("The server is away. Nothing was sent.")
        await expect(phone.page.get_by_role("textbox", name="Message")).to_have_value("is anybody there?")
        await phone.page.locator("#file").set_input_files(
            {"name": "whales.txt", "mimeType": "text/plain", "buffer": b"Whales."}
        )
        await expect(phone.page.locator("#toast")).to_have_text("“whales.txt” was not taken.")
        stage.emma.says("meanwhile")
    finally:
        await stage.server.start()
    await expect(phone.page.locator(".message.mine").last).to_contain_text("meanwhile")
    await expect(phone.page.locator("#chat-status")).to_have_text("bot")
    await phone.asks(CRANES, SEVEN)
    complaints = [error for error in phone.errors if "ERR_CONNECTION_REFUSED" not in error]
    phone.errors[:] = complaints


async def test_page_shows_hostile_words_as_words(phone: Phone, stage: Stage) -> None:
    hostile = "<script>document.title = 'hacked'</script><img src=x onerror=alert(1)> \u202ethgir\u202c"
    await phone.says(hostile)
    own = phone.page.locator(".message.mine").last
    await expect(own.locator(".text")).to_have_text(hostile)
    assert await phone.page.locator("script:not([src]), #messages img").count() == 0
    stage.api.person(hostile, id=9).says(hostile, chat=stage.scene.places(stage.emma)[1].chat)
    await phone.becomes("emma", "group")
    await expect(phone.page.locator(".theirs .name").last).to_have_text(hostile)
    assert "hacked" not in await phone.page.title()


async def test_page_forgets_everything(phone: Phone, stage: Stage) -> None:
    await phone.asks(CRANES, SEVEN)
    await phone.page.get_by_role("button", name="People and chats").click()
    await phone.page.get_by_role("button", name="Forget everything").click()
    await phone.page.get_by_role("dialog").get_by_role("button", name="Forget everything").click()
    await expect(phone.bubbles).to_have_count(0)
    # Escape never means yes, and closes the question alone.
    stage.emma.says("again")
    await expect(phone.bubbles).not_to_have_count(0)
    await phone.page.get_by_role("button", name="Forget everything").click()
    await phone.page.keyboard.press("Escape")
    await expect(phone.page.get_by_role("dialog")).to_be_hidden()
    await expect(phone.page.get_by_role("button", name="Forget everything")).to_be_focused()
    await expect(phone.bubbles).not_to_have_count(0)
    await phone.page.get_by_role("button", name="Forget everything").click()
    await phone.page.get_by_role("dialog").get_by_role("button", name="Forget everything").click()
    await expect(phone.bubbles).to_have_count(0)
    await expect(phone.page.locator("#call-list li:not(.poll)")).to_have_count(0)
    assert stage.emma.private_chat.history == []
