"""The yardstick of the load benchmark: python-telegram-bot's echo bot, as its documentation has it.

    BOT_TOKEN=… BOT_API_URL=… python -m tests.benchmarks.echo_bot [--concurrent]

It sends every text back and does nothing else. Updates are handled one after the other, as is the
library's default; with ``--concurrent`` up to 256 at once.
"""

import logging
import os
import sys

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters


async def echo(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Send a text back."""
    del context
    if update.message and update.message.text:
        await update.message.reply_text(update.message.text)


def main() -> None:
    """Echo until a signal ends it."""
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    builder = Application.builder().token(os.environ["BOT_TOKEN"])
    builder = builder.base_url(f"{os.environ['BOT_API_URL']}/bot")
    if "--concurrent" in sys.argv[1:]:
        builder = builder.concurrent_updates(True)  # noqa: FBT003 - the library's own spelling
    application = builder.build()
    application.add_handler(MessageHandler(filters.TEXT & ~filters.COMMAND, echo))
    application.run_polling()


if __name__ == "__main__":
    main()
