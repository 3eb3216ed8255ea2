"""Questions of one person are counted, however many others ask."""

from datetime import UTC, datetime

from bot.chat.handlers.allowance import Allowance, Verdict

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_allowance_counts_the_first_question_where_it_knows_as_many_people_as_it_may() -> None:
    allowance = Allowance(questions_per_minute=1, exempt_ids=(), most_people=2)
    assert [allowance.judge(asker, NOW) for asker in (1, 2, 3)] == [Verdict.ANSWERED] * 3
    assert [allowance.judge(3, NOW), allowance.judge(3, NOW)] == [Verdict.REFUSED, Verdict.IGNORED]
