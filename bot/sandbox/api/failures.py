"""Failures on demand: what a test can make go wrong with the next calls, or with all of them.

api.fail("sendMessage", too_many_requests(3))      # the next one only
api.fail("sendMessage", lost_answer(), times=2)    # delivered, but the bot never hears of it
with api.outage():                                 # nothing gets through inside the block
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Self

from bot.sandbox.limits import refusals

if TYPE_CHECKING:
    from types import TracebackType

    from bot.sandbox.limits.refusals import ApiError

_PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
_PAGE += "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n"
_TITLES = {
    500: "500 Internal Server Error",
    502: "502 Bad Gateway",
    503: "503 Service Temporarily Unavailable",
    504: "504 Gateway Time-out",
}


class Ending(Enum):
    """How the bot experiences a failed call."""

    ANSWER = auto()
    REFUSAL = auto()
    PAGE = auto()
    NONSENSE = auto()
    RESET = auto()
    SILENCE = auto()


@dataclass(frozen=True)
class Failure:
    """One way for a call to go wrong."""

    ending: Ending
    is_carried_out: bool = False
    delay_seconds: float = 0.0
    refusal: ApiError | None = None
    status: int = 200

    @property
    def page(self) -> str:
        """The HTML page that a broken gateway shows."""
        return _PAGE.format(_TITLES.get(self.status, f"{self.status} Error"))


def refusal(code: int, description: str, **parameters: int) -> Failure:
    """Answer with any error, e.g. `refusal(403, "Forbidden: user is deactivated")`."""
    return Failure(Ending.REFUSAL, refusal=refusals.ApiError(code, description, parameters))


def too_many_requests(retry_after: int = 1) -> Failure:
    """Answer 429 and say how long to wait."""
    return Failure(Ending.REFUSAL, refusal=refusals.too_many_requests(retry_after))


def server_error(status: int = 502) -> Failure:
    """Answer with a gateway's HTML page instead of JSON."""
    return Failure(Ending.PAGE, status=status)


def nonsense() -> Failure:
    """Answer in the form of the Bot API, with a result that no method has."""
    return Failure(Ending.NONSENSE)


def reset() -> Failure:
    """Break the connection before anything is done."""
    return Failure(Ending.RESET)


def hang() -> Failure:
    """Never answer and do nothing."""
    return Failure(Ending.SILENCE)


def lost_answer(*, breaks: bool = True) -> Failure:
    """Do what is asked, but break the connection (or else never answer): sent, and not known to be."""
    return Failure(Ending.RESET if breaks else Ending.SILENCE, is_carried_out=True)


def delay(seconds: float) -> Failure:
    """Do and answer everything as it should be, but late."""
    return Failure(Ending.ANSWER, is_carried_out=True, delay_seconds=seconds)


@dataclass(eq=False)
class Plan:
    """A failure that is due for some calls. Leaving its `with` block ends it."""

    method: str
    failure: Failure
    times: int | None
    skip: int = 0
    chat_id: int | None = None
    is_over: bool = field(default=False, init=False)
    count: int = field(default=0, init=False)

    def stop(self) -> None:
        """Let calls succeed again."""
        self.is_over = True

    def __enter__(self) -> Self:
        """Return the plan."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the failure."""
        self.stop()

    def _is_for(self, method: str, chat_id: object) -> bool:
        return self.method in ("*", method) and self.chat_id in (None, chat_id)

    def take(self, method: str, chat_id: object) -> Failure | None:
        """Return the failure if it hits this call, and count it."""
        if self.is_over or not self._is_for(method, chat_id):
            return None
        if self.skip:
            self.skip -= 1
            return None
        self.count += 1
        if self.times is not None and self.count >= self.times:
            self.is_over = True
        return self.failure


class FailurePlans:
    """All plans, in the order in which they were made; the first that fits is followed."""

    def __init__(self) -> None:
        """Begin with no failure."""
        self._plans: list[Plan] = []

    def add(self, plan: Plan) -> Plan:
        """Follow a plan from now on."""
        self._plans.append(plan)
        return plan

    @property
    def active(self) -> list[Plan]:
        """The plans that are not over."""
        return [plan for plan in self._plans if not plan.is_over]

    def clear(self) -> None:
        """Let everything succeed."""
        for plan in self._plans:
            plan.stop()
        self._plans.clear()

    def take(self, method: str, chat_id: object) -> Failure | None:
        """Return what is to happen to this call."""
        self._plans = self.active
        for plan in self._plans:
            if failure := plan.take(method, chat_id):
                return failure
        return None
