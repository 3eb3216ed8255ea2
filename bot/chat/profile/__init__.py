"""What Telegram shows of the bot by itself: command menus and descriptions."""
