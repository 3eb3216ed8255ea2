"""Who may use which part of the admins' desk.

Owners (BOT_ADMIN_IDS) may use all of it; an owner lets others in as editors or viewers, which the
database keeps. A role is looked up at each use and never kept in memory, so one that is taken back,
also from the shell, ends at once. This module decides, and says nothing to anybody.
"""

from collections.abc import Collection, Mapping
from enum import Enum, auto

from bot.journal.database import DatabaseUnavailableError
from bot.journal.roles import Roles
from bot.model import Role


class Part(Enum):
    """The parts of the admins' desk."""

    STATS = auto()
    """Figures and the picture, without texts and names."""
    GAPS = auto()
    """The gaps, without the words of questions."""
    WORDINGS = auto()
    """The words of questions."""
    PINS = auto()
    """Pinning passages, hiding gaps, making tests of them."""
    ARTICLES = auto()
    """Adding, changing, taking out and reloading articles."""
    VERSIONS = auto()
    """Versions of the articles, and going back to one."""
    EXPORT = auto()
    """The log of exchanges as a file."""
    ROLES = auto()
    """Letting people in and out."""
    AUDIT = auto()
    """The acts of all of them."""


_PARTS: Mapping[Role, frozenset[Part]] = {
    Role.VIEWER: frozenset({Part.STATS, Part.GAPS}),
    Role.EDITOR: frozenset({Part.STATS, Part.GAPS, Part.WORDINGS, Part.PINS, Part.ARTICLES, Part.VERSIONS}),
    Role.OWNER: frozenset(Part),
}


class Permissions:
    """Tells who may use what."""

    def __init__(self, *, roles: Roles, owner_ids: Collection[int]) -> None:
        self._roles = roles
        self._owner_ids = frozenset(owner_ids)

    @property
    def owner_ids(self) -> frozenset[int]:
        """The user ids of the owners."""
        return self._owner_ids

    async def may(self, user_id: int, part: Part) -> bool:
        """Tell whether a person may use a part; while the database fails, only owners may."""
        return part in await self.find_parts(user_id)

    async def find_parts(self, user_id: int) -> frozenset[Part]:
        """Return the parts that a person may use; while the database fails, only owners have any."""
        role = await self._find_role(user_id)
        return _PARTS[role] if role else frozenset()

    async def list_admin_ids(self) -> frozenset[int]:
        """Return the user ids of everybody with a role; while the database fails, of the owners alone."""
        try:
            members = await self._roles.list_members()
        except DatabaseUnavailableError:  # it was reported
            return self._owner_ids
        return self._owner_ids | {member.user_id for member in members}

    async def _find_role(self, user_id: int) -> Role | None:
        if user_id in self._owner_ids:
            return Role.OWNER
        try:
            return await self._roles.find(user_id)
        except DatabaseUnavailableError:  # it was reported
            return None
