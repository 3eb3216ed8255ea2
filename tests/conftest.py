"""What several tests share: the articles, the texts, a Bot API server and the bot on it."""

import os

# python-telegram-bot warns of its old time spans otherwise, and warnings are errors here.
os.environ.setdefault("PTB_TIMEDELTA", "1")
