"""What a bot sees and may do in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi

from tests.bot_api_tests.client import Client, texts, updates_of


async def test_privacy_mode(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    await call.result("sendMessage", chat_id=group.id, text="bot")
    from_bot = group.from_bot[0]
    seen = ["/ask", "/ask@test_answer_bot x", "hi @Test_Answer_Bot", "/ask hi"]
    for text in ["hi", *seen[:3], "/ask@other_bot", "and /ask", "@other_bot", seen[3]]:
        anna.says(text, chat=group)
    anna.says("reply", reply_to=from_bot)
    anna.says("other", reply_to=group.messages[1])
    assert texts(await updates_of(call)) == [*seen, "reply"]
    anna.promotes_bot(group)
    anna.says("to all", chat=group)
    assert texts(await updates_of(call))[-1] == "to all"
    anna.demotes_bot(group)
    api.privacy_mode = False
    anna.says("again", chat=group)
    assert texts(await updates_of(call))[-1] == "again"
    assert (await call.result("getMe"))["can_read_all_group_messages"] is True


async def test_membership(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group("Friends", admins=[anna], bot="left")
    anna.adds_bot(group)
    joined, service = await updates_of(call)
    assert joined["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert service["message"]["new_chat_members"][0]["id"] == api.bot.id
    (admin,) = await call.result("getChatAdministrators", chat_id=group.id)
    assert (admin["user"]["id"], admin["status"]) == (anna.id, "administrator")
    member = await call.result("getChatMember", chat_id=group.id, user_id=api.bot.id)
    assert member["status"] == "member"
    chat = await call.result("getChat", chat_id=group.id)
    assert (chat["title"], chat["type"]) == ("Friends", "group")
    assert (await call.refused("getChatAdministrators", chat_id=anna.id)) == (
        "Bad Request: there are no administrators in the private chat"
    )


async def test_forum_topics(call: Client, api: BotApi, anna: Person) -> None:
    town = api.supergroup(forum=True)
    space = api.topic(town, "Space", by=anna)
    asked = anna.says("/ask", chat=town, topic=space)
    message = (await updates_of(call))[-1]["message"]
    assert (message["message_thread_id"], message["is_topic_message"]) == (space.id, True)
    assert message["chat"]["is_forum"] is True
    reply = {"message_id": asked.message_id}
    send = {"chat_id": town.id, "text": "a", "reply_parameters": reply}
    outside = await call.result("sendMessage", **send)
    assert "reply_to_message" not in outside
    assert "external_reply" in outside
    inside = await call.result("sendMessage", **send, message_thread_id=space.id)
    assert inside["reply_to_message"]["message_id"] == asked.message_id
    said = await call.refused("sendMessage", chat_id=town.id, text="a", message_thread_id=77)
    assert said == "Bad Request: message thread not found"
    action = {"chat_id": town.id, "action": "typing", "message_thread_id": space.id}
    assert await call.result("sendChatAction", **action)
    assert town.actions[0]["message_thread_id"] == space.id
    space.is_closed = True
    said = await call.refused("sendMessage", **send, message_thread_id=space.id)
    assert said == "Bad Request: TOPIC_CLOSED"


async def test_thread_of_replies_is_no_topic(call: Client, api: BotApi, anna: Person) -> None:
    town = api.supergroup()
    first = anna.says("/ask", chat=town)
    second = anna.says("/ask", reply_to=first)
    anna.says("/ask", reply_to=second)
    message = (await updates_of(call))[-1]["message"]
    assert message["message_thread_id"] == first.message_id
    assert "is_topic_message" not in message


async def test_group_becomes_supergroup(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    town = api.migrate(group)
    old, new = await updates_of(call)
    assert old["message"]["migrate_to_chat_id"] == town.id
    assert new["message"]["migrate_from_chat_id"] == group.id
    answer = await call("sendMessage", chat_id=group.id, text="a")
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": town.id}
    assert str(town.id).startswith("-100")


async def test_anonymous_admins_and_channels(call: Client, api: BotApi, anna: Person) -> None:
    group = api.supergroup(members=[anna])
    channel = api.channel("News")
    anna.says("/ask", chat=group, anonymously=True)
    api.posts(channel, "news")
    anna.forwards(channel.messages[0])
    anna.says("secret", forwarded_from="Somebody")
    anonymous, post, forwarded, hidden = await updates_of(call)
    assert anonymous["message"]["from"]["id"] == 1087968824
    assert anonymous["message"]["sender_chat"]["id"] == group.id
    assert "from" not in post["channel_post"]
    assert forwarded["message"]["forward_origin"]["type"] == "channel"
    assert hidden["message"]["forward_origin"]["sender_user_name"] == "Somebody"


async def test_people_edit_and_send_other_things(call: Client, anna: Person) -> None:
    message = anna.says("one")
    anna.edits(message, "two @anna")
    anna.edits(message)
    anna.sends_photo("see /ask")
    anna.sends_sticker()
    anna.sends_voice()
    anna.sends_document(b"x", "x.txt")
    anna.starts("abc-1")
    updates = await updates_of(call)
    assert [next(iter(update.keys() - {"update_id"})) for update in updates[:3]] == [
        "message",
        "edited_message",
        "edited_message",
    ]
    assert updates[1]["edited_message"]["entities"][0]["type"] == "mention"
    contents = [update["message"] for update in updates[3:]]
    assert contents[0]["caption_entities"][0]["type"] == "bot_command"
    assert [kind in content for kind, content in zip(("sticker", "voice"), contents[1:3], strict=True)]
    assert contents[-1]["text"] == "/start abc-1"
