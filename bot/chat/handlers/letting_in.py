"""The command /allow: an owner lets people in as editors or viewers, and takes that back.

The person is the author of the message that the command replies to, which may be a forwarded one, or
the contact that an owner sends. The first line of what the bot then shows is their name, from which it is
known again when a button is pressed, also after a restart. All of it happens in the owner's private chat.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from telegram import Contact, InlineKeyboardButton, InlineKeyboardMarkup, Message, MessageOriginUser, User

from bot.chat.cards.fitting import shorten
from bot.chat.cards.keyboards import CHOSEN
from bot.chat.cards.markup import Markup, neutralise, text
from bot.chat.cards.paging import begin_page, turn_rows
from bot.chat.handlers.admin_door import actor_of
from bot.chat.permissions import Permissions
from bot.chat.profile.menus import Menus
from bot.chat.turn import MessageTurn, PressTurn
from bot.chat.wire.sending import send
from bot.journal.database import DatabaseUnavailableError
from bot.journal.roles import Member, Roles
from bot.model import Role
from bot.wording.phrases import Phrases

ROLE_PATTERN = r"^role:\d{1,18}:(editor|viewer|none|show)$"
"""Matches the callback data of the buttons below a person: their id, and what is asked for."""

MEMBERS_PATTERN = r"^members:\d{1,6}$"
"""Matches the callback data of the list's buttons: the number of people before the page."""

_PAGE = 8
_NAME_UNITS = 60
_GRANTED = (Role.EDITOR, Role.VIEWER)


_Shown: TypeAlias = tuple[Markup, InlineKeyboardMarkup | None]


@dataclass(frozen=True, slots=True)
class _Person:
    """Somebody who may be let in."""

    user_id: int
    name: str


class LettingIn:
    """Answers /allow, contacts that owners send, and the buttons."""

    def __init__(self, *, roles: Roles, permissions: Permissions, menus: Menus) -> None:
        self._roles = roles
        self._permissions = permissions
        self._menus = menus

    async def allow(self, turn: MessageTurn) -> None:
        """Offer roles for the author of the message replied to; else list who may what."""
        replied = turn.message.reply_to_message
        try:
            if replied is None or (replied.from_user is not None and replied.from_user.id == turn.bot.id):
                page, buttons = await self._make_list(0, turn.phrases)
                await turn.reply(page, buttons)
            else:
                await self._offer(turn, replied)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")

    async def allow_in_group(self, turn: MessageTurn) -> None:
        """Offer roles for somebody in a group, in the owner's private chat."""
        replied, owner = turn.message.reply_to_message, turn.asker
        if replied is None or owner is None:
            await turn.tell("admin.in-private")
            return
        person = _find_author(replied)
        if person is None:
            await turn.tell("allow.nobody")
            return
        try:
            content, buttons = await self._make_card(person, turn.phrases)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")
            return
        if await send(turn.bot, owner.id, content, buttons) is None:
            # The owner has no private chat with the bot yet.
            await turn.tell("admin.in-private")

    async def on_contact(self, turn: MessageTurn) -> None:
        """Offer roles for the person of a contact."""
        try:
            await self._offer(turn, turn.message)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")

    async def on_role_press(self, turn: PressTurn) -> None:
        """Give or take back a role, or show the person, as the button says."""
        user_id, _, wanted = turn.value.partition(":")
        try:
            person = await self._find_person(int(user_id), turn.message, is_listed=wanted == "show")
            if person is None:
                await turn.acknowledge("press.unknown")
                return
            if wanted != "show" and person.user_id not in self._permissions.owner_ids:
                await self._change(turn, person, wanted)
            content, buttons = await self._make_card(person, turn.phrases)
        except DatabaseUnavailableError:
            await turn.acknowledge("personal.unavailable")
            return
        await turn.acknowledge()
        await turn.show(content, buttons)

    async def on_members_press(self, turn: PressTurn) -> None:
        """Turn to the page of the button."""
        try:
            content, buttons = await self._make_list(int(turn.value), turn.phrases)
        except DatabaseUnavailableError:
            await turn.acknowledge("personal.unavailable")
            return
        await turn.acknowledge()
        await turn.show(content, buttons)

    async def _offer(self, turn: MessageTurn, about: Message) -> None:
        person = _find_author(about)
        if person is None:
            await turn.tell("allow.nobody")
            return
        content, buttons = await self._make_card(person, turn.phrases)
        await turn.reply(content, buttons)

    async def _change(self, turn: PressTurn, person: _Person, wanted: str) -> None:
        current = await self._roles.find(person.user_id)
        if wanted == (current.value if current else "none"):
            return
        if wanted == "none":
            await self._roles.take_back(person.user_id, actor_of(turn))
        else:
            await self._roles.grant(person.user_id, person.name, Role(wanted), actor_of(turn))
        await self._menus.set_for_role(turn.press.get_bot(), person.user_id)

    async def _find_person(self, user_id: int, message: Message | None, *, is_listed: bool) -> _Person | None:
        for member in await self._roles.list_members():
            if member.user_id == user_id:
                return _Person(user_id, member.name)
        name = (message.text or "").partition("\n")[0] if message is not None and not is_listed else ""
        return _Person(user_id, name) if name else None

    async def _make_card(self, person: _Person, phrases: Phrases) -> _Shown:
        """Lay out a person with a button for each role; an owner has none."""
        if person.user_id in self._permissions.owner_ids:
            lines = [person.name, phrases.say("allow.is-owner")]
            return text("\n".join(lines)), None
        role = await self._roles.find(person.user_id)
        lines = [
            person.name,
            phrases.say("allow.id", id=str(person.user_id)),
            phrases.say(f"allow.{role.value if role else 'none'}"),
            "",
            phrases.say("allow.explain"),
        ]
        granted = [
            _make_button(
                phrases.say(f"role.{each.value}") + CHOSEN * (role is each),
                f"role:{person.user_id}:{each.value}",
            )
            for each in _GRANTED
        ]
        rows = [granted]
        if role is not None:
            rows.append([_make_button(phrases.say("allow.take-back"), f"role:{person.user_id}:none")])
        rows.append([_make_button(phrases.say("allow.all"), "members:0")])
        return text("\n".join(lines)), InlineKeyboardMarkup(rows)

    async def _make_list(self, place: int, phrases: Phrases) -> _Shown:
        """Lay out the page of people that holds a place, with a button for each."""
        members = await self._roles.list_members()
        before = begin_page(place, len(members), _PAGE)
        lines = [
            phrases.say(
                "allow.owners", ids=", ".join(str(each) for each in sorted(self._permissions.owner_ids))
            )
        ]
        lines += [_describe(member, phrases) for member in members[before : before + _PAGE]]
        lines += ["", phrases.say("allow.how")]
        rows = [
            [_make_button(_describe(member, phrases), f"role:{member.user_id}:show")]
            for member in members[before : before + _PAGE]
        ]
        rows += turn_rows("members", before, len(members), _PAGE, phrases)
        return text("\n".join(lines)), InlineKeyboardMarkup(rows) if rows else None


def _describe(member: Member, phrases: Phrases) -> str:
    return f"{member.name} · {phrases.say(f'role.{member.role.value}')}"


def _make_button(label: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=data)


def _find_author(message: Message) -> _Person | None:
    """Return the person of a contact, else of a forwarded message, else the author; no bot, no channel."""
    if message.contact is not None:
        return _of_contact(message.contact)
    if message.forward_origin is not None:
        origin = message.forward_origin
        return _of_user(origin.sender_user) if isinstance(origin, MessageOriginUser) else None
    if message.sender_chat is not None or message.from_user is None:
        return None
    return _of_user(message.from_user)


def _of_contact(contact: Contact) -> _Person | None:
    """Return the person of a contact, if they are on Telegram."""
    if contact.user_id is None:
        return None
    return _name(contact.user_id, f"{contact.first_name} {contact.last_name or ''}")


def _of_user(user: User) -> _Person | None:
    return None if user.is_bot else _name(user.id, user.full_name)


def _name(user_id: int, name: str) -> _Person:
    shown = re.sub(r"\s+", " ", neutralise(name)).strip()
    return _Person(user_id, shorten(shown, _NAME_UNITS) or str(user_id))
