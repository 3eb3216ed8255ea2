"""Answers and lists of articles are messages that Telegram takes, whatever the articles say."""

from datetime import date

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.chat.markup import Markup
from bot.chat.rendering import render_answer, render_sources
from bot.model import Answer, AnswerKind, Article, Hit, Passage, Question
from tests.bot_api.composing import compose
from tests.bot_api.entities import utf16_length, utf16_slice
from tests.bot_api.formatting import FormattedText
from tests.bot_api.html_reader import parse_html
from tests.chat_bot import phrases

# Neither "@" nor "#", "/" and ".": what Telegram marks in a quotation by itself is not the bot's.
HOSTILE = st.text(st.sampled_from("<b>&\"';ax  \n\t\r\0\u202e\u2066\u200d\ud800\udfff😀é\u0301字\ufffe"))
LONG = st.builds(lambda part, times: part * times, HOSTILE, st.integers(1, 3000))


def article(**parts: object) -> Article:
    whole = {
        "id": "a",
        "language": "nb",
        "source": "https://example.org/a?b=1&c=2",
        "outlet": "Dân trí",
        "published": date(2025, 10, 26),
        "title": None,
        "paragraphs": (),
        "digest": "",
    } | parts
    return Article(**whole)  # type: ignore[arg-type]


def hit(text: str, highlight: str | None = None, also: tuple[Article, ...] = (), **parts: object) -> Hit:
    others = tuple(Passage(other, "The same.", 0, 0) for other in also)
    return Hit(Passage(article(**parts), text, 0, 0), 1.0, highlight, others)


def answer(*hits: Hit, kind: AnswerKind = AnswerKind.ANSWER) -> Answer:
    return Answer(Question("?", "en"), kind, 1.0, hits, "abc", 1.0)


def read(message: Markup) -> FormattedText:
    """Read a message as Telegram does, which refuses what it does not like."""
    return compose(message.html, "HTML", None, too_long="too long")


def find(message: FormattedText, kind: str) -> list[str]:
    """Return the parts of a message that are marked in one way."""
    return [
        utf16_slice(message.text, entity["offset"], entity["length"])
        for entity in message.entities
        if entity["type"] == kind
    ]


def test_rendering_of_an_answer_folds_all_but_the_best_passage() -> None:
    best = hit("72 land har signert.", highlight="72 land")
    further = hit("72 countries signed.", language="en", outlet="Báo Tin tức", published=None)
    message = read(render_answer(answer(best, further, further), phrases))
    assert message.text == (
        "72 land har signert.\n"
        "— Dân trí · Oct 26, 2025 · Norwegian\n\n"
        "More from the articles:\n"
        "72 countries signed.\n— Báo Tin tức · English\n\n"
        "72 countries signed.\n— Báo Tin tức · English"
    )
    assert find(message, "bold") == ["72 land"]
    assert find(message, "text_link") == ["Dân trí", "Báo Tin tức", "Báo Tin tức"]
    assert find(message, "expandable_blockquote") == [message.text.partition("articles:\n")[2]]
    assert message.entities[1]["url"] == "https://example.org/a?b=1&c=2"


def test_rendering_of_one_passage_folds_nothing() -> None:
    message = read(render_answer(answer(hit("72 land.")), phrases))
    assert message.text == "72 land.\n— Dân trí · Oct 26, 2025 · Norwegian"


def test_rendering_names_agreeing_articles_once() -> None:
    others = (
        article(id="b", outlet="B"),
        article(id="c", outlet="C"),
        article(id="b", outlet="B"),
        article(),
    )
    message = read(render_answer(answer(hit("72 land.", also=others)), phrases))
    assert message.text.endswith("· Norwegian\nAlso in: B, C")
    assert find(message, "text_link") == ["Dân trí", "B", "C"]


def test_rendering_says_that_the_articles_do_not_answer() -> None:
    message = read(render_answer(answer(hit("One."), hit("Two."), kind=AnswerKind.NOT_FOUND), phrases))
    heading, _, rest = message.text.partition("\n")
    assert heading == phrases.say("not-found")
    assert find(message, "expandable_blockquote") == [rest]
    assert "One." in rest
    assert "Two." in rest


def test_rendering_says_that_nothing_is_near() -> None:
    message = read(render_answer(answer(kind=AnswerKind.NOT_FOUND), phrases))
    assert message.text == phrases.say("not-found-nothing-near")


def test_rendering_drops_further_passages_before_it_shortens_the_best() -> None:
    best = hit("b" * 3000)
    message = read(render_answer(answer(best, hit("f" * 700), hit("g" * 700)), phrases))
    assert "b" * 3000 in message.text
    assert "f" * 700 in message.text
    assert "gg" not in message.text


def test_rendering_shortens_a_passage_longer_than_a_message_at_a_word() -> None:
    text = "word " * 1000
    for kind in (AnswerKind.ANSWER, AnswerKind.NOT_FOUND):
        message = read(render_answer(answer(hit(text, highlight=text.strip()), kind=kind), phrases))
        assert 4080 < utf16_length(message.text) <= 4096
        assert "word word…\n— Dân trí" in message.text


def test_rendering_shows_the_url_where_telegram_takes_no_link() -> None:
    message = read(render_answer(answer(hit("72.", source="http://intranet/a")), phrases))
    assert "— Dân trí (http://intranet/a) · " in message.text


@settings(deadline=None)
@given(
    texts=st.lists(LONG, min_size=1, max_size=6),
    outlet=HOSTILE.map(lambda name: f"O{name}"),
    path=HOSTILE,
    kind=st.sampled_from([AnswerKind.ANSWER, AnswerKind.NOT_FOUND]),
)
@example(texts=['<b>&"😀' * 1000] * 5, outlet='<b>&"😀' * 1000, path='">&<' * 1000, kind=AnswerKind.ANSWER)
@example(texts=["&" * 5000], outlet="&" * 500, path="&" * 290, kind=AnswerKind.NOT_FOUND)
def test_rendering_of_any_text_is_a_message(
    texts: list[str], outlet: str, path: str, kind: AnswerKind
) -> None:
    others = tuple(
        article(id=str(number), outlet=outlet, source=f"https://example.org/{path}") for number in range(9)
    )
    hits = [
        hit(text, text[3:9], others, outlet=outlet, source=f"https://example.org/{path}") for text in texts
    ]
    rendered = render_answer(answer(*hits, kind=kind), phrases)
    message = read(rendered)
    assert (
        utf16_length(message.text) <= rendered.units == utf16_length(parse_html(rendered.html).text) <= 4096
    )
    assert not set(message.text) & set("\0\t\r\u202e\u2066\ud800\udfff\ufffe")


def test_sources_lead_to_every_article() -> None:
    titled = article(id="b", title="Closing <speech>", language="fr", published=None)
    (message,) = render_sources([article(), titled], phrases)
    assert read(message).text == (
        "I answer from 2 articles:\n\n"
        "1. Dân trí · Oct 26, 2025 · Norwegian\n"
        "2. Closing <speech> · Dân trí · French"
    )
    assert find(read(message), "text_link") == ["Dân trí", "Closing <speech>"]


def test_sources_of_many_articles_are_several_messages_and_not_too_many() -> None:
    articles = [article(id=str(number), title=f"Title {number} " + "x" * 150) for number in range(1000)]
    messages = [read(message) for message in render_sources(articles, phrases)]
    assert len(messages) == 4
    listed = sum(len(find(message, "text_link")) for message in messages)
    assert messages[-1].text.endswith(f"… and {1000 - listed} more")
    assert "Title 0 " in messages[0].text
