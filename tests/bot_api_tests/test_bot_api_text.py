"""How texts are counted, formatted and limited."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.sandbox.limits.composing import compose
from bot.sandbox.limits.entities import find_entities, utf16_length
from bot.sandbox.limits.formatting import FormattedText, checked_link
from bot.sandbox.limits.html_reader import parse_html
from bot.sandbox.limits.refusals import ApiError

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from tests.bot_api_tests.client import Answer, Client


def test_entities_count_utf16() -> None:
    assert utf16_length("😀a") == 3
    assert find_entities("😀 /ask@my_bot, @anna #tag1 see https://a.example/x?y=1. mail@b.org") == [
        {"type": "bot_command", "offset": 3, "length": 11},
        {"type": "mention", "offset": 16, "length": 5},
        {"type": "hashtag", "offset": 22, "length": 5},
        {"type": "url", "offset": 32, "length": 23},
        {"type": "email", "offset": 57, "length": 10},
    ]


@pytest.mark.parametrize(
    "text", ["a/b", "</b>", "/", "1/2", "/a/b", "x@yz", "@a", "#1", "##a", "3.5", "/cmd@x", "and/or"]
)
def test_entities_are_not_seen_where_there_are_none(text: str) -> None:
    assert find_entities(text) == []


def test_html_becomes_text_and_entities() -> None:
    parsed = parse_html('😀<b>a &lt;&amp;&#x1F600; <i>b</i></b> <a href="http://X.example">c</a>&nbsp;')
    assert parsed.text == "😀a <&😀 b c&nbsp;"
    assert parsed.entities == [
        {"type": "bold", "offset": 2, "length": 8},
        {"type": "italic", "offset": 9, "length": 1},
        {"type": "text_link", "offset": 11, "length": 1, "url": "http://x.example/"},
    ]


@pytest.mark.parametrize(
    ("html", "kind", "more"),
    [
        ("<blockquote expandable>a</blockquote>", "expandable_blockquote", {}),
        ("<blockquote>a</blockquote>", "blockquote", {}),
        ('<pre><code class="language-python">a</code></pre>', "pre", {"language": "python"}),
        ("<pre>a</pre>", "pre", {}),
        ("<b><strong>a</strong></b>", "bold", {}),
        ("<code class='language-c'>a</code>", "code", {}),
        ('<span class="tg-spoiler">a</span>', "spoiler", {}),
        ("<tg-spoiler>a</tg-spoiler>", "spoiler", {}),
        ("<DEL>a</Del>", "strikethrough", {}),
        ("<ins>a</ins >", "underline", {}),
        ('<tg-emoji emoji-id="5368324170671202286">a</tg-emoji>', "custom_emoji", None),
        ('<a href="tg://user?id=7">a</a>', "text_mention", {"user": {"id": 7}}),
    ],
)
def test_html_tags(html: str, kind: str, more: Answer | None) -> None:
    (entity,) = parse_html(html).entities
    assert entity["type"] == kind
    if more is not None:
        assert entity == {"type": kind, "offset": 0, "length": 1, **more}


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("é<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 2'),
        ("a <b c", 'Unclosed start tag "b" at byte offset 2'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">a</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>a</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x>a</a>', "Unclosed start tag at byte offset 0"),
        ("<tg-emoji>a</tg-emoji>", "Invalid custom emoji identifier specified"),
        ("&#xD800;", "Text contains invalid Unicode characters"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "can't be nested"),
        ("<code>a<b>b</b></code>", "can't be nested"),
        ("<b>a<code>b</code></b>", "can't be nested"),
        ("<pre>a<code>b</code></pre>", "must fill the whole"),
        ('<a href="https://a.example">a<a href="https://b.example">b</a></a>', "can't be nested"),
        ("<b class='x'>a</b>", 'The tag "b" has no attribute "class" at byte offset 0'),
        ('<a href="javascript:x()">a</a>', "would drop the link"),
        ("<a>a b</a>", "would drop the link"),
    ],
)
def test_html_mistakes_are_refused(html: str, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_html(html)
    assert words in caught.value.description


@pytest.mark.parametrize(
    "html",
    [
        "a &lt;b&gt; &amp;amp;",
        "😀 <b>a <i>b</i> c</b> d",
        '<blockquote expandable>a <a href="https://a.example/?x=1&amp;y=2">b</a></blockquote>',
        '<pre><code class="language-c">a &lt; b</code></pre>',
        "<tg-spoiler>a</tg-spoiler><u>b</u><s>c</s>",
    ],
)
def test_html_is_written_back(html: str) -> None:
    assert parse_html(html).html == html


def test_links_are_kept_as_telegram_keeps_them() -> None:
    assert checked_link("https://Example.ORG") == "https://example.org/"
    assert checked_link("example.org/A?b#c") == "http://example.org/A?b#c"
    assert checked_link("localhost") is None
    assert checked_link("ftp://example.org") is None
    assert checked_link("http://[::1") is None


def test_text_is_trimmed_and_marked() -> None:
    finished = compose("\n  a <b>b </b>\n/ask \n", "HTML", None, too_long="")
    assert finished.text == "a b \n/ask"
    assert finished.entities == [
        {"type": "bold", "offset": 2, "length": 2},
        {"type": "bot_command", "offset": 5, "length": 4},
    ]
    assert compose("<b>\n</b> a", "HTML", None, too_long="") == FormattedText("a")
    assert compose("<code>/ask</code>", "html", None, too_long="").entities == [
        {"type": "code", "offset": 0, "length": 4}
    ]


async def test_text_limits(call: Client, anna: Person) -> None:
    async def say(text: str, **more: object) -> str:
        return await call.refused("sendMessage", chat_id=anna.id, text=text, **more)

    assert await say("") == "Bad Request: message text is empty"
    assert await say(" \n ") == "Bad Request: text must be non-empty"
    assert await say("<b> </b>", parse_mode="HTML") == "Bad Request: text must be non-empty"
    assert await say("a" * 4097) == "Bad Request: message is too long"
    assert await say("😀" * 2049) == "Bad Request: message is too long"
    assert await say("a" * 33000) == "Bad Request: text is too long"
    assert await say("a", parse_mode="HTLM") == "Bad Request: unsupported parse_mode"
    assert "is not read by this server" in await say("a", parse_mode="MarkdownV2")
    assert "101 entities" in await say("<b>a</b> " * 101, parse_mode="HTML")
    crowded = await call.result(
        "sendMessage", chat_id=anna.id, text="#tag " * 100 + "<b>a</b>", parse_mode="HTML"
    )
    assert [entity["type"] for entity in crowded["entities"]] == ["hashtag"] * 99 + ["bold"]
    await call.result("sendMessage", chat_id=anna.id, text=f"<b>{'a' * 4096}</b>", parse_mode="HTML")
    edit = {"chat_id": anna.id, "message_id": 1, "text": "b" * 4097}
    assert await call.refused("editMessageText", **edit) == "Bad Request: MESSAGE_TOO_LONG"


async def test_given_entities_are_checked(call: Client, anna: Person) -> None:
    bold = {"type": "bold", "offset": 2, "length": 1}
    sent = await call.result("sendMessage", chat_id=anna.id, text="😀a", entities=[bold])
    assert sent["entities"] == [bold]
    said = await call.refused("sendMessage", chat_id=anna.id, text="a", entities=[bold])
    assert "ends after the end of the text at UTF-16 offset 3" in said
