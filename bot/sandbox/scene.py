"""The scene of the sandbox: who is there, and where they can write.

One person for each language of the bot's own texts, and an admin; a group, and a group with topics.
Everybody is a member of both, so whoever tries the bot can be anybody anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox.world.impossible import ImpossibleError

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi
    from bot.sandbox.world.chats import Chat, Topic

ADMIN_ID = 5_000_000_001
_ADMIN = "ada"
_CAST = (
    ("emma", "Emma", "en"),
    ("kari", "Kari", "nb"),
    ("luc", "Luc", "fr"),
    ("sari", "Sari", "id"),
    ("jonas", "Jonas", "de"),
    ("linh", "Linh", "vi"),
    ("sofia", "Sofía", "es"),
    ("rui", "Rui", "pt"),
    ("olga", "Ольга", "ru"),
    ("mei", "小梅", "zh"),
    ("yuki", "ゆき", "ja"),
    ("amal", "أمل", "ar"),
)
_TOPICS = ("Questions", "Off-topic")


@dataclass(frozen=True)
class Place:
    """Where somebody is: a chat, or a topic of one."""

    key: str
    title: str
    chat: Chat
    topic: Topic | None = None


class Scene:
    """The people and the places, on a server."""

    def __init__(self, api: BotApi) -> None:
        """Make everybody and every group."""
        self.api = api
        admin = api.person("Ada", id=ADMIN_ID, username="ada", language_code="en")
        self.people: dict[str, Person] = {
            key: api.person(name, id=ADMIN_ID + number, username=key, language_code=language)
            for number, (key, name, language) in enumerate(_CAST, 1)
        }
        self.people[_ADMIN] = admin
        everybody = list(self.people.values())
        self._group = api.supergroup("Reading circle", members=everybody, admins=[admin])
        self._forum = api.supergroup("Newsroom", forum=True, members=everybody, admins=[admin])
        self._topics: list[Topic] = []
        # How often everything began; whoever shows it looks whether that changed.
        self.beginnings = 0
        self._open_topics()

    @property
    def admin(self) -> Person:
        """Who may tell the bot to reload its articles."""
        return self.people[_ADMIN]

    def places(self, person: Person) -> list[Place]:
        """Return where somebody can write, their private chat first."""
        return [
            Place("private", self.api.bot.name_in(person.language_code or ""), person.private_chat),
            Place("group", str(self._group.title), self._group),
            *(
                Place(f"topic-{number}", topic.name, self._forum, topic)
                for number, topic in enumerate(self._topics, 1)
            ),
        ]

    def person(self, key: object) -> Person:
        """Return somebody by their key."""
        found = self.people.get(str(key))
        if found is None:
            failure = f"there is nobody called {key!r}"
            raise ImpossibleError(failure)
        return found

    def place(self, person: Person, key: object) -> Place:
        """Return one of somebody's places by its key."""
        found = next((place for place in self.places(person) if place.key == key), None)
        if found is None:
            failure = f"there is no place called {key!r}"
            raise ImpossibleError(failure)
        return found

    def clear(self) -> None:
        """Begin again: nothing was written yet."""
        self.api.clear()
        self._open_topics()

    def _open_topics(self) -> None:
        self.beginnings += 1
        self._topics[:] = [self.api.topic(self._forum, name, by=self.admin) for name in _TOPICS]
