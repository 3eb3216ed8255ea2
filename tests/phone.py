"""How much of a phone's screen a message takes: a simple model of Telegram on 390 × 844 points.

Text is 17 points high in lines of 22, and a bubble leaves 296 points for it: about 37 Latin letters a
line, of which a letter of Chinese or Japanese takes two. Lines break between words. Above is the status
bar with the name of the chat (103 points), below the input field (83); a row of buttons takes 44, the
edges of the bubble 16. What is folded counts as unfolded.
"""

import textwrap
import unicodedata

HEIGHT = 844 - 103 - 83
LETTERS = 37
LINE = 22
ROW = 44
EDGES = 16


def measure_height(text: str, rows: int) -> int:
    """Return the height of a message with so many rows of buttons, in points."""
    lines = sum(_count_lines(line) for line in text.split("\n"))
    return EDGES + LINE * lines + ROW * rows


def is_on_screen(text: str, rows: int) -> bool:
    """Tell whether a message is seen without scrolling."""
    return measure_height(text, rows) <= HEIGHT


def _count_lines(line: str) -> int:
    wide = "".join(letter * (2 if unicodedata.east_asian_width(letter) in "WF" else 1) for letter in line)
    return max(1, len(textwrap.wrap(wide, LETTERS, break_on_hyphens=False)))
