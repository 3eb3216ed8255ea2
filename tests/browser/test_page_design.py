"""How the page looks and who can use it: cards at the width of a phone, contrast, keyboard, languages."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, expect

from bot.sandbox.api.failures import too_many_requests
from tests.browser.conftest import PHONE, OpenPhone
from tests.browser.phone import Phone, Stage
from tests.chat_bot import phrases
from tests.harbour import CRANES, MASTER, PAINTED, PIZZA, SEVEN, SPRING

pytestmark = pytest.mark.asyncio(loop_scope="session")

WIDE = {"width": 1400, "height": 850}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LEAST_TARGET_PX = 24


async def find_violations(phone: Phone, rules: list[str]) -> list[str]:
    results = await Axe().run(phone.page, options={"runOnly": rules, "resultTypes": ["violations"]})
    return [
        f"{violation['id']}: {node['target']}: {node['failureSummary']}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]


async def assert_fits(phone: Phone, card: Locator) -> None:
    """Everything in a card is visible, within the width of the phone, and large enough to be hit."""
    await card.evaluate("element => element.scrollIntoView()")
    assert await phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await card.locator(".text").evaluate("element => element.scrollWidth <= element.clientWidth")
    for part in await card.locator(".text, .text a, .keyboard button, .keyboard a").all():
        box = await part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
    for button in await card.locator(".keyboard button").all():
        box = await button.bounding_box()
        assert box is not None
        assert box["height"] >= LEAST_TARGET_PX
        assert await button.inner_text()
        assert await button.evaluate("element => element.scrollWidth <= element.clientWidth")


async def test_card_of_an_answer_fits_a_phone(phone: Phone) -> None:
    card = await phone.asks(SPRING, PAINTED)
    await assert_fits(phone, card)
    await card.get_by_role("button", name="Show all").click()
    await assert_fits(phone, card)
    rows = await card.locator(".keyboard .row").all_inner_texts()
    assert [row.split() for row in rows] == [["More", "Context"], ["👍", "👎"]]


async def test_card_of_a_refusal_fits_a_phone(phone: Phone) -> None:
    await assert_fits(phone, await phone.asks(PIZZA, "not"))


async def test_card_of_further_passages_and_of_a_context_fit_a_phone(phone: Phone) -> None:
    await phone.asks(CRANES, SEVEN)
    await phone.presses("More")
    await expect(phone.latest.locator(".keyboard")).to_contain_text("Back")
    await assert_fits(phone, phone.latest)
    await phone.presses("Back")
    await expect(phone.latest.locator(".keyboard")).not_to_contain_text("Back")
    await phone.presses("Context")
    await expect(phone.latest.locator(".keyboard")).to_contain_text("Back")
    await expect(phone.latest).to_contain_text("Every spring")
    await assert_fits(phone, phone.latest)


async def test_card_of_a_greeting_and_the_lists_fit_a_phone(phone: Phone) -> None:
    await assert_fits(phone, phone.latest)
    for command, words in (("/sources", "Vikavisa"), ("/help", "/sources"), ("/privacy", "/forget")):
        await assert_fits(phone, await phone.asks(command, words))


async def test_card_of_a_reload_fits_a_phone(open_phone: OpenPhone) -> None:
    phone = await open_phone("ada")
    await phone.page.get_by_role("button", name="Start", exact=True).click()
    await phone.latest.wait_for()
    await assert_fits(phone, await phone.asks("/reload", phrases.say("reload.unchanged")))


# In the dark nothing but the colours is another.
@pytest.mark.parametrize(("scheme", "rules"), [("light", RULES), ("dark", ["color-contrast"])])
async def test_page_meets_wcag_aa(open_phone: OpenPhone, stage: Stage, scheme: str, rules: list[str]) -> None:
    stage.emma.starts()
    phone = await open_phone(color_scheme=scheme, viewport=WIDE)
    await phone.asks(CRANES, SEVEN)
    await phone.says("/nothing @sandbox_bot #tag https://example.org a@example.org")
    stage.api.fail("sendMessage", too_many_requests(1))
    await phone.says(MASTER)
    await expect(phone.page.locator("#call-list .refused").last).to_contain_text("Too Many Requests")
    await expect(phone.latest).to_contain_text("Ingrid Moe")
    await phone.page.locator("#call-list li:not(.poll) summary").last.click()
    assert await find_violations(phone, rules) == []
    await phone.page.set_viewport_size({"width": 390, "height": 780})
    await phone.page.get_by_role("button", name="Commands").click()
    assert await find_violations(phone, rules) == []
    await phone.page.keyboard.press("Escape")
    await phone.page.get_by_role("button", name="People and chats").click()
    assert await find_violations(phone, rules) == []
    await phone.page.keyboard.press("Escape")
    await phone.becomes("kari", "topic-1")
    await phone.asks(f"@sandbox_bot {CRANES}", SEVEN)
    assert await find_violations(phone, rules) == []
    await phone.becomes("luc")
    await expect(phone.page.locator("#about")).to_be_visible()
    assert await find_violations(phone, rules) == []


async def test_page_can_be_used_by_keyboard_alone(phone: Phone) -> None:
    await phone.page.get_by_role("textbox", name="Message").focus()
    await phone.page.keyboard.type(CRANES)
    await phone.page.keyboard.press("Enter")
    await expect(phone.latest).to_contain_text(SEVEN)
    for name in ("👎", "👍", "Context", "More"):
        await press_until_focused(phone, "Shift+Tab", name)
    await phone.page.keyboard.press("Enter")
    await expect(phone.latest.get_by_role("button", name="Back")).to_be_focused()
    await press_until_focused(phone, "Shift+Tab", "People and chats")
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.locator("#places [data-closes]")).to_be_focused()
    await press_until_focused(phone, "Tab", "Kari")
    await phone.page.keyboard.press("Enter")
    await expect(phone.page.get_by_role("button", name="People and chats")).to_be_focused()
    await expect(phone.page.locator("#about")).to_be_visible()


async def press_until_focused(phone: Phone, key: str, name: str) -> None:
    """Move the focus on until something of that name has it."""
    for _ in range(40):
        await phone.page.keyboard.press(key)
        focused: Any = await phone.page.evaluate(
            "[document.activeElement.ariaLabel, document.activeElement.innerText].join(' ')"
        )
        if name in focused:
            return
    pytest.fail(f"{name} never had the focus")


@pytest.mark.parametrize(
    ("locale", "language", "placeholder"),
    [
        ("en-US", "en", "Message"),
        ("no", "nb", "Melding"),
        ("fr-CA", "fr", "Message"),
        ("id", "id", "Pesan"),
        ("de-AT", "de", "Nachricht"),
        ("vi", "vi", "Tin nhắn"),
        ("es-MX", "es", "Mensaje"),
        ("pt-BR", "pt", "Mensagem"),
        ("ru", "ru", "Сообщение"),
        ("zh-CN", "zh", "消息"),
        ("ja", "ja", "メッセージ"),
        ("ar-EG", "ar", "رسالة"),
        ("pl", "en", "Message"),
    ],
)
async def test_page_speaks_the_language_of_the_browser(
    open_phone: OpenPhone, locale: str, language: str, placeholder: str
) -> None:
    phone = await open_phone(locale=locale)
    assert await phone.page.locator("html").get_attribute("lang") == language
    assert await phone.page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
    assert await phone.page.locator("#text").get_attribute("placeholder") == placeholder
    assert await phone.page.locator("[data-word]:empty").count() == 0


async def test_page_shows_calls_and_makes_telegram_fail(phone: Phone) -> None:
    await phone.page.set_viewport_size({"width": 1400, "height": 850})
    await phone.page.get_by_label("Failure").select_option("429: too many requests")
    await phone.page.get_by_role("button", name="Fail", exact=True).click()
    await expect(phone.page.locator("#fault-list")).to_have_text("Will fail: sendMessage ×1")
    await phone.asks(CRANES, SEVEN)
    refused = phone.page.locator("#call-list .refused", has_text="sendMessage")
    await expect(refused).to_have_count(1)
    await expect(refused.locator(".error")).to_have_text("429 Too Many Requests: retry after 3")
    await expect(refused.locator("pre")).to_contain_text("seven cranes")
    await expect(phone.page.get_by_role("button", name="End failures")).to_be_disabled()
    await phone.page.get_by_label("Every time, until it ends").check()
    await phone.page.get_by_role("button", name="Fail", exact=True).click()
    await expect(phone.page.locator("#fault-list")).to_have_text("Will fail: sendMessage ∞")
    await phone.page.get_by_role("button", name="End failures").click()
    await expect(phone.page.locator("#fault-list")).to_be_hidden()
    await expect(phone.page.locator("#call-list .poll").first).to_be_hidden()
    await phone.page.get_by_label("Show getUpdates as well").check()
    await expect(phone.page.locator("#call-list .poll").first).to_be_visible()


async def test_page_asks_nobody_but_its_server(phone: Phone, stage: Stage) -> None:
    await phone.asks(CRANES, SEVEN)
    assert phone.requests
    assert all(address.startswith(stage.server.url) for address in phone.requests)


async def test_page_shows_that_the_bot_is_typing(phone: Phone, stage: Stage) -> None:
    stage.emma.private_chat.actions.append(
        {"action": "typing", "at": stage.api.clock.now(), "message_thread_id": None}
    )
    stage.emma.private_chat.bell.ring()
    await expect(phone.page.locator("#chat-status")).to_have_text("typing…")
    await phone.asks(CRANES, SEVEN)
    await expect(phone.page.locator("#chat-status")).to_have_text("bot")
