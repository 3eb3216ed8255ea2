"""The door of the admins' desk: to whoever may not use a part, the part does not exist.

A stranger cannot tell a command for admins from one that the bot does not know. Admins are
known by their user id alone and are served in their private chats, where nobody else reads along.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from telegram import User

from bot.chat.permissions import Part, Permissions
from bot.chat.turn import MessageTurn, PressTurn, Turn
from bot.journal.audit import Act, Actor, Audit

_OnMessage: TypeAlias = Callable[[MessageTurn], Awaitable[None]]
_OnPress: TypeAlias = Callable[[PressTurn], Awaitable[None]]


class AdminDoor:
    """Limits handlers to the people who may use a part."""

    def __init__(
        self, *, permissions: Permissions, on_unknown: _OnMessage, on_unknown_press: _OnPress
    ) -> None:
        """Take what strangers get for a command and for a button that do not exist."""
        self._permissions = permissions
        self._on_unknown = on_unknown
        self._on_unknown_press = on_unknown_press

    def command(self, part: Part, handle: _OnMessage, in_group: _OnMessage | None = None) -> _OnMessage:
        """Return the handler of a command of a part.

        In a group, to whoever may, it says that the command is for the private chat, unless
        ``in_group`` handles it there.
        """

        async def guard(turn: MessageTurn) -> None:
            may = await self._may(turn.asker, part)
            if may and turn.is_private:
                await handle(turn)
            elif may and in_group is not None:
                await in_group(turn)
            elif may:
                await turn.tell("admin.in-private")
            elif turn.is_private:
                await self._on_unknown(turn)

        return guard

    def message(self, part: Part, handle: _OnMessage, otherwise: _OnMessage) -> _OnMessage:
        """Return the handler of messages in private chats that mean something else to everybody else."""

        async def guard(turn: MessageTurn) -> None:
            may = turn.is_private and await self._may(turn.asker, part)
            await (handle if may else otherwise)(turn)

        return guard

    def press(self, part: Part, handle: _OnPress) -> _OnPress:
        """Return the handler of a button of a part."""

        async def guard(turn: PressTurn) -> None:
            may = turn.is_private and await self._may(turn.presser, part)
            await (handle if may else self._on_unknown_press)(turn)

        return guard

    async def _may(self, person: User | None, part: Part) -> bool:
        return person is not None and await self._permissions.may(person.id, part)


def actor_of(turn: Turn) -> Actor:
    """Return the person whose turn it is, as the audit trail names them."""
    return Actor(turn.asker.id, turn.asker.full_name) if turn.asker else Actor(None, None)


def record_act(turn: Turn, audit: Audit, act: Act, detail: str = "") -> None:
    """Put an act on the trail, once however often its update is handled."""
    turn.once(f"act {act.value}", lambda: audit.record(actor_of(turn), act, detail))
