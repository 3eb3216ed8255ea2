"""How far the reading of new articles is, on a terminal or in the log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from bot.search.vectors import Progress

_LOG = logging.getLogger(__name__)


@contextmanager
def show_progress(console: Console) -> Iterator[Progress]:
    """Yield a callback that draws a progress bar on a terminal, and elsewhere logs one line."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    has_said = False
    with ProgressBar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Reading the articles (new texts take a moment, once)", total=None, visible=False)

        def advance(done: int, total: int) -> None:
            nonlocal has_said
            bar.update(task, completed=done, total=total, visible=True)
            if not console.is_terminal and not has_said:
                has_said = True
                _LOG.info("Reading new articles, %d texts, once; this takes a moment", total)

        yield advance
