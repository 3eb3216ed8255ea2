"""The people whom an owner let in, each with a role: editor or viewer.

Owners are named by BOT_ADMIN_IDS alone and are not kept here, so nobody becomes one through the chat.
The role and the act that gave it are written in one transaction: no role is without its trace.
"""

from dataclasses import dataclass
from datetime import datetime

import aiosqlite

from bot.journal.audit import Act, Actor, Entry, write_entry
from bot.journal.database import Database
from bot.journal.rows import write_time
from bot.model import Role


@dataclass(frozen=True, slots=True)
class Member:
    """A person with a role, under the name they had when they got it."""

    user_id: int
    name: str
    role: Role
    granted_at: datetime


class Roles:
    """Keeps who has which role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, user_id: int) -> Role | None:
        """Return the role of a person, if they have one.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> Role | None:
            async with connection.execute("SELECT role FROM roles WHERE user_id = ?", (user_id,)) as cursor:
                row = await cursor.fetchone()
            return Role(row["role"]) if row else None

        return await self._database.peek(read)

    async def list_members(self) -> list[Member]:
        """Return everybody with a role, editors first, then by name.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> list[Member]:
            async with connection.execute("SELECT * FROM roles ORDER BY role, name, user_id") as cursor:
                return [
                    Member(
                        row["user_id"],
                        row["name"],
                        Role(row["role"]),
                        datetime.fromisoformat(row["granted_at"]),
                    )
                    async for row in cursor
                ]

        return await self._database.peek(read)

    async def grant(self, user_id: int, name: str, role: Role, by: Actor) -> None:
        """Give a person a role in place of any other, and record who gave it.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
            ValueError: the role is that of an owner.
        """
        if role is Role.OWNER:
            message = "owners are named by BOT_ADMIN_IDS alone"
            raise ValueError(message)

        async def write(connection: aiosqlite.Connection) -> None:
            await connection.execute(
                """
                INSERT INTO roles (user_id, name, role, granted_by, granted_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (user_id) DO UPDATE SET
                name = excluded.name, role = excluded.role,
                granted_by = excluded.granted_by, granted_at = excluded.granted_at
                """,
                (
                    user_id,
                    name,
                    role.value,
                    by.user_id,
                    write_time(),
                ),
            )
            await write_entry(connection, Entry(by, Act.ALLOWED, role.value, user_id, name))

        await self._database.run(write)

    async def take_back(self, user_id: int, by: Actor) -> Member | None:
        """Take a person's role back, and record who did; return whom it was taken from, if they had one.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> Member | None:
            async with connection.execute(
                "DELETE FROM roles WHERE user_id = ? RETURNING *", (user_id,)
            ) as cursor:
                row = await cursor.fetchone()
            if row is None:
                return None
            role = Role(row["role"])
            await write_entry(connection, Entry(by, Act.TAKEN_BACK, role.value, user_id, row["name"]))
            return Member(user_id, row["name"], role, datetime.fromisoformat(row["granted_at"]))

        return await self._database.run(write)
