"""``python -m bot``."""

from bot.cli.app import app

app(prog_name="python -m bot")
