"""The tests' own Bot API server: what it accepts, refuses and shows must be what Telegram does.

With bare HTTP, and with python-telegram-bot's real `Application`. The words of refusals were
read in the source of tdlib/telegram-bot-api and tdlib/td.
"""
