"""What waits for the bot's answer: pressed buttons and inline queries.

Both take effect at once; awaiting them waits for the answer: `answer = await anna.presses(…)`.
A press can be answered for 150 seconds, an inline query for 30; each of them once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.world.waiting import Bell

if TYPE_CHECKING:
    from collections.abc import Generator

    from bot.sandbox.limits.refusals import Json
    from bot.sandbox.world.chats import Message
    from bot.sandbox.world.users import User

PRESS_SECONDS = 150
INLINE_SECONDS = 30


@dataclass(frozen=True)
class PressAnswer:
    """What the person sees on pressing a button: nothing, a note at the top, or an alert."""

    text: str = ""
    show_alert: bool = False
    url: str = ""
    cache_time: int = 0


@dataclass(eq=False)
class Press:
    """A pressed button."""

    id: str
    user: User
    message: Message
    data: str
    date: float
    answer: PressAnswer | None = None
    bell: Bell = field(default_factory=Bell)

    async def answered(self, timeout: float = 10) -> PressAnswer:  # noqa: ASYNC109
        """Wait for the bot's answerCallbackQuery."""
        found = await self.bell.until(lambda: self.answer, timeout)
        if found is None:
            self.message.chat.fail(f"the press of {self.data!r} was not answered", timeout)
        return found

    def __await__(self) -> Generator[object, None, PressAnswer]:
        """Wait for the answer, ten seconds at most."""
        return self.answered().__await__()


@dataclass(frozen=True)
class InlineAnswer:
    """What the person sees below the inline query."""

    question: InlineQuestion
    results: list[Json]
    next_offset: str
    cache_time: int
    is_personal: bool
    button: Json | None

    @property
    def titles(self) -> list[str]:
        """The titles of the results, in order."""
        return [str(result.get("title", "")) for result in self.results]


@dataclass(eq=False)
class InlineQuestion:
    """An inline query."""

    id: str
    user: User
    query: str
    offset: str
    date: float
    answer: InlineAnswer | None = None
    bell: Bell = field(default_factory=Bell)

    async def answered(self, timeout: float = 10) -> InlineAnswer:  # noqa: ASYNC109
        """Wait for the bot's answerInlineQuery."""
        found = await self.bell.until(lambda: self.answer, timeout)
        if found is None:
            failure = f"the inline query {self.query!r} was not answered in {timeout:g} s"
            raise AssertionError(failure)
        return found

    def __await__(self) -> Generator[object, None, InlineAnswer]:
        """Wait for the answer, ten seconds at most."""
        return self.answered().__await__()
