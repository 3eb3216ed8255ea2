"""Answers as the terminal shows them, and as one JSON object a line for programs."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from bot.characters import DIRECTION_MARKS, UNFIT_FOR_TERMINALS
from bot.chat.cards.answer_card import find_further, name_languages, quote_near_miss
from bot.model import Answer, Article, Hit, Passage
from bot.search.highlight import find_short, find_sure_words
from bot.wording.phrases import Phrases

_INDENT = 3
_LEAST_WIDTH = 20
_PIPE_WIDTH = 100_000


def describe_answer(answer: Answer) -> str:
    """Return the answer as one line of JSON, in the form that the README documents."""
    return write_json(
        {
            "question": answer.question.text,
            "language": answer.question.language,
            "kind": answer.kind.value,
            "answered": answer.is_answered,
            "confidence": round(answer.confidence, 4),
            "short": answer.short,
            "certainty": None if answer.certainty is None else round(answer.certainty, 4),
            "pinned": answer.is_pinned,
            "passages": [_describe_hit(hit) for hit in answer.hits],
            "corpus": answer.corpus_version,
            "elapsed_ms": round(answer.elapsed_ms, 2),
        }
    )


def _describe_hit(hit: Hit) -> dict[str, Any]:
    article = hit.passage.article
    return {
        "text": hit.passage.text,
        "highlight": hit.highlight,
        "article": article.id,
        "outlet": article.outlet,
        "url": article.source,
        "language": article.language,
        "published": article.published.isoformat() if article.published else None,
        "score": round(hit.score, 4),
        "also": [_describe_passage(passage) for passage in hit.also],
    }


def _describe_passage(passage: Passage) -> dict[str, str]:
    article = passage.article
    return {
        "text": passage.text,
        "article": article.id,
        "outlet": article.outlet,
        "url": article.source,
        "language": article.language,
    }


def open_console(*, stderr: bool = False) -> Console:
    """Open standard output or standard error; a pipe gets lines as long as they are."""
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else _PIPE_WIDTH)


def print_answer(
    console: Console, answer: Answer, phrases: Phrases, examples: Iterable[str], end: int
) -> None:
    """Print an answer for a person: the words that answer, then the passages before ``end``.

    A question that asks two things has the best passage of each, with the words of each above it. Where
    the articles do not answer, ``examples`` are questions that they answer.
    """
    if answer.small_talk is not None:
        print_plain(console, phrases.say(f"small-talk.{answer.small_talk.value}"))
    elif answer.is_answered:
        for number, hit in enumerate(answer.hits[: answer.leads]):
            if short := find_short(hit):
                print_plain(console, short, style="bold")
            print_passages(console, answer, phrases, number, number + 1)
        print_passages(console, answer, phrases, answer.leads, end)
        if answer.unanswered:
            missing = phrases.say("answer.part-missing", question=answer.unanswered)
            print_plain(console, missing, style="yellow")
    else:
        print_plain(console, _describe_refusal(answer, phrases), style="yellow")
        offered = [f"{' ' * _INDENT}{example}" for example in examples]
        if offered:
            print_plain(console, "\n".join([phrases.say("example.offer"), *offered]))


def count_shown(answer: Answer) -> int:
    """Return how many passages are worth showing at once: as many as on the card on Telegram."""
    return answer.leads + sum(1 for _ in find_further(answer.hits[answer.leads :]))


def print_passages(console: Console, answer: Answer, phrases: Phrases, first: int, end: int) -> None:
    """Print the passages from ``first`` up to and without ``end``, each with its source."""
    for number, hit in enumerate(answer.hits[first:end], first + 1):
        _print_hit(console, number, _emphasise(hit), hit, phrases)


def print_context(console: Console, answer: Answer, number: int, phrases: Phrases) -> None:
    """Print a passage of an answer among the sentences around it."""
    hit = answer.hits[number]
    around = [
        Text(make_printable(hit.passage.before), style="dim"),
        _emphasise(hit),
        Text(make_printable(hit.passage.after), style="dim"),
    ]
    _print_hit(console, number + 1, Text(" ").join(filter(None, around)), hit, phrases)


def print_plain(console: Console, text: str, style: str = "") -> None:
    """Print a text as it is: nothing in it is markup, and a pipe gets it unwrapped."""
    console.print(Text(make_printable(text), style=style))


def make_printable(text: str) -> str:
    """Replace the characters that a terminal would obey instead of showing; direction marks are left out."""
    return UNFIT_FOR_TERMINALS.sub("\ufffd", DIRECTION_MARKS.sub("", text))


def write_json(content: object) -> str:
    """Return a line of JSON in which control characters of terminals are escaped."""
    written = json.dumps(content, ensure_ascii=False)
    return UNFIT_FOR_TERMINALS.sub(lambda match: json.dumps(match[0])[1:-1], written)


def describe_source(article: Article, phrases: Phrases) -> str:
    """Return an article's outlet, date and language in the reader's words."""
    details = [article.outlet, name_languages(article, phrases)]
    if article.published:
        details.insert(1, phrases.write_date(article.published))
    return make_printable(" · ".join(details))


def _describe_refusal(answer: Answer, phrases: Phrases) -> str:
    """Say that the articles do not answer, and name the nearest one; quote a near miss, as such."""
    if not answer.hits:
        return phrases.say("not-found-nothing-near")
    nearest = answer.hits[0]
    name = nearest.passage.article.title or nearest.passage.article.outlet
    if not answer.is_near:
        return f"{phrases.introduce('not-found-nearest')}{name}"
    quoted = phrases.say("asked", question=quote_near_miss(nearest))
    return f"{phrases.say('not-found-near')}\n{quoted}\n— {name}"


def _emphasise(hit: Hit) -> Text:
    """Return the text of a passage, the words that answer in bold, or else their clause."""
    text = Text(make_printable(hit.passage.text))
    clause = hit.passage.text.find(hit.highlight or "")
    words = find_sure_words(hit) or hit.highlight or ""
    start = hit.passage.text.find(words, max(0, clause))
    if start < 0:
        start = hit.passage.text.find(words)
    if words and start >= 0:
        text.stylize("bold", start, start + len(words))
    return text


def _print_hit(console: Console, number: int, text: Text, hit: Hit, phrases: Phrases) -> None:
    article = hit.passage.article
    console.print(Text(f"{number}. ".ljust(_INDENT), style="dim"), end="")
    _print_hanging(console, text)
    _print_line(console, Text(describe_source(article, phrases), style="dim"))
    _print_line(console, Text(make_printable(article.source), style="cyan"))
    agreeing = list(dict.fromkeys(passage.article.outlet for passage in hit.also))
    if agreeing:
        # Their addresses would be longer than the passage; /sources and --json have them.
        also = phrases.introduce("answer.also-in") + ", ".join(agreeing)
        _print_line(console, Text(make_printable(also), style="dim"))
    console.print()


def _print_hanging(console: Console, text: Text) -> None:
    """Print a text with a hanging indent, whose first line has already begun."""
    lines = text.wrap(console, max(_LEAST_WIDTH, console.width - _INDENT))
    console.print(Text(f"\n{' ' * _INDENT}").join(lines), soft_wrap=True)


def _print_line(console: Console, text: Text) -> None:
    """Print an indented line in one piece, so that a URL can be opened from the terminal."""
    console.print(Text(" " * _INDENT) + text, soft_wrap=True)
