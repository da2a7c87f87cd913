"""Segments of the size of a subtitle, built from words: they end with sentences and pauses, and are never long."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

LONGEST_SECONDS = 7.0  # what subtitle guides allow on the screen
LONGEST_WIDTH = 84  # columns: two lines of 42; a wide (CJK) character takes two
PAUSE = 0.8  # s of silence between words that ends a segment
SHORTEST_WORD = 0.02  # s: the step of the alignment
SHORTEST_SENTENCE = 1.0  # s; a shorter sentence shares its segment with the next one

SENTENCE_ENDS = ".?!。？！…"
CLAUSE_ENDS = ",;:，、；："
UNSPACED = 0x0E00  # scripts from Thai on have few or no spaces between words; those before it have
AFTER_END = "\"'”’)]}」』"


@dataclass(frozen=True, slots=True)
class Timed:
    """A word on the recording's time line, in seconds; `text` with the space before it if it has one."""

    text: str
    start: float
    end: float
    probability: float


def split_into_segments(words: list[Timed]) -> list[list[Timed]]:
    """The words, grouped; every group has a text."""
    sentences: list[list[Timed]] = [[]]
    for word in words:
        last = sentences[-1]
        if last and _may_start(word) and (word.start - last[-1].end >= PAUSE or _ends_sentence(last)):
            sentences.append([])
        sentences[-1].append(word)
    groups = [part for sentence in sentences for part in _split_long(sentence)]
    return [group for group in groups if text_of(group)]


def text_of(words: list[Timed]) -> str:
    """The words as one line of text; languages without spaces have none in their words."""
    return " ".join("".join(word.text for word in words).split())


def width(text: str) -> int:
    """Columns that the text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def monotone(words: Sequence[Timed], floor: float, ceiling: float) -> list[Timed]:
    """The words with times that never go back, nor below `floor` or above `ceiling`.

    Words that could not be placed get a moment each. Where so many of them stand at the end that they would pass the
    ceiling, the last ones are moved forward in time, and share evenly what room there is.
    """
    shortest = min(SHORTEST_WORD, max(0.0, ceiling - floor) / max(1, len(words)))
    kept: list[Timed] = []
    for number, word in enumerate(words):
        latest = max(floor, ceiling - (len(words) - number) * shortest)
        start = min(max(word.start, floor), latest)
        floor = min(max(word.end, start + shortest), latest + shortest, ceiling)
        kept.append(replace(word, start=start, end=floor))
    return kept


def _may_start(word: Timed) -> bool:
    """Whether a segment may start with it: not the second half of "1-2" or "don't", but any character of Chinese."""
    first = word.text[:1]
    return first.isspace() or ord(first or " ") >= UNSPACED


def _ends_sentence(words: list[Timed]) -> bool:
    text = words[-1].text.rstrip(AFTER_END)
    return text.endswith(tuple(SENTENCE_ENDS)) and words[-1].end - words[0].start >= SHORTEST_SENTENCE


def _split_long(words: list[Timed]) -> list[list[Timed]]:
    if len(words) < 2 or (words[-1].end - words[0].start <= LONGEST_SECONDS and width(text_of(words)) <= LONGEST_WIDTH):
        return [words] if words else []
    allowed = [i for i in range(1, len(words)) if _may_start(words[i])]
    if not allowed:
        return [words]
    at = min(allowed, key=lambda i: _cost(words, i))
    return _split_long(words[:at]) + _split_long(words[at:])


def _cost(words: list[Timed], at: int) -> float:
    """How bad it is to split before word `at`: 0 in the middle, 1 at the edges, less at a comma or a pause."""
    full = words[-1].end - words[0].start
    left = words[at - 1].end - words[0].start
    right = words[-1].end - words[at].start
    balance = abs(left - right) / full if full > 0 else abs(2 * at - len(words)) / len(words)
    before = words[at - 1].text.rstrip(AFTER_END)
    if before.endswith(tuple(SENTENCE_ENDS)):
        balance -= 0.8
    elif before.endswith(tuple(CLAUSE_ENDS)):
        balance -= 0.5
    return balance - min(words[at].start - words[at - 1].end, PAUSE) * 0.5
