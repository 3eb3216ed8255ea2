import numpy as np
import pytest

from bot.e5.reading import choose_words, find_words, keep_sentence, share_out

SENTENCE = "It cost 1,250 euros."
TEXT = f"passage: They built it. {SENTENCE}"


def cut_at_spaces(text: str) -> list[tuple[int, int, int]]:
    pieces, begin = [], 0
    for word in text.split(" "):
        pieces.append((0, begin, begin + len(word)))
        begin += len(word) + 1
    return pieces


def test_reading_keeps_the_first_token_and_those_of_the_sentence() -> None:
    kept = keep_sentence(cut_at_spaces(TEXT), TEXT, len(TEXT) - len(SENTENCE))

    # "passage:", "They", "built" and "it." are rows 1 to 4.
    assert kept.rows.tolist() == [0, 5, 6, 7, 8]
    assert [SENTENCE[slice(*place)] for place in kept.places[1:]] == ["It", "cost", "1,250", "euros."]


def test_reading_finds_the_tokens_of_known_words() -> None:
    kept = keep_sentence(cut_at_spaces(TEXT), TEXT, len(TEXT) - len(SENTENCE))

    assert kept.find_edges((8, 19)) == (3, 4)


def test_reading_chooses_the_likeliest_words_from_first_to_last() -> None:
    kept = keep_sentence(cut_at_spaces(TEXT), TEXT, len(TEXT) - len(SENTENCE))
    # Alone, the likeliest end ("cost") is before the likeliest beginning ("1,250").
    edges = np.array([[9, 9], [0, 0], [0, 5], [5, 0], [0, 4]], np.float32)

    words = choose_words(SENTENCE, kept, edges)

    assert SENTENCE[words.begin : words.end] == "1,250 euros"
    assert words.span_score < 0


def test_reading_rather_takes_a_word_too_many_than_one_too_few() -> None:
    kept = keep_sentence(cut_at_spaces(TEXT), TEXT, len(TEXT) - len(SENTENCE))
    # The likeliest end is "1,250", but "euros" is not much less likely.
    edges = np.array([[9, 9], [0, 0], [0, 0], [9, 5], [0, 4.8]], np.float32)

    words = choose_words(SENTENCE, kept, edges)

    assert SENTENCE[words.begin : words.end] == "1,250 euros"
    assert words.span_score == pytest.approx(np.log(0.55), abs=0.02)
    assert words.certainty == pytest.approx(1, abs=0.02)


def test_reading_leaves_unlikely_words_out() -> None:
    kept = keep_sentence(cut_at_spaces(TEXT), TEXT, len(TEXT) - len(SENTENCE))
    edges = np.array([[9, 9], [0, 0], [0, 0], [9, 5], [0, 2]], np.float32)

    words = choose_words(SENTENCE, kept, edges)

    assert SENTENCE[words.begin : words.end] == "1,250"
    assert words.certainty == pytest.approx(0.94, abs=0.02)


def test_reading_shares_out_where_the_answer_begins_and_ends() -> None:
    kept = keep_sentence(cut_at_spaces(TEXT), TEXT, len(TEXT) - len(SENTENCE))
    edges = np.array([[9, 9], [0, 0], [0, 5], [5, 0], [0, 4]], np.float32)

    shares = share_out(kept, edges)

    assert sum(share for _, share in shares) == pytest.approx(1)
    assert [SENTENCE[begin:].split(maxsplit=1)[0] for begin, share in shares if share > 0.1] == [
        "cost",
        "1,250",
        "euros.",
    ]


@pytest.mark.parametrize(
    ("sentence", "part", "whole"),
    [
        ("It cost 1,250 euros.", "250", "1,250"),
        ("Le prix de l'année, 14,5 %", "ann", "l'année"),
        ("Ein Ost-West-Konflikt begann.", "West", "Ost-West-Konflikt"),
        ("„Zwölf Schiffe“ kamen", "„Zwölf", "Zwölf"),
        ("橋は1931年に建てられた。", "1931年", "1931年"),
        ("2014.", "2014.", "2014"),
        ("बारह देशों ने", "देश", "देशों"),
    ],
)
def test_reading_widens_to_whole_words(sentence: str, part: str, whole: str) -> None:
    start = sentence.index(part)

    begin, end = find_words(sentence, start, start + len(part))

    assert sentence[begin:end] == whole
