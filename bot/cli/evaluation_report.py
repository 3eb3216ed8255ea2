"""The figures of an evaluation, as tables for a person and as JSON for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.printing import make_printable, print_plain, write_json
from bot.evaluation.conversations import ConversationFigures
from bot.evaluation.measurement import Figures, RankingFigures, Result

_SHOWN_HITS = 3
_SHOWN_CHARACTERS = 160


def describe_figures(figures: Figures, conversations: ConversationFigures | None) -> str:
    """Return the figures as one JSON object."""
    described = asdict(figures)
    if conversations is not None:
        described["conversations"] = asdict(conversations)
    return write_json(described)


def print_conversations(console: Console, figures: ConversationFigures) -> None:
    """Print how well second turns are answered."""
    table = Table("conversations", "number", "Hit@1", "Hit@3", "MRR", box=None, pad_edge=False)
    _add_row(table, "follow-ups", figures.follow_ups)
    _add_row(table, "changes of subject", figures.switches_answerable)
    _add_row(table, "the same, asked alone", figures.switches_answerable_alone)
    console.print()
    console.print(table)
    for line in (
        "",
        f"follow-ups right first       {figures.right_first:.3f}",
        f"  asked alone / in full      {figures.right_first_alone:.3f} / {figures.right_first_in_full:.3f}",
        f"  refused of {figures.unanswerable_follow_ups} unanswerable   {figures.refused_follow_ups:.3f}",
        f"changes of subject           {figures.switches}",
        f"  not bluffed                {figures.not_bluffed:.3f}",
        f"  refused of {figures.unanswerable_switches} unanswerable  {figures.refused_switches:.3f}",
        f"  the same, asked alone      {figures.refused_alone:.3f}",
    ):
        print_plain(console, line)


def print_figures(console: Console, figures: Figures) -> None:
    """Print the figures as tables."""
    table = Table("questions", "number", "Hit@1", "Hit@3", "MRR", box=None, pad_edge=False)
    _add_row(table, "all answerable", figures.ranking)
    _add_row(table, "own language", figures.own_language)
    _add_row(table, "other language", figures.other_language)
    for language, ranking in figures.by_language.items():
        _add_row(table, language, ranking)
    console.print(table)
    kinds = ", ".join(f"{kind} {part:.3f}" for kind, part in figures.refused_by_kind.items())
    for line in (
        "",
        f"refused of {figures.unanswerable} unanswerable  {figures.refused_unanswerable:.3f}  ({kinds})",
        f"refused of the answerable    {figures.refused_answerable:.3f}",
        f"precision of the refusals    {figures.refusal_precision:.3f}",
        f"AUROC of the confidence      {figures.auroc:.3f}",
        f"calibration error            {figures.calibration_error:.3f}",
        f"short holds the fact         {figures.short_has_fact:.3f}",
        f"highlight holds the fact     {figures.highlight_has_fact:.3f}",
        f"either holds the fact        {figures.either_has_fact:.3f}",
        f"highlight, median words      {figures.highlight_median_words:g}",
        f"shown in the own language    {figures.shown_in_own_language:.3f}",
        f"the same, if right first     {figures.right_in_own_language:.3f}",
        f"latency p50 / p95            {figures.p50_ms:.1f} / {figures.p95_ms:.1f} ms",
    ):
        print_plain(console, line)


def print_ablation(console: Console, ablation: Mapping[str, Figures]) -> None:
    """Print the worth of each part of the ranking, as rows of a Markdown table."""
    print_plain(console, "| left out | Hit@1 | Hit@3 | MRR | own Hit@1 | other Hit@1 | AUROC |")
    print_plain(console, "| --- | --- | --- | --- | --- | --- | --- |")
    for name, figures in ablation.items():
        values = (
            figures.ranking.hit_at_1,
            figures.ranking.hit_at_3,
            figures.ranking.mrr,
            figures.own_language.hit_at_1,
            figures.other_language.hit_at_1,
            figures.auroc,
        )
        print_plain(console, f"| {name} | {' | '.join(f'{value:.3f}' for value in values)} |")


def print_failures(console: Console, failures: Sequence[Result]) -> None:
    """Print each question that went wrong, and its first hits."""
    for result in failures:
        known = result.question
        verdict = "refused" if not result.findings.is_answer else "answered"
        found = f"right passage at rank {result.place.rank:g}" if result.place else "no right passage shown"
        wanted = "unanswerable" if known.unanswerable else found
        confidence = f"confidence {result.findings.confidence:.2f}"
        print_plain(console, f"{known.id} [{known.language}] {known.question}", style="bold")
        print_plain(console, f"   {wanted}, {verdict}, {confidence}")
        for hit in result.findings.hits[:_SHOWN_HITS]:
            print_plain(
                console, f"   {hit.score:.3f} {hit.passage.id} {hit.passage.text[:_SHOWN_CHARACTERS]}"
            )
        console.print()


def _add_row(table: Table, name: str, ranking: RankingFigures) -> None:
    values = (ranking.hit_at_1, ranking.hit_at_3, ranking.mrr)
    table.add_row(Text(make_printable(name)), str(ranking.questions), *(f"{value:.3f}" for value in values))
