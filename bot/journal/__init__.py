"""What was asked and answered, in one SQLite file. Knows nothing of Telegram's types."""
