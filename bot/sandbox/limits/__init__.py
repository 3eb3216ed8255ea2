"""The limits Telegram sets: what a call may say, and the words in which the rest is refused."""
