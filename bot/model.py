"""The nouns of the bot, frozen: the data that passes from one room to the next.

They carry data and nothing else. They know nothing of files, ranking, Telegram or SQLite, so
every room may import them without being tied to another one.
"""

import secrets
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Article:
    """An article: its source and its text.

    ``id`` is the path below the corpus folder without its suffix, ``language`` a primary
    BCP 47 subtag ("nb", never "no"), ``source`` an absolute http(s) URL that no other article
    has. ``digest`` is the SHA-256 of the file, in hexadecimal.
    """

    id: str
    language: str
    source: str
    outlet: str
    published: date | None
    title: str | None
    paragraphs: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence with its place: ``paragraph`` and ``position`` count from 0 in the article.

    ``before`` and ``after`` are the sentences around it in the article, as running text.
    """

    article: Article
    text: str
    paragraph: int
    position: int
    before: str = ""
    after: str = ""

    @property
    def id(self) -> str:
        """Name the passage within its corpus, e.g. ``norwegian/closing#3``."""
        return f"{self.article.id}#{self.position}"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Every article and every passage, in the order of the articles' ids.

    ``version`` is a short hash of the content of all articles: equal content, equal version.
    """

    articles: tuple[Article, ...]
    passages: tuple[Passage, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and its language (a primary BCP 47 subtag).

    ``earlier`` is the question that the same person asked just before, for questions that lean on it.
    """

    text: str
    language: str
    earlier: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; ``score``: larger is better.

    ``highlight`` is the clause that answers and ``short`` the words themselves, both exact
    substrings of the passage. ``also`` are passages of other articles that say the same. A pinned
    one was chosen by an admin.
    """

    passage: Passage
    score: float
    highlight: str | None = None
    also: tuple[Passage, ...] = ()
    short: str | None = None
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a search: hits, best first, and the confidence that the best ones answer.

    ``confidence`` is between 0 and 1. ``is_answer`` is the decision based on it.
    """

    hits: tuple[Hit, ...]
    confidence: float
    is_answer: bool


class AnswerKind(StrEnum):
    """The kinds of reply to a question."""

    ANSWER = "answer"
    NOT_FOUND = "not_found"
    SMALL_TALK = "small_talk"


class SmallTalk(StrEnum):
    """The meanings of messages that ask nothing."""

    GREETING = "greeting"
    HOW_ARE_YOU = "how_are_you"
    THANKS = "thanks"
    FAREWELL = "farewell"
    WHO_ARE_YOU = "who_are_you"


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question: ranked hits, or the nearest passages where the articles do not answer.

    Small talk has no hits; ``small_talk`` is its meaning.
    """

    question: Question
    kind: AnswerKind
    confidence: float
    hits: tuple[Hit, ...]
    corpus_version: str
    elapsed_ms: float
    small_talk: SmallTalk | None = None

    @property
    def is_answered(self) -> bool:
        """Whether the articles answer the question."""
        return self.kind is AnswerKind.ANSWER

    @property
    def is_pinned(self) -> bool:
        """Whether an admin chose the first passage for questions of this meaning."""
        return bool(self.hits) and self.hits[0].is_pinned

    @property
    def short(self) -> str | None:
        """The words that answer, from the first passage; none where the articles do not answer."""
        return self.hits[0].short if self.is_answered and self.hits else None


class Origin(StrEnum):
    """The place where a question was asked."""

    TELEGRAM = "telegram"
    TERMINAL = "terminal"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer as they are recorded. ``asked_at`` is in UTC.

    ``key`` names the exchange in buttons, long after it was recorded: 64 random bits, so that nobody
    can guess the key of another person's exchange.
    """

    asked_at: datetime
    origin: Origin
    answer: Answer
    user_id: int | None = None
    chat_id: int | None = None
    question_message_id: int | None = None
    answer_message_id: int | None = None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(8))


class Vote(StrEnum):
    """A person's vote on an answer."""

    UP = "up"
    DOWN = "down"


class Role(StrEnum):
    """The roles of the people who run the bot; owners are named by a setting, never by an owner."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class TroubleKind(StrEnum):
    """The kinds of trouble while the bot runs; each has an alert of its own."""

    DATABASE_UNWRITABLE = "database_unwritable"
    DATABASE_DAMAGED = "database_damaged"
    DATABASE_REMOVED = "database_removed"
    DATABASE_ROWS_LOST = "database_rows_lost"
    INBOX_OFF = "inbox_off"
    TELEGRAM_UNREACHABLE = "telegram_unreachable"
    OTHER_INSTANCE = "other_instance"
    HTML_REFUSED = "html_refused"
    UPDATE_FAILED = "update_failed"
    PIN_ASIDE = "pin_aside"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A trouble that begins, or one that ``is_over``; ``detail`` is for people and holds no secret.

    ``lasted_s`` is how long it lasted, where the reporter knows that better than the times of its
    reports tell.
    """

    kind: TroubleKind
    detail: str
    is_over: bool = False
    lasted_s: float | None = None
