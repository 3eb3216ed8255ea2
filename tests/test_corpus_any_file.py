"""Any file in the folder of the articles is an article or is refused, and any question can be asked of it.

A hundred files of each kind; ``GENERATED_ARTICLES=20000 pytest tests/test_corpus_any_file.py`` is the
long run.
"""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.answering import Desk
from bot.chat.cards.answer_card import render_answer, render_context
from bot.chat.cards.fitting import MESSAGE_UNITS, count_units
from bot.cli.printing import describe_answer
from bot.corpus.articles import CorpusError, load_corpus
from bot.corpus.importing import RawTextError, import_article
from bot.language import LanguageDetector
from bot.search.index import CorpusIndex
from bot.wording.phrases import load_phrases
from bot.wording.small_talk import load_small_talk

ARTICLES = int(os.environ.get("GENERATED_ARTICLES", "100"))
MAX_BYTES = 100_000
PHRASES = load_phrases()["vi"]
SMALL_TALK = load_small_talk()
DETECTOR = LanguageDetector({"en"})

any_file = settings(
    max_examples=ARTICLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

PIECES = st.sampled_from(
    [
        *(
            "<b>",
            "&",
            "</a>",
            "\0",
            "\r",
            "\x1b[1m",
            "\u202e",
            "\u2028",
            "\ufeff",
            "\u00a0",
            "字。",
            "ế",
            "😀",
            "e\u0301",
        ),
        *(
            ". ",
            "! ",
            "? ",
            ", ",
            "; ",
            " – ",
            "(",
            ")",
            "«",
            "»",
            "\n",
            "\n\n",
            "\t",
            " ",
            "+++\n",
            "72 ",
            "2 500 ",
            "1.",
        ),
        *(
            "M. ",
            "26. oktober ",
            "The harbour ",
            "has ",
            "seven ",
            "cranes",
            "http://a.org/",
            "'",
            '"',
            "\\",
            "[",
            "]",
        ),
    ]
)
WORDS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=60).map("".join)
TOML_VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                '"en"',
                '"no"',
                '"zh-Hans"',
                '"xx"',
                "false",
                "1",
                "1e400",
                "nan",
                "[]",
                "{}",
                "2025-10-26",
                "0001-01-01",
            ),
            *(
                '"https://example.org/a"',
                '"https://[::1]/"',
                '"https://[bad"',
                '"http://x:99999/"',
                "1979-05-27T07:32:00Z",
            ),
            *("[" * 900, "{a={a={}}}", "1" * 4400, '"""x"""', "07:32:00", '"\\u0000"', '"\\U0010ffff"'),
        ]
    ),
    WORDS.map(lambda words: f'"{words}"'),
    WORDS,
)
KEYS = st.sampled_from(
    ["language", "source", "outlet", "published", "title", "pages", '"a b"', "a.b", "[x]", ""]
)
LINES = st.lists(st.tuples(KEYS, TOML_VALUES).map(" = ".join), max_size=6)
SOUND = ['language = "en"', 'source = "https://example.org/a"']


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Make the bytes of a file: of any kind, or more or less an article."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=2_000))
    lines = [*(SOUND if draw(st.booleans()) else []), *draw(LINES)]
    if draw(st.integers(0, 3)):
        lines = list(dict.fromkeys(lines[:2])) if draw(st.booleans()) else lines
    fence = draw(st.sampled_from(["+++", "+++", "+++", " +++ ", "---", ""]))
    text = "\n".join([fence, *lines, fence, "", draw(WORDS)])
    content = text.encode("utf-8", "surrogatepass")
    return content.replace(b"\n", b"\r\n") if draw(st.integers(0, 9)) == 0 else content


@any_file
@given(files(), WORDS)
def test_any_file_is_an_article_that_can_be_asked_or_is_refused(content: bytes, asked: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.md"
        path.write_bytes(content)
        try:
            corpus = load_corpus(Path(folder), MAX_BYTES)
        except CorpusError as error:
            mistakes = error.mistakes
        else:
            mistakes = []
    if mistakes:
        assert all(str(mistake).startswith(folder) for mistake in mistakes)
        return
    assert all(passage.text.strip() == passage.text != "" for passage in corpus.passages)
    index = CorpusIndex.build(corpus)
    desk = Desk(index, lambda _progress: index, SMALL_TALK, lambda _languages: DETECTOR)
    answer = desk.ask(asked, limit=5)
    assert count_units(render_answer(answer, PHRASES, 5).content.plain) <= 2 * MESSAGE_UNITS
    assert render_answer(answer, PHRASES, 5).content.is_sendable
    for number in range(len(answer.hits)):
        assert render_context(answer, number, PHRASES).is_sendable
    assert len(describe_answer(answer).splitlines()) == 1


@any_file
@given(WORDS, st.lists(st.sampled_from(["Kilde: https://a.org/2025/10/26/x", "https://[", "Kommentar (0)"])))
def test_any_raw_text_becomes_an_article_or_is_refused(text: str, lines: list[str]) -> None:
    raw = "\n".join([text, *lines])
    try:
        made = import_article(raw, lambda _text: "en")
    except RawTextError:
        return
    assert made.name.strip(".") == made.name != ""
    assert "/" not in made.name
