"""The bot under test as an account: what getMe says of it, and the texts it sets about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sandbox.world.users import User

if TYPE_CHECKING:
    from bot.sandbox.limits.refusals import Json


@dataclass(eq=False)
class Bot(User):
    """The bot; its texts are kept by language code, "" being for everybody else."""

    reads_everything: bool = False
    is_inline: bool = True
    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)

    def name_in(self, language: str) -> str:
        """Return the name that people with this language see."""
        return self.names.get(language) or self.names.get("") or self.name

    def description_in(self, language: str) -> str:
        """Return what an empty chat shows to people with this language."""
        return self.descriptions.get(language) or self.descriptions.get("", "")

    def to_full_json(self) -> Json:
        """Return the answer to getMe."""
        return self.to_json() | {
            "can_join_groups": True,
            "can_read_all_group_messages": self.reads_everything,
            "supports_inline_queries": self.is_inline,
            "supports_guest_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
            "has_topics_enabled": False,
            "allows_users_to_create_topics": False,
            "can_manage_bots": False,
        }
