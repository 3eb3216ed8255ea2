"""Questions as buttons, examples and suggested ones: a tap asks."""

from bot.chat.handlers.questions import Questions
from bot.chat.handlers.suggestions import Suggestions
from bot.chat.turn import PressTurn
from bot.wording.examples import Examples

EXAMPLE_PATTERN = r"^ask:[0-9a-f]{12}$"
"""Matches the callback data of example buttons."""


class ExampleButtons:
    """Asks the question that somebody taps."""

    def __init__(self, *, examples: Examples, suggestions: Suggestions, questions: Questions) -> None:
        self._examples = examples
        self._suggestions = suggestions
        self._questions = questions

    async def on_press(self, turn: PressTurn) -> None:
        """Ask the question of the button, or say that it is gone."""
        words = self._examples.find(turn.value) or await self._suggestions.find(turn.value)
        if words is None or turn.message is None:
            await turn.acknowledge("example.gone")
            return
        await turn.acknowledge()
        await self._questions.pose(turn.at(turn.message), words)
