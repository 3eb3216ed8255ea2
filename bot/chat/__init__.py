"""Telegram: updates in, messages out. Knows nothing of how ranking works."""

import os

# Before telegram is imported: it warns of its old time spans otherwise, with every 429.
os.environ.setdefault("PTB_TIMEDELTA", "1")
