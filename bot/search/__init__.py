"""Ranking: which passages answer a question. Knows nothing of chats."""
