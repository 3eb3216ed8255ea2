"""Alerts: admins are told when something goes wrong, and when it is over.

Nobody reads a log all day. Each admin gets at most one message an hour for each kind of trouble;
repetitions within the hour are counted, and their number is told with the next message. A message
has an id by which the trouble is found in the log. Messages that cannot be sent wait until they can;
admins who never started the bot are left out. This module neither finds nor repairs trouble.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto

from babel.dates import format_timedelta
from telegram import Bot
from telegram.constants import ChatAction
from telegram.error import BadRequest, Forbidden, TelegramError

from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import Markup, neutralise, text
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.sending import send
from bot.chat.wire.update_in_hand import in_hand
from bot.metrics import Metrics
from bot.model import Trouble, TroubleKind
from bot.pauses import GrowingPause
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_HOUR_S = 3600.0
_ATTEMPTS = 3
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_DETAIL_UNITS = 500

_LASTING = frozenset({TroubleKind.DATABASE_UNWRITABLE, TroubleKind.INBOX_OFF, TroubleKind.OTHER_INSTANCE})
"""Kinds of trouble that last, and whose end is told too; the other kinds are single events."""


@dataclass(eq=False, slots=True)
class _Notice:
    """One message to the admins in ``waiting``, each with the number of attempts so far.

    ``told`` are those who have it or, where it says that a trouble is over, those who were told
    of the trouble.
    """

    trouble: Trouble
    log_id: str
    lasted_s: float | None
    repeats: int
    waiting: dict[int, int]
    told: set[int]
    is_begun: bool = False

    @property
    def is_healing(self) -> bool:
        """Whether it says that a trouble is over of which there was a message."""
        return self.trouble.is_over and self.trouble.kind in _LASTING


@dataclass(slots=True)
class _Case:
    """The state of one kind of trouble.

    ``is_known``: the last that admins heard, or are about to hear, is that it goes on. ``unsaid``
    began again within the hour, while they believe that it is over.
    """

    ongoing: Trouble | None = None
    since: float = 0.0
    notice: _Notice | None = None
    told_at: float | None = None
    told: set[int] = field(default_factory=set)
    repeats: int = 0
    is_known: bool = False
    unsaid: tuple[Trouble, str] | None = None


class _Delivery(Enum):
    """The outcome of a message to an admin."""

    TOLD = auto()
    IMPOSSIBLE = auto()
    FAILED = auto()
    UNREACHABLE = auto()


class _Messenger:
    """Sends messages to admins, each in their language."""

    def __init__(self, bot: Bot, readings: ReaderLanguages) -> None:
        self._bot = bot
        self._readings = readings

    async def tell(self, admin_id: int, notice: _Notice) -> _Delivery:
        """Send a message to one admin."""
        try:
            # Tells, unlike ``send``, whether there is a chat and a connection.
            await self._bot.send_chat_action(admin_id, ChatAction.TYPING)
            phrases = await self._readings.phrases_by_id(self._bot, admin_id)
        except (BadRequest, Forbidden) as error:
            _LOG.info("Admin %s cannot be alerted: %s", admin_id, error)
            return _Delivery.IMPOSSIBLE
        except TelegramError as error:
            _LOG.info("Admin %s will be alerted later: %s", admin_id, error)
            return _Delivery.UNREACHABLE
        # Repetitions from now on are told with the next message.
        notice.is_begun = True
        try:
            sent = await send(self._bot, admin_id, _render(notice, phrases))
        except BadRequest as error:
            _LOG.warning("Admin %s was not alerted: %s", admin_id, error)
            return _Delivery.FAILED
        except TelegramError as error:
            _LOG.info("Admin %s will be alerted later: %s", admin_id, error)
            return _Delivery.UNREACHABLE
        return _Delivery.TOLD if sent else _Delivery.FAILED


class Alerts:
    """Takes reports of trouble, from anywhere in the thread of the event loop, and tells the admins."""

    def __init__(
        self,
        *,
        admin_ids: Collection[int],
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Tell the admins, and count troubles in ``metrics``; ``clock`` counts seconds."""
        self._admin_ids = tuple(sorted(set(admin_ids)))
        self._metrics = metrics
        self._clock = clock
        self._cases = {kind: _Case() for kind in TroubleKind}
        self._outbox: deque[_Notice] = deque()
        self._news = asyncio.Event()
        self._reachable = asyncio.Event()

    @property
    def ongoing(self) -> tuple[Trouble, ...]:
        """The lasting troubles whose end was not reported yet."""
        lasting = _LASTING | {TroubleKind.TELEGRAM_UNREACHABLE}
        return tuple(
            case.ongoing for kind, case in self._cases.items() if case.ongoing is not None and kind in lasting
        )

    def report(self, trouble: Trouble) -> None:
        """Note a trouble, or its end; never waits and never raises."""
        case = self._cases[trouble.kind]
        if trouble.is_over:
            self._close(case, trouble)
            return
        self._metrics.count_trouble(trouble.kind)
        is_news = case.ongoing is None or trouble.kind not in _LASTING
        if case.ongoing is None:
            case.since = self._clock()
        case.ongoing = trouble
        if trouble.kind is TroubleKind.TELEGRAM_UNREACHABLE:
            # Admins can be told of an outage only after it.
            return
        if is_news:
            self._tell_or_count(case, trouble, trouble.lasted_s)
        elif case.is_known and not self._is_waiting(case) and self._may_tell(case):
            # It has lasted for another hour: remind them.
            self._announce(case, trouble, self._write_down(trouble), self._clock() - case.since)

    async def keep_telling(self, bot: Bot, readings: ReaderLanguages) -> None:
        """Send all reports, present and future, for ever.

        The texts come only here, since they lean on the database, whose troubles are reported too.
        """
        messenger = _Messenger(bot, readings)
        pause = GrowingPause(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            self._news.clear()
            self._reachable.clear()
            self._announce_unsaid()
            if not self._outbox:
                await self._wait(self._news, self._count_down())
            elif await self._deliver(messenger, self._outbox[0]):
                self._outbox.popleft()
                pause.reset()
            else:
                await self._wait(self._reachable, pause.grow())

    def _close(self, case: _Case, trouble: Trouble) -> None:
        """Note the end of a trouble, and tell those who were told of the trouble."""
        lasted_s = trouble.lasted_s
        if lasted_s is None and case.ongoing is not None and trouble.kind in _LASTING:
            lasted_s = self._clock() - case.since
        case.ongoing = None
        if case.unsaid is not None:
            case.unsaid = None
            case.repeats += 1
        if trouble.kind is TroubleKind.TELEGRAM_UNREACHABLE:
            self._reachable.set()
            self._tell_or_count(case, trouble, lasted_s)
        elif case.is_known and trouble.kind in _LASTING:
            told, case.told, case.is_known = case.told, set(), False
            self._put(trouble, self._write_down(trouble), lasted_s, 0, told)

    def _tell_or_count(self, case: _Case, trouble: Trouble, lasted_s: float | None) -> None:
        """Tell the admins, or count the trouble if they were told of its kind within the hour."""
        is_waiting = self._is_waiting(case)
        if not is_waiting and self._may_tell(case):
            self._announce(case, trouble, self._write_down(trouble), lasted_s)
        elif not case.is_known:
            case.unsaid = case.unsaid or (trouble, self._write_down(trouble))
            self._news.set()
        elif case.notice is not None and is_waiting and not case.notice.is_begun:
            case.notice.repeats += 1
        else:
            case.repeats += 1

    def _announce_unsaid(self) -> None:
        for case in self._cases.values():
            if case.unsaid is not None and self._may_tell(case):
                self._announce(case, *case.unsaid, None)

    def _announce(self, case: _Case, trouble: Trouble, log_id: str, lasted_s: float | None) -> None:
        case.notice = self._put(trouble, log_id, lasted_s, case.repeats, case.told)
        case.told_at, case.repeats, case.unsaid, case.is_known = self._clock(), 0, None, True

    def _is_waiting(self, case: _Case) -> bool:
        return case.notice is not None and case.notice in self._outbox

    def _may_tell(self, case: _Case) -> bool:
        return case.told_at is None or self._clock() - case.told_at >= _HOUR_S

    def _count_down(self) -> float | None:
        """Return the seconds until an unsaid trouble may be told, or None if there is none."""
        due = [case.told_at or 0.0 for case in self._cases.values() if case.unsaid is not None]
        return max(0.0, min(due) + _HOUR_S - self._clock()) if due else None

    def _write_down(self, trouble: Trouble) -> str:
        """Log a trouble, and return its id in the log."""
        handling = in_hand.get()
        log_id = handling.log_id if handling else secrets.token_hex(4)
        state = "over" if trouble.is_over else "reported"
        _LOG.warning("%s is %s, log id %s: %s", trouble.kind.value, state, log_id, trouble.detail)
        return log_id

    def _put(
        self, trouble: Trouble, log_id: str, lasted_s: float | None, repeats: int, told: set[int]
    ) -> _Notice:
        notice = _Notice(trouble, log_id, lasted_s, repeats, dict.fromkeys(self._admin_ids, 0), told)
        self._outbox.append(notice)
        self._news.set()
        return notice

    async def _deliver(self, messenger: _Messenger, notice: _Notice) -> bool:
        """Send a message to every admin who waits for it; tell whether nobody waits any longer."""
        for admin_id in list(notice.waiting):
            if notice.is_healing and admin_id not in notice.told:
                del notice.waiting[admin_id]
                continue
            try:
                delivery = await messenger.tell(admin_id, notice)
            except Exception:  # noqa: BLE001 - see below
                # Whatever it is, this loop must go on to send the next alert.
                _LOG.exception("Admin %s could not be alerted", admin_id)
                delivery = _Delivery.IMPOSSIBLE
            if delivery is _Delivery.UNREACHABLE:
                continue
            if delivery is _Delivery.FAILED and notice.waiting[admin_id] + 1 < _ATTEMPTS:
                notice.waiting[admin_id] += 1
                continue
            del notice.waiting[admin_id]
            if delivery is _Delivery.TOLD:
                self._note_told(notice, admin_id)
        return not notice.waiting

    def _note_told(self, notice: _Notice, admin_id: int) -> None:
        if not notice.is_healing:
            notice.told.add(admin_id)
            self._cases[notice.trouble.kind].told_at = self._clock()

    @staticmethod
    async def _wait(event: asyncio.Event, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()


def _render(notice: _Notice, phrases: Phrases) -> Markup:
    """Lay out a message: the trouble and its remedy, its duration, its repetitions, its id in the log."""
    trouble = notice.trouble
    if notice.is_healing:
        parts = [phrases.say(f"healed.{trouble.kind.value}")]
    else:
        detail = " ".join(neutralise(trouble.detail).split())
        parts = [phrases.say(f"alert.{trouble.kind.value}"), shorten(detail, _DETAIL_UNITS)]
    if notice.lasted_s is not None:
        duration = format_timedelta(timedelta(seconds=notice.lasted_s), locale=phrases.language)
        parts.append(phrases.say("alerts.duration", duration=duration))
    if notice.repeats:
        parts.append(phrases.say("alerts.repeats", count=notice.repeats))
    parts.append(phrases.say("alerts.log-id", id=notice.log_id))
    return text("\n\n".join(filter(None, parts)))
