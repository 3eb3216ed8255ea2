"""The page's server: who is let in, what goes out, and what a page may ask for. No browser is needed."""

import json
import re
import secrets
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import aiohttp
import pytest

from bot.sandbox.scene import Scene
from bot.sandbox.server import BotApi
from bot.sandbox.tab.deeds import Deeds, split_text
from bot.sandbox.tab.web import PageServer, is_loopback
from bot.settings import PROJECT
from tests.chat_bot import CATALOGUES

PAGE = files("bot.sandbox") / "page"
PICTURES = ["answer.png", "refusal.png", "reload.png"]
MOST_PICTURE_BYTES = 72 * 1024


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with BotApi() as api:
        yield Scene(api)


async def forget_nothing() -> None:
    """Stand for the bot, which is not here."""


@pytest.fixture
async def server(scene: Scene) -> AsyncIterator[PageServer]:
    server = PageServer(scene, Deeds(scene, forget_nothing))
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Socket:
    """A page's WebSocket, which keeps what it was told."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.news: list[dict[str, Any]] = []

    async def ask(self, action: str, **request: object) -> dict[str, Any]:
        await self._socket.send_json({"do": action, "id": 1, **request})
        return await self.until(lambda news: news.get("answer") == 1)

    async def until(self, fits: Any) -> dict[str, Any]:  # noqa: ANN401 - a test of news
        while True:
            news = await self._socket.receive_json(timeout=5)
            self.news.append(news)
            if fits(news):
                return dict(news)


@pytest.fixture
async def socket(server: PageServer, session: aiohttp.ClientSession) -> AsyncIterator[Socket]:
    origin = server.url.rstrip("/")
    async with session.ws_connect(f"{server.url}live?person=emma&place=private", origin=origin) as opened:
        socket = Socket(opened)
        await socket.until(lambda news: "frame" in news)
        yield socket


async def test_page_server_refuses_other_hosts_and_origins(
    server: PageServer, session: aiohttp.ClientSession
) -> None:
    own = server.url.rstrip("/")
    for headers in (
        {"Host": "evil.example.org"},
        {"Host": f"evil.example.org:{server.port}"},
        {"Host": f"127.0.0.1:{server.port + 1}"},
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": own.replace("127.0.0.1", "localhost")},
    ):
        async with session.get(server.url, headers=headers) as response:
            assert response.status == 403, headers
    for path, method in (("live", "GET"), ("upload?person=emma&place=private", "POST")):
        for origin in (None, "https://evil.example.org"):
            headers = {} if origin is None else {"Origin": origin}
            async with session.request(method, server.url + path, headers=headers, data=b"x") as response:
                assert response.status == 403, (path, origin)
    localhost = server.url.replace("127.0.0.1", "localhost")
    async with session.get(localhost, headers={"Origin": localhost.rstrip("/")}) as response:
        assert response.status == 200


async def test_page_server_sends_a_strict_policy(server: PageServer, session: aiohttp.ClientSession) -> None:
    async with session.get(server.url) as response:
        policy = response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_page_server_listens_on_this_machine_only(scene: Scene) -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.7", "example.org", "")))  # noqa: S104
    with pytest.raises(ValueError, match=r"0\.0\.0\.0 is not this machine alone"):
        PageServer(scene, Deeds(scene, forget_nothing), host="0.0.0.0")  # noqa: S104


async def test_page_server_sends_files_never_as_pages(
    server: PageServer, scene: Scene, session: aiohttp.ClientSession
) -> None:
    message = scene.people["emma"].sends_document(b"<script>alert(1)</script>", "page.html")
    address = f"{server.url}file/{message.content['document']['file_id']}"
    async with session.get(address) as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"] == "attachment"
        assert await response.read() == b"<script>alert(1)</script>"
    for path in ("file/unknown", "nothing", "..%2fserver.py", "words.json.bak"):
        async with session.get(server.url + path) as response:
            assert response.status == 404, path


async def test_page_server_takes_files_from_somebody_only(
    server: PageServer, scene: Scene, session: aiohttp.ClientSession
) -> None:
    headers = {"Origin": server.url.rstrip("/")}
    address = f"{server.url}upload?name=a.txt"
    for query, body, status in (
        ("&person=emma&place=private", b"words", 204),
        ("&person=emma&place=private", b"", 400),
        ("&person=nobody&place=private", b"words", 400),
    ):
        async with session.post(address + query, headers=headers, data=body) as response:
            assert response.status == status
    sent = scene.people["emma"].private_chat.messages
    assert [message.content["document"]["file_name"] for message in sent] == ["a.txt"]


async def test_page_is_told_what_happens(socket: Socket, scene: Scene) -> None:
    assert await socket.ask("say", text="  Hello <b>you</b>  ") == {"answer": 1}
    shows_messages = (one for one in socket.news if "messages" in one)
    news = next(shows_messages, None) or await socket.until(lambda one: "messages" in one)
    shown = news["messages"][0]
    assert (shown["text"], shown["entities"], shown["mine"]) == ("Hello <b>you</b>", [], True)
    message = scene.people["emma"].private_chat.messages[0]
    await socket.ask("edit", message=message.message_id, text="Hello!")
    assert message.text == "Hello!"
    await socket.ask("be", person="kari", place="group")
    frame = (await socket.until(lambda one: "frame" in one))["frame"]
    assert (frame["person"], frame["place"]) == ("kari", "group")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"do": "dance"}, "there is nothing called 'dance' to do"),
        ({"do": "say", "text": "  "}, "text must be a text"),
        ({"do": "say", "text": 7}, "text must be a text"),
        ({"do": "say", "text": "x", "reply_to": 99}, "that message is not there any more"),
        ({"do": "edit", "message": 99, "text": "x"}, "that message is not there any more"),
        ({"do": "edit", "message": [], "text": "x"}, "that message is not there any more"),
        ({"do": "press", "message": 1, "row": 0, "column": 0}, "there is no such button any more"),
        ({"do": "choose", "query": "1", "result": "1"}, "there is no such result any more"),
        ({"do": "start", "parameter": "ä b"}, "no link can carry 'ä b'"),
        ({"do": "be", "person": "nobody", "place": "private"}, "there is nobody called 'nobody'"),
        ({"do": "be", "person": "emma", "place": "moon"}, "there is no place called 'moon'"),
        ({"do": "fail", "method": "dance", "kind": "429"}, "there is no method dance"),
        ({"do": "fail", "method": "*", "kind": "flood"}, "Telegram does not fail like 'flood'"),
    ],
)
async def test_page_is_told_what_cannot_be_done(
    socket: Socket, scene: Scene, request_: dict[str, Any], words: str
) -> None:
    scene.people["emma"].says("first")
    action = request_.pop("do")
    assert (await socket.ask(action, **request_))["error"] == words
    assert (await socket.ask("heal"))["answer"] == 1


async def test_page_cannot_edit_what_others_wrote(socket: Socket, scene: Scene) -> None:
    group = scene.places(scene.people["kari"])[1].chat
    message = scene.people["kari"].says("mine", chat=group)
    await socket.ask("be", person="emma", place="group")
    answer = await socket.ask("edit", message=message.message_id, text="yours")
    assert answer["error"] == "only the own messages can be edited"


async def test_page_server_ignores_what_is_not_json(
    server: PageServer, session: aiohttp.ClientSession
) -> None:
    origin = server.url.rstrip("/")
    async with session.ws_connect(f"{server.url}live", origin=origin) as opened:
        for words in ("{", "[]", "[" * 5000, "7"):
            await opened.send_str(words)
        await opened.send_bytes(b"\x00")
        assert (await Socket(opened).ask("heal"))["answer"] == 1


def test_sandbox_splits_long_texts_as_telegrams_apps_do() -> None:
    assert split_text(" Who? ") == ["Who?"]
    words = "word " * 2000
    parts = split_text(words)
    assert [len(part) for part in parts] == [4094, 4094, 1809]
    assert " ".join(parts) == words.strip()
    assert all(len(part.encode("utf-16-le")) <= 2 * 4096 for part in split_text("😀" * 5000))
    assert "".join(split_text("😀" * 5000)) == "😀" * 5000


def test_page_weighs_little() -> None:
    assert sum(len(part.read_bytes()) for part in PAGE.iterdir() if part.is_file()) <= 150_000


def test_page_has_every_word_in_each_language_of_the_bot() -> None:
    words = json.loads((PAGE / "words.json").read_text("utf-8"))
    assert sorted(words) == sorted(CATALOGUES)
    for language, catalogue in words.items():
        assert catalogue.keys() == words["en"].keys(), language
        for key, text in catalogue.items():
            assert text.strip(), (language, key)
            assert re.findall(r"\{\w+\}", text) == re.findall(r"\{\w+\}", words["en"][key]), (language, key)
    listed = re.search(r"LANGUAGES = (\[.+\])", (PAGE / "words.js").read_text("utf-8"))
    assert listed
    assert sorted(json.loads(listed[1])) == sorted(words)
    sources = "".join(
        part.read_text("utf-8") for part in PAGE.iterdir() if part.name.endswith((".js", ".html"))
    )
    used = set(re.findall(r"""say\("(\w+)"|data-(?:word|label|placeholder)="(\w+)\"""", sources))
    named = {key for pair in used for key in pair if key}
    composed = {key for key in words["en"] if key.startswith(("kind_", "service_"))}
    ternary = {"editing", "fold", "unfold", "edit", "reply"}
    assert named | composed | ternary == set(words["en"])


def test_page_builds_elements_and_reads_no_html() -> None:
    for part in PAGE.iterdir():
        if part.name.endswith((".js", ".html")):
            text = part.read_text("utf-8")
            for hazard in (
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "style=",
            ):
                assert hazard not in text, (part.name, hazard)
            assert not re.findall(r"""(?:src|href)="(?:https?:)?//""", text), part.name
            assert not re.findall(r"""\son\w+=""", text), part.name


def test_scene_has_somebody_of_each_language_and_an_admin() -> None:
    scene = Scene(BotApi(token=f"42:{secrets.token_urlsafe(27)}"))
    assert sorted({str(person.language_code) for person in scene.people.values()}) == sorted(CATALOGUES)
    assert scene.admin.private_chat.bot_status == "left"
    assert [place.key for place in scene.places(scene.admin)] == ["private", "group", "topic-1", "topic-2"]


def test_shots_of_the_readme_are_there_and_light() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    for name in PICTURES:
        path = f"tests/data/pictures/{name}"
        assert f'src="{path}"' in readme
        assert (PROJECT / path).stat().st_size <= MOST_PICTURE_BYTES
