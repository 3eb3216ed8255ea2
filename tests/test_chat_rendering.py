"""Answers and lists of articles are messages that Telegram takes, whatever the articles say."""

from dataclasses import replace
from datetime import date

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.chat.cards.answer_card import (
    render_answer,
    render_article,
    render_context,
    render_further,
    render_hit_card,
)
from bot.chat.cards.markup import Markup
from bot.model import Answer, AnswerKind, Article, Hit, Passage, Question, SmallTalk
from bot.sandbox.limits.composing import compose
from bot.sandbox.limits.entities import utf16_length, utf16_slice
from bot.sandbox.limits.formatting import FormattedText
from bot.sandbox.limits.html_reader import parse_html
from tests.chat_bot import CATALOGUES, phrases

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


def hit(  # noqa: PLR0913 - all but the text have defaults
    text: str,
    highlight: str | None = None,
    also: tuple[Article, ...] = (),
    *,
    before: str = "",
    after: str = "",
    short: str | None = None,
    answers: float | None = None,
    **parts: object,
) -> Hit:
    others = tuple(Passage(other, "The same.", 0, 0) for other in also)
    passage = Passage(article(**parts), text, 0, 0, before, after)
    return Hit(passage, 1.0, highlight, others, short, answers)


def answer(
    *hits: Hit,
    kind: AnswerKind = AnswerKind.ANSWER,
    leads: int = 1,
    unanswered: str | None = None,
    is_near: bool = False,
) -> Answer:
    question = Question("?", "en")
    return Answer(question, kind, 1.0, hits, "abc", 1.0, leads=leads, unanswered=unanswered, is_near=is_near)


def show(shown: Answer, language: str = "en") -> FormattedText:
    """Read an answer as it is first shown."""
    return read(render_answer(shown, CATALOGUES[language], 5).content)


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
    best = hit("72 land har signert.", highlight="72 land har signert")
    further = hit("72 countries signed.", language="en", outlet="Báo Tin tức", published=None, answers=0.9)
    message = show(answer(best, further, further))
    assert message.text == (
        "72 land har signert.\n"
        "— Dân trí · Oct 26, 2025 · in Norwegian\n\n"
        "More from the articles:\n"
        "72 countries signed.\n— Báo Tin tức · in English\n\n"
        "72 countries signed.\n— Báo Tin tức · in English"
    )
    assert find(message, "bold") == ["72 land har signert."]
    assert find(message, "text_link") == ["Dân trí", "Báo Tin tức", "Báo Tin tức"]
    assert find(message, "expandable_blockquote") == [message.text.partition("articles:\n")[2]]
    assert message.entities[1]["url"] == "https://example.org/a?b=1&c=2"


def test_rendering_of_one_passage_folds_nothing() -> None:
    message = show(answer(hit("72 land.")))
    assert message.text == "72 land.\n— Dân trí · Oct 26, 2025 · in Norwegian"


def test_rendering_names_agreeing_articles_once() -> None:
    others = (
        article(id="b", outlet="B"),
        article(id="c", outlet="C"),
        article(id="b", outlet="B"),
        article(),
    )
    message = show(answer(hit("72 land.", also=others)))
    assert message.text.endswith("· in Norwegian\nAlso in: B, C")
    assert find(message, "text_link") == ["Dân trí", "B", "C"]


def test_rendering_says_that_the_articles_do_not_answer_and_quotes_nothing() -> None:
    message = show(answer(hit("One.", "One", title="Closing"), hit("Two."), kind=AnswerKind.NOT_FOUND))
    assert message.text == f"{phrases.say('not-found-nearest')} Closing"
    assert find(message, "text_link") == ["Closing"]
    assert find(message, "bold") == []


def test_rendering_quotes_a_near_miss_as_such() -> None:
    near = hit(f"First, {'nothing ' * 30}, 72 land har signert.", "72 land", short="72 land")
    message = show(answer(near, kind=AnswerKind.NOT_FOUND, is_near=True))
    assert message.text == f"{phrases.say('not-found-near')}\n“…\u00a072 land har signert.”\n— Dân trí"
    assert find(message, "bold") == []


def test_rendering_begins_with_the_words_that_answer() -> None:
    message = show(answer(hit("I alt har 72 land signert.", "har 72 land", short="72 land", answers=0.9)))
    assert message.text.startswith("72 land\nI alt har 72 land signert.\n— ")
    assert find(message, "bold") == ["72 land", "72 land"]


def test_rendering_begins_with_the_sentence_where_the_words_are_many_or_doubted() -> None:
    many = hit(
        "One two three four five six seven eight nine.", short="One two three four five six seven eight nine"
    )
    assert show(answer(many)).text.startswith("One two three four five six seven eight nine.\n— ")
    doubted = hit("I alt har 72 land signert.", "I alt har 72 land signert", short="72", answers=0.3)
    assert find(show(answer(doubted)), "bold") == ["I alt har 72 land signert."]
    unsure = replace(hit("I alt har 72 land signert.", "har 72 land", short="72", answers=0.9), certainty=0.3)
    assert find(show(answer(unsure)), "bold") == ["I alt har 72 land signert."]
    whole = hit("72 land.", short="72 land")
    assert show(answer(whole)).text.startswith("72 land.\n— ")


def test_rendering_tears_no_phrase() -> None:
    text = "Til slutt takket Mebarki, leder for komiteen som forhandlet, alle land."
    message = show(answer(hit(text, "takket Mebarki, leder for komiteen")))
    assert find(message, "bold") == ["Til slutt takket Mebarki, leder for komiteen som forhandlet"]


def test_rendering_does_not_mark_a_remnant_of_what_answers() -> None:
    text = f"Especially, {'very ' * 30}many, and no others."
    clause = text[: len("Especially, ") + 50].rstrip()
    message = show(answer(hit(text, clause)))
    assert find(message, "bold") == []
    late = f"{'long ago, ' * 60}especially, {'very ' * 30}many."
    shown = show(answer(hit(late, late[600 : 600 + len("especially, very very very")]))).text
    assert "especially, very very very" in shown


def test_rendering_from_the_right_keeps_figures_apart_from_names() -> None:
    message = show(answer(hit("72 land.")), "ar")
    assert "Dân trí · \u200f26 أكتوبر 2025" in message.text
    # A slash behind a mark would make commands of the month and the year.
    assert "/" not in message.text
    near = answer(hit("72 land."), kind=AnswerKind.NOT_FOUND, is_near=True)
    assert show(near, "ar").text.endswith("\n\u200f— Dân trí")
    listed = read(render_article(article(title="Closing"), CATALOGUES["ar"]))
    assert listed.text.startswith("\u200fClosing\n\u200fDân trí · \u200f26")


def test_rendering_leaves_no_space_behind_a_wide_colon() -> None:
    message = show(answer(hit("72 land.", also=(article(id="b", outlet="B"),))), "ja")
    assert message.text.endswith("：B")


def test_rendering_shows_of_a_long_sentence_what_is_around_the_answer() -> None:
    text = f"{'long ago, ' * 30}in 2024, 72 countries signed, {'and went home, ' * 30}said the minister."
    message = show(answer(hit(text, short="72 countries")))
    quoted = message.text.split("\n")[1]
    assert quoted.startswith("…\u00a0long ago")
    assert quoted.endswith("and went home,\u00a0…")
    assert "in 2024, 72 countries signed" in quoted
    assert 30 <= len(quoted.split()) <= 44
    assert text in read(render_context(answer(hit(text, short="72 countries")), 0, phrases)).text


def test_rendering_begins_no_excerpt_with_a_bracket_that_belongs_to_nothing() -> None:
    office = f"Of the Office of the United Nations {'for this ' * 12}(UNODC)"
    text = f"{office}, said that 72 countries {'sign ' * 30}."
    quoted = show(answer(hit(text, "said that 72 countries"))).text
    assert quoted.startswith("…\u00a0said that 72 countries")


def test_rendering_answers_both_questions() -> None:
    two = answer(hit("72 land.", short="72"), hit("9 kapitler.", short="9"), hit("Mer."), leads=2)
    message = show(two)
    assert message.text.startswith("72\n72 land.\n— ")
    assert "\n\n9\n9 kapitler.\n— " in message.text
    assert find(message, "expandable_blockquote") == []
    assert render_answer(two, phrases, 5).end == 2


def test_rendering_names_the_question_that_is_not_answered() -> None:
    message = show(answer(hit("72 land."), unanswered="how tall is Mount Everest?"))
    missing = phrases.say("answer.part-missing", question="how tall is Mount Everest?")
    assert message.text.endswith(f"in Norwegian\n\n{missing}")


def test_rendering_tells_of_a_translation() -> None:
    message = show(answer(hit("72 land.", title="Closing speech", original="vi")))
    assert message.text == (
        "72 land.\n— Closing speech · Oct 26, 2025 · in Norwegian, translated from Vietnamese"
    )


def test_rendering_says_that_nothing_is_near() -> None:
    message = show(answer(kind=AnswerKind.NOT_FOUND))
    assert message.text == phrases.say("not-found-nothing-near")


def test_rendering_folds_only_what_answers_too_and_fits_a_screen() -> None:
    best, short, long = hit("72 land."), hit("f" * 100, answers=0.9), hit("g" * 700, answers=0.9)
    assert render_answer(answer(best, short, short, short), phrases, 5).end == 3
    assert render_answer(answer(best, short, long), phrases, 5).end == 2
    assert render_answer(answer(best, hit("Not this.", answers=0.2), short), phrases, 5).end == 1
    assert render_answer(answer(best, short, short), phrases, 2).end == 2


def test_rendering_shortens_a_passage_longer_than_a_message_at_a_word() -> None:
    message = show(answer(hit(f"{'word' * 60} " * 40)))
    assert 3800 < utf16_length(message.text) <= 4096
    assert "wordword…\n— Dân trí" in message.text


def test_rendering_shows_the_url_where_telegram_takes_no_link() -> None:
    message = show(answer(hit("72.", source="http://intranet/a")))
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
        hit(
            text,
            text[3:9],
            others,
            before=texts[-1],
            after=texts[0],
            outlet=outlet,
            source=f"https://example.org/{path}",
        )
        for text in texts
    ]
    shown = answer(*hits, kind=kind)
    pages = [render_answer(shown, phrases, 5)]
    while pages[-1].end < len(hits):
        pages.append(render_further(shown, pages[-1].end, phrases, 5))
    for rendered in (*(page.content for page in pages), render_context(shown, 0, phrases)):
        message = read(rendered)
        units = utf16_length(parse_html(rendered.html).text)
        assert utf16_length(message.text) <= rendered.units == units <= 4096
        assert not set(message.text) & set("\0\t\r\u202e\u2066\ud800\udfff\ufffe")


def test_rendering_of_further_passages_shows_them_unfolded_from_where_they_begin() -> None:
    shown = answer(*(hit(f"Sentence {number}.") for number in range(8)))
    assert render_answer(shown, phrases, 5).end == 1
    page = render_further(shown, 5, phrases, 2)
    message = read(page.content)
    assert (page.first, page.end) == (5, 7)
    assert message.text.startswith("More from the articles:\n\nSentence 5.\n— Dân trí")
    assert "Sentence 6." in message.text
    assert "Sentence 7." not in message.text
    assert find(message, "expandable_blockquote") == []


def test_rendering_counts_only_what_a_message_holds() -> None:
    shown = answer(*(hit(letter * 1500) for letter in "abcdef"))
    assert render_answer(shown, phrases, 5).end == 1
    second = render_further(shown, 1, phrases, 5)
    assert second.end == 3
    assert read(render_further(shown, 5, phrases, 5).content).text.count("f" * 1500) == 1


def test_rendering_of_context_marks_what_is_around() -> None:
    around = hit("72 land har signert.", short="72 land", before="Før dette.", after="Etter dette.")
    message = read(render_context(answer(around), 0, phrases))
    assert message.text == (
        "Før dette. 72 land har signert. Etter dette.\n— Dân trí · Oct 26, 2025 · in Norwegian"
    )
    assert find(message, "italic") == ["Før dette.", "Etter dette."]
    assert find(message, "bold") == ["72 land"]


def test_rendering_of_context_shortens_what_is_around_and_not_the_passage() -> None:
    around = hit("72 land har signert.", before="før " * 2000 + "nær.", after="Nær " + "etter " * 2000)
    message = read(render_context(answer(around), 0, phrases))
    assert utf16_length(message.text) > 4000
    assert message.text.startswith("…")
    assert "nær. 72 land har signert. Nær" in message.text
    assert "…\n— Dân trí" in message.text


def test_rendering_of_small_talk_answers_in_kind() -> None:
    thanks = Answer(Question("Thanks!", "en"), AnswerKind.SMALL_TALK, 1.0, (), "abc", 1.0, SmallTalk.THANKS)
    assert show(thanks).text == phrases.say("small-talk.thanks")
    assert all(phrases.say(f"small-talk.{kind.value}") for kind in SmallTalk)


def test_rendering_of_one_hit_is_the_top_of_an_answer() -> None:
    best = hit("72 land har signert.", "72 land", (article(id="b", outlet="B"),))
    assert render_answer(answer(best), phrases, 5).content == render_hit_card(best, phrases)


def test_rendering_of_an_article_leads_to_its_source() -> None:
    titled = article(id="b", title="Closing <speech>", language="fr", published=None)
    message = read(render_article(titled, phrases))
    assert message.text == "Closing <speech>\nDân trí · French"
    assert find(message, "text_link") == ["Closing <speech>"]
    assert read(render_article(article(), phrases)).text == "Dân trí · Oct 26, 2025 · Norwegian"
