"""How heavy the sandbox's page is, how soon it paints, and how soon it shows what the bot sent.

    python -m tests.benchmarks.sandbox [--loads 10] [--messages 50] [--json]

Chromium or Chrome of this machine is needed. First paint is the browser's own figure, with nothing
cached; the delay runs from the moment before the bot's HTTP call to the message being in the page.
Medians, with the greatest.
"""

import argparse
import asyncio
import json
import statistics
import time
from importlib.resources import files

import aiohttp
from playwright.async_api import Browser, ViewportSize, async_playwright
from rich.console import Console

from bot.sandbox.scene import Scene
from bot.sandbox.server import BotApi
from bot.sandbox.shots import Camera, browser_flags
from bot.sandbox.tab.deeds import Deeds
from bot.sandbox.tab.web import PageServer

VIEW = ViewportSize(width=390, height=780)
WATCH = """
() => {
  window.seen = {};
  new MutationObserver(() => {
    for (const text of document.querySelectorAll('.text')) window.seen[text.textContent] ??= Date.now();
  }).observe(document.getElementById('messages'), { childList: true, subtree: true });
}
"""


async def forget() -> None:
    """Stand for the bot, which is not here."""


def weigh_page() -> int:
    """Return the bytes of all parts of the page."""
    return sum(len(part.read_bytes()) for part in (files("bot.sandbox") / "page").iterdir() if part.is_file())


async def measure_paint(browser: Browser, address: str) -> float:
    """Return after how many milliseconds a fresh tab shows something."""
    context = await browser.new_context(viewport=VIEW)
    page = await context.new_page()
    await page.goto(address)
    await page.locator("main[data-ready]").wait_for()
    await page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    await context.close()
    return float(paint)


async def measure_delays(browser: Browser, address: str, scene: Scene, count: int) -> list[float]:
    """Return after how many milliseconds each message of the bot was in the page."""
    api, person = scene.api, scene.people["emma"]
    person.starts()
    context = await browser.new_context(viewport=VIEW)
    page = await context.new_page()
    await page.goto(address)
    await page.locator("main[data-ready]").wait_for()
    await page.evaluate(WATCH)
    delays = []
    async with aiohttp.ClientSession() as session:
        for number in range(count):
            words = f"Answer {number}. " + "It quotes sentences of some length. " * 10
            sent_at = time.time()
            call = {"chat_id": person.id, "text": words}
            async with session.post(f"{api.url}/bot{api.token}/sendMessage", json=call) as response:
                response.raise_for_status()
            await page.wait_for_function("words => window.seen[words]", arg=words.strip())
            seen_at = await page.evaluate("words => window.seen[words]", words.strip())
            delays.append(seen_at - 1000 * sent_at)
    await context.close()
    return delays


async def measure(loads: int, messages: int) -> dict[str, float]:
    """Measure everything once."""
    executable = Camera.find().browser
    async with BotApi() as api, async_playwright() as driver:
        scene = Scene(api)
        server = PageServer(scene, Deeds(scene, forget))
        await server.start()
        browser = await driver.chromium.launch(executable_path=executable, args=browser_flags())
        await measure_paint(browser, server.url)  # the browser's own start is not the page's
        paints = [await measure_paint(browser, server.url) for _ in range(loads)]
        delays = await measure_delays(browser, server.url, scene, messages)
        await browser.close()
        await server.stop()
    return {
        "page_bytes": weigh_page(),
        "first_paint_ms": round(statistics.median(paints), 1),
        "first_paint_max_ms": round(max(paints), 1),
        "delay_ms": round(statistics.median(delays), 1),
        "delay_max_ms": round(max(delays), 1),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--loads", type=int, default=10)
    parser.add_argument("--messages", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.loads, options.messages))
    if options.json:
        print(json.dumps(figures))  # noqa: T201 - this is what it is for
        return
    for name, value in figures.items():
        Console().print(f"{name:>20}  {value:,}")


if __name__ == "__main__":
    main()
