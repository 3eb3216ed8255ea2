"""The service with other pauses and limits: ``FAULT_PAUSES`` and ``FAULT_LIMITS`` name some of them, as JSON.

So that what takes minutes or a day is seen in a second, in a process that is otherwise the real one.
"""

import json
import os
import sys

from rich.console import Console

from bot.chat.wire.bot_api import ChatError
from bot.cli.assembly.telegram import Limits, Pauses
from bot.cli.service import run_service
from bot.cli.settings_loading import load_settings

if __name__ == "__main__":
    settings, warnings = load_settings()
    if settings.token is None:
        sys.exit("BOT_TOKEN is missing")
    try:
        run_service(
            settings,
            settings.token.get_secret_value(),
            Console(stderr=True),
            warnings,
            pauses=Pauses(**json.loads(os.environ["FAULT_PAUSES"])),
            limits=Limits(**json.loads(os.environ["FAULT_LIMITS"])),
        )
    except ChatError as error:
        sys.exit(str(error))
