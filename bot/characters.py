r"""Characters that need care: those that do harm where they are shown, and scripts without spaces.

Control characters, lone surrogates, line separators and marks that turn the direction of writing
do harm nearly everywhere. The tables differ on purpose: a log line has no tabulators, a terminal is
misled by invisible characters too, and an article keeps whatever Telegram or a terminal leaves out
later. Joiners are a part of words and emoji and are in none of them. What becomes of the
characters is up to whoever finds them.
"""

import re

# All control characters but the tabulator, the line feed and, in the first, what else is white space.
_ODD_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x9f"
_CONTROLS = "\x0b-\x0d" + _ODD_CONTROLS
_SURROGATES = "\ud800-\udfff"
# Line and paragraph separators, and what overrides or isolates a direction of writing.
_TURNS = "\u2028-\u202e\u2066-\u2069"
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_INVISIBLE = "\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)

UNFIT_FOR_ARTICLES = re.compile(f"[{_ODD_CONTROLS}]")
"""What no text has on purpose."""

UNFIT_FOR_MESSAGES = re.compile(f"[\t{_CONTROLS}{_SURROGATES}{_TURNS}{_NONCHARACTERS}]")
"""What Telegram refuses or drops, or misleads the reader of a message. Nothing of it is printable."""

UNFIT_FOR_TERMINALS = re.compile(f"[{_CONTROLS}{_SURROGATES}{_TURNS}{_DIRECTION_MARKS}{_INVISIBLE}]")
"""What a terminal obeys, or misleads its reader."""

DIRECTION_MARKS = re.compile(f"[{_DIRECTION_MARKS}]")
"""What a terminal may leave out unseen: texts and dates in languages written from the right have them."""

UNFIT_FOR_LOG_LINES = re.compile(f"[\t\n{_CONTROLS}{_SURROGATES}{_TURNS}{_DIRECTION_MARKS}]")
"""What forges a line of the log, or misleads its reader."""

UNFIT_FOR_LOG_PARAGRAPHS = re.compile(f"[\t{_CONTROLS}{_SURROGATES}{_TURNS}{_DIRECTION_MARKS}]")
"""The same in what stands on several lines, such as a traceback."""

UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, kana and Han, which are written without spaces; for a class of a pattern."""
