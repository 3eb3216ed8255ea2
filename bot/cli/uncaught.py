"""Uncaught exceptions and warnings of libraries, sent to the log.

Python would print them to standard error, past the log's formatter, which takes the secrets out. It
changes the process as a whole, so only a command that goes on for long does it.
"""

import logging
import sys
import threading
from types import TracebackType

_LOG = logging.getLogger(__name__)


def log_uncaught() -> None:
    """Have uncaught exceptions, of whichever thread, and warnings logged from now on."""
    sys.excepthook = _log_exception
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable
    logging.captureWarnings(capture=True)


def _log_exception(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _LOG.critical("The bot ends because of an uncaught exception", exc_info=(kind, error, traceback))


def _log_thread(arguments: threading.ExceptHookArgs) -> None:
    error = arguments.exc_value
    if error is not None:
        _LOG.critical("A thread ended because of an uncaught exception", exc_info=error)


def _log_unraisable(arguments: "sys.UnraisableHookArgs") -> None:
    _LOG.error("%s", arguments.err_msg or "An exception was ignored", exc_info=arguments.exc_value)
