"""A Telegram bot that answers questions with sentences quoted from a folder of articles."""
