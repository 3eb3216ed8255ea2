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
    has. ``digest`` is the SHA-256 of the file, in hexadecimal. ``original`` is the language in which the
    source was published, where the text is a translation of it.
    """

    id: str
    language: str
    source: str
    outlet: str
    published: date | None
    title: str | None
    paragraphs: tuple[str, ...]
    digest: str
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence with its place: ``paragraph`` and ``position`` count from 0 in the article.

    ``before`` and ``after`` are the sentences around it in the article, as running text without headings.
    A heading is kept like a sentence, and known as one.
    """

    article: Article
    text: str
    paragraph: int
    position: int
    before: str = ""
    after: str = ""
    is_heading: bool = False

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
class Earlier:
    """What came before a question: the question then, and the words of its answer if it was answered.

    ``is_reply``: the question is a reply to that answer.
    """

    question: str
    answer: str | None = None
    is_reply: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and its language (a primary BCP 47 subtag).

    ``earlier`` is what came before it, for a question that may lean on that.
    ``reads`` are the languages that they read, best first; that of the question if nothing else is known.
    """

    text: str
    language: str
    earlier: Earlier | None = None
    reads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question; ``score``: larger is better.

    ``highlight`` is the clause that answers and ``short`` the words themselves, both exact
    substrings of the passage. ``certainty`` is the reader's probability that these words hold the whole
    answer, between 0 and 1; None without words, or in an old record. ``also`` are passages of other
    articles that say the same. ``answers`` is the reader's probability that the passage answers, between
    0 and 1; None if it was not read. A pinned one was chosen by an admin.
    """

    passage: Passage
    score: float
    highlight: str | None = None
    also: tuple[Passage, ...] = ()
    short: str | None = None
    answers: float | None = None
    is_pinned: bool = False
    certainty: float | None = None

    @property
    def words(self) -> str:
        """The words that answer, as exactly as they are known: in the worst case the whole passage."""
        return self.short or self.highlight or self.passage.text


@dataclass(frozen=True, slots=True)
class Findings:
    """The result of a search: hits, best first, and the confidence that the best ones answer.

    ``confidence`` is between 0 and 1. ``is_answer`` is the decision based on it. Where a question asks two
    things, each of the first two hits answers one of them: ``leads`` is 2; or ``unanswered`` is the part
    that the articles do not answer. ``is_near``: the first hit does not answer, but is surely about the
    same thing. ``is_leaning``: the answer was only found with what came before.
    """

    hits: tuple[Hit, ...]
    confidence: float
    is_answer: bool
    leads: int = 1
    unanswered: str | None = None
    is_near: bool = False
    is_leaning: bool = False

    @property
    def words(self) -> str | None:
        """The words that answer; none where the articles do not answer."""
        return self.hits[0].words if self.is_answer and self.hits else None


class AnswerKind(StrEnum):
    """The kinds of reply to a question."""

    ANSWER = "answer"
    NOT_FOUND = "not_found"
    SMALL_TALK = "small_talk"


class SmallTalk(StrEnum):
    """The meanings of messages that ask nothing; ``NOTHING`` is one without a word, such as "?"."""

    GREETING = "greeting"
    HOW_ARE_YOU = "how_are_you"
    THANKS = "thanks"
    FAREWELL = "farewell"
    WHO_ARE_YOU = "who_are_you"
    ARE_YOU_AN_AI = "are_you_an_ai"
    WHAT_CAN_I_ASK = "what_can_i_ask"
    TELL_ME_MORE = "tell_me_more"
    ACKNOWLEDGEMENT = "acknowledgement"
    REFUSAL = "refusal"
    COMPLAINT = "complaint"
    TEST = "test"
    ADDRESS = "address"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to a question: ranked hits, or the nearest passages where the articles do not answer.

    Small talk has no hits; ``small_talk`` is its meaning. ``leads``, ``unanswered`` and
    ``is_near``: as in ``Findings``.
    """

    question: Question
    kind: AnswerKind
    confidence: float
    hits: tuple[Hit, ...]
    corpus_version: str
    elapsed_ms: float
    small_talk: SmallTalk | None = None
    leads: int = 1
    unanswered: str | None = None
    is_near: bool = False

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

    @property
    def certainty(self) -> float | None:
        """How likely it is exactly those words; None where there are none, or an old record."""
        return self.hits[0].certainty if self.short is not None else None

    def recall(self, *, is_reply: bool = False) -> Earlier | None:
        """Return what the next question may lean on; nothing after small talk."""
        if self.kind is AnswerKind.SMALL_TALK:
            return None
        words = self.hits[0].words if self.is_answered and self.hits else None
        return Earlier(self.question.text, words, is_reply)


class Origin(StrEnum):
    """The place where a question was asked."""

    TELEGRAM = "telegram"
    TERMINAL = "terminal"
    ASK = "ask"


def make_exchange_key() -> str:
    """Return a new key of an exchange."""
    return secrets.token_urlsafe(8)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer as they are recorded. ``asked_at`` is in UTC.

    ``topic_id`` is that of the forum topic in which it was asked.

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
    topic_id: int | None = None
    key: str = field(default_factory=make_exchange_key)


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
    CORPUS_FELL_BACK = "corpus_fell_back"
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
