"""Questions, answers and unfinished updates in one SQLite file. Knows nothing of Telegram's types."""
