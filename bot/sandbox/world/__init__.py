"""What Telegram keeps: accounts, chats, files, open queries, and the updates for the bot."""
