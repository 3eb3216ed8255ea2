"""Paragraphs are cut where a reader would cut them, in every language of the articles."""

import pytest

from bot.corpus.sentences import split_sentences


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("nb", ["Møtet ble holdt 26. oktober i Hanoi.", "Mange kom."]),
        ("nb", ["Det begynte kl. 14.00 og varte lenge.", "Så var det slutt."]),
        ("nb", ["«Nå er det landenes tur», sa han.", "Ingen svarte."]),
        ("en", ["However, Mr. John Brandolino noted it.", "Dr. Smith did not."]),
        ("en", ["J. K. Rowling came at 5 p.m.", "She left."]),
        ("en", ['"Is it over?" he asked.', "It was."]),
        ("fr", ["Plus de 2 500 délégués sont venus.", "M. Dupont était là."]),
        ("fr", ["Selon M. Dupont, c'est fini.", "Oui.", "Mme Durand le confirme."]),
        ("id", ["Lebih dari 2.500 delegasi hadir.", "Bpk. Joko datang."]),
        ("de", ["Am 26. Oktober kam Dr. Müller nach Hanoi.", "Das Motto „Vorwärts!“ gefiel z. B. allen."]),
        ("ja", ["これは文です。", "次の文です。"]),
    ],
)
def test_sentences_are_cut_as_a_reader_would(language: str, sentences: list[str]) -> None:
    separator = "" if language == "ja" else " "
    assert split_sentences(separator.join(sentences), language) == sentences


@pytest.mark.parametrize("line", ["Three consensus results", "Ministeren holdt talen (Foto: VNA)."])
def test_sentences_headings_and_captions_stay_whole(line: str) -> None:
    assert split_sentences(line, "en") == [line]


def test_sentences_of_blank_text_are_none() -> None:
    assert split_sentences("  \t ", "en") == []


def test_sentences_of_a_list_keep_their_number() -> None:
    assert split_sentences("1. The first thing happened. 2. Then the second.", "en")[0].startswith("1. The")
