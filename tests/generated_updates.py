"""Updates as nobody should send them: real ones with fields missing, of other types, or too much.

Made by a seeded random generator, not by hypothesis, since they are made by the hundred thousand.
They stay updates of their number, so that whoever fetches them can go on; everything else may be
wrong.
"""

import copy
import json
import random
from collections.abc import Iterator, Sequence
from typing import Any

from bot.sandbox.world.cloud import member_json
from bot.sandbox.world.users import User

Json = dict[str, Any]

ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
OTHER_BOT = {"id": 777001, "is_bot": True, "first_name": "Other", "username": "other_bot"}
CHANNEL = {"id": -1009990000001, "type": "channel", "title": "News"}
COMMANDS = (
    *("start", "help", "privacy", "sources", "language", "history", "mydata", "forget", "ask", "reload"),
    "nonsense",
)
TEXTS = (
    *("How many cranes does the harbour have?", "who?", "hi", " ", "", "\0", "/", "/ask", "@test_answer_bot"),
    *("\ud800", "cranes \udfff", "\ud83d", "'; DROP TABLE exchanges; --", "<b>&amp;</i>", "../../etc/passwd"),
    *(
        "%s{text}",
        "\u202e\u2066",
        "\x1b[31m",
        "a\u0301" * 500,
        "😀" * 999,
        "1" * 1001,
        "x" * 4096,
        "字" * 1000,
    ),
    *("/ask " + "crane " * 150, "/start q-_____", "/start q-V2hvPw", "/start inline", "/start " + "a" * 4000),
)
PRESSED = (
    *("more:AAAAAAAAAAA:1", "more:AAAAAAAAAAA:9999", "context:A:0", "vote:A:up", "vote:A:sideways", "ask:0"),
    *("ask:" + "0" * 12, "sources:0", "sources:999999999999", "language:nb", "language:auto", "language:zz"),
    *("again:A", "forget:no", "forget:yes", "forget:maybe", "", "\ud800", "x" * 64, "more:../..:1", "::::"),
)
ODD: tuple[Any, ...] = (
    *(None, "", "x", "\ud800", "0", -1, 0, 1, 2**31, 2**63, -(2**63) - 1, 10**30, 0.5, 1e308, True, False),
    *([], {}, [[]], [None], [{}], {"id": 1}, {"type": "private"}, ["x" * 1000], 1e20, "9" * 400),
)
KINDS = (
    *("message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "inline_query"),
    *("chosen_inline_result", "my_chat_member", "chat_member", "poll", "poll_answer", "message_reaction"),
    *("business_message", "guest_message", "pre_checkout_query", "shipping_query", "chat_join_request"),
    *("something_of_2031", "update_id", "", "\ud800"),
)
_DEEPEST = 60


class UpdateMaker:
    """Makes updates that come from some people and chats, the same for the same seed."""

    def __init__(
        self, seed: int, people: Sequence[Json], groups: Sequence[Json], bot: User, date: int
    ) -> None:
        """Take who writes where; ``date`` is now."""
        self._dice = random.Random(seed)  # noqa: S311 - no secret
        self._people = people
        self._groups = groups
        self._member = bot
        self._bot = bot.to_json()
        self._date = date

    def make_sound(self) -> Json:
        """Return an update without its id, as Telegram could send one, whatever it says."""
        dice = self._dice
        kind = dice.choice(("message", "message", "message", "edited_message", "callback", "inline", "other"))
        if kind in ("message", "edited_message"):
            return {kind: self._make_message()}
        if kind == "callback":
            return {"callback_query": self._make_press()}
        person = dice.choice(self._people)
        if kind == "inline":
            query = {"from": person, "query": dice.choice(TEXTS)[:256]}
            if dice.random() < 0.3:
                return {"chosen_inline_result": query | {"result_id": dice.choice(("x", "example-0"))}}
            offset = dice.choice(("", "10", "-1", "x", "9" * 60, "²"))
            return {"inline_query": query | {"id": str(dice.getrandbits(60)), "offset": offset}}
        return dice.choice((self._make_change, self._make_post, self._make_unknown))()

    def make_malformed(self) -> Json:
        """Return an update without its id in which something is missing, wrong or too much."""
        update = copy.deepcopy(self.make_sound())
        for _ in range(self._dice.choice((1, 1, 2, 4))):
            self._spoil(update)
        return update

    def _make_message(self) -> Json:
        dice = self._dice
        person = dice.choice(self._people)
        chat = dice.choice((_chat_of(person), _chat_of(person), dice.choice(self._groups)))
        message: Json = {"message_id": dice.randint(1, 999), "date": self._date, "chat": chat, "from": person}
        message |= dice.choice((self._make_text, self._make_text, self._make_text, self._make_medium))()
        if chat["type"] != "private" and dice.random() < 0.2:
            message |= {"from": ANONYMOUS, "sender_chat": chat}
        if dice.random() < 0.1:
            message["via_bot"] = dice.choice((OTHER_BOT, self._bot))
        if dice.random() < 0.1:
            origin = {"type": "user", "date": self._date, "sender_user": dice.choice((OTHER_BOT, person))}
            message["forward_origin"] = origin
        if dice.random() < 0.2:
            replied = {
                "message_id": 1,
                "date": self._date,
                "chat": chat,
                "from": dice.choice((self._bot, person)),
            }
            message["reply_to_message"] = replied | self._make_text()
        if dice.random() < 0.1:
            message |= {"message_thread_id": dice.choice((1, 77)), "is_topic_message": True}
        return message

    def _make_text(self) -> Json:
        dice = self._dice
        if dice.random() < 0.3:
            command = f"/{dice.choice(COMMANDS)}"
            text = f"{command} {dice.choice(TEXTS)}"[:4096]
            return {"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": len(command)}]}
        text = dice.choice(TEXTS)
        kind = dice.choice(("mention", "url", "text_mention", "bot_command", "kind_of_2031"))
        entity: Json = {
            "type": kind,
            "offset": dice.choice((0, 1, 4095)),
            "length": dice.choice((1, 16, 9999)),
        }
        if kind == "text_mention":
            entity["user"] = dice.choice((self._bot, OTHER_BOT))
        return {"text": text, "entities": [entity] * dice.choice((0, 0, 1, 3))}

    def _make_medium(self) -> Json:
        dice = self._dice
        file = {"file_id": "A", "file_unique_id": "A", "width": 1, "height": 1, "duration": 1}
        media: tuple[Json, ...] = (
            {
                "photo": [file],
                "caption": dice.choice(TEXTS)[:1024],
                "media_group_id": dice.choice(("1", "2")),
            },
            {"voice": file},
            {"dice": {"emoji": "🎲", "value": 6}},
            {"location": {"latitude": 1.5, "longitude": 2.5}},
            {"new_chat_members": [self._bot]},
            {"left_chat_member": self._bot},
            {"pinned_message": {"message_id": 1, "date": 0, "chat": CHANNEL}},
            {"something_of_2031": {"a": [1]}},
        )
        return dice.choice(media)

    def _make_press(self) -> Json:
        dice = self._dice
        person = dice.choice(self._people)
        press = {
            "id": str(dice.getrandbits(60)),
            "from": person,
            "chat_instance": "1",
            "data": dice.choice(PRESSED),
        }
        chat = dice.choice((_chat_of(person), _chat_of(dice.choice(self._people)), dice.choice(self._groups)))
        message = {"message_id": 1, "date": dice.choice((0, self._date)), "chat": chat, "from": self._bot}
        places: tuple[Json, ...] = ({"message": message | {"text": "x"}}, {"inline_message_id": "A"}, {})
        return press | dice.choice(places)

    def _make_change(self) -> Json:
        statuses = ("left", "member", "administrator", "kicked", "creator")
        before, after = (member_json(self._member, self._dice.choice(statuses)) for _ in range(2))
        change = {"date": self._date, "old_chat_member": before, "new_chat_member": after}
        place = {"chat": self._dice.choice(self._groups), "from": self._dice.choice(self._people)}
        return {"my_chat_member": change | place}

    def _make_post(self) -> Json:
        post = {"message_id": 1, "date": self._date, "chat": CHANNEL, "sender_chat": CHANNEL}
        return {self._dice.choice(("channel_post", "edited_channel_post")): post | self._make_text()}

    def _make_unknown(self) -> Json:
        return {self._dice.choice(KINDS[-4:-3]): self._make_message()}

    def _spoil(self, update: Json) -> None:
        """Change one place of an update, anywhere in it."""
        dice = self._dice
        places = list(_places(update))
        if not places:
            return
        holder, key = dice.choice(places)
        act = dice.random()
        if act < 0.3:
            del holder[key]
        elif act < 0.8:
            holder[key] = copy.deepcopy(dice.choice(ODD))
        elif act < 0.9:
            nested: Any = 1
            for _ in range(dice.randint(1, _DEEPEST)):
                nested = {"reply_to_message": nested} if dice.random() < 0.5 else [nested]
            holder[key] = nested
        elif isinstance(holder, dict):
            holder[dice.choice(KINDS)] = copy.deepcopy(dice.choice((*ODD, holder[key])))


def write_update(number: int, update: Json) -> str:
    """Return an update as JSON that a bot may be sent; half characters are written as numbers."""
    return json.dumps({**update, "update_id": number})


def _places(node: object) -> Iterator[tuple[Any, Any]]:
    """Yield each place in a tree of JSON: what holds it, and its key there."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(items):
        yield node, key
        yield from _places(value)


def _chat_of(person: Json) -> Json:
    return {"id": person["id"], "type": "private", "first_name": person["first_name"]}
