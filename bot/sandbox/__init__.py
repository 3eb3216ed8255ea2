"""Telegram on this machine: a strict Bot API server, people who use the bot, and a page to be one of them.

Tests use the server alone; `python -m bot sandbox` runs the bot against it and serves the page.

It speaks the Bot API over HTTP on loopback as python-telegram-bot 22.8 knows it, refuses what
Telegram refuses in Telegram's words, and some things that Telegram lets pass and nobody wants (such
refusals say so). The real bot runs against it, in the same event loop or as another process.

    from bot.sandbox.server import BotApi
    from bot.sandbox.api.failures import lost_answer, too_many_requests

    async def test_answer_to_question() -> None:
        async with BotApi() as api:
            # start the bot with api.token, base_url=f"{api.url}/bot",
            # base_file_url=f"{api.url}/file/bot"; then:
            anna = api.person("Anna", language_code="de")
            question = anna.says("Wie alt ist die Erde?")
            answer = await anna.private_chat.reply_to(question)
            assert "4,5 Milliarden" in answer.text
            assert answer.links == ["https://example.org/erde"]

            note = await anna.presses(answer, "👍")
            assert note.text == "Danke!"

            api.fail("sendMessage", too_many_requests(1))
            answer = await anna.private_chat.reply_to(anna.says("Und der Mond?"))

            town = api.supergroup("Town", forum=True)
            space = api.topic(town, "Space", by=anna)
            anna.says("nothing for the bot", chat=town, topic=space)
            await api.expect_silence(town, 0.3)

People act at once (`says`, `edits`, `presses`, `asks_inline`, …: people.py); what the bot does is
awaited (`chat.reply_to`, `chat.next_message_from_bot`, `message.edited`, `api.called`:
world/chats.py, server.py). A wait in vain fails with the chat so far and the calls refused lately.

What a person does: people. What the server answers: api/ (HTTP, the methods, planned failures). The
limits it enforces: limits/ (reading order: refusals, entities, formatting, html_reader, composing,
keyboards, parameters, flood). What Telegram keeps meanwhile: world/ (users, bot_profile, chats, files,
queries, updates, webhooks, cloud). All of it together: server. On top of it, the page: scene (who is there),
tab/ (what the page is told and may ask for), page/ (HTML, CSS, JavaScript), shots (pictures of it).
It knows nothing of the bot.
"""
