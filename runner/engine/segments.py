"""Segments of the size of a subtitle, built from words: they end with sentences and pauses, and are never long."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import category, east_asian_width

from engine.sentences import UNSPACED, ends_sentence

LONGEST_SECONDS = 7.0  # what subtitle guides allow on the screen
LONGEST_WIDTH = 84  # columns: two lines of 42; a wide (CJK) character takes two
PAUSE = 0.8  # s of silence between words that ends a segment
SHORTEST_WORD = 0.02  # s: the step of the alignment
SHORTEST_SENTENCE = 1.0  # s; a shorter sentence shares its segment with the next one

CLAUSE_ENDS = ",;:،؛،，、；：၊፣፤"
AFTER_END = "\"'”’)]}」』"

# Vowels of Thai and Lao that are written after and before their consonant, and signs that bind it to the next one.
NEVER_FIRST = "ะาำๅຯະາຳๆໆ々ーぁぃぅぇぉっゃゅょァィゥェォッャュョ。、，．・：；？！．，"
NEVER_LAST = "เแโใไເແໂໃໄ\u1039\u17d2"


@dataclass(frozen=True, slots=True)
class Timed:
    """A word on the recording's time line, in seconds; `text` with the space before it if it has one."""

    text: str
    start: float
    end: float
    probability: float


def split_into_segments(words: list[Timed], language: str) -> list[list[Timed]]:
    """The words, grouped; every group has a text."""
    sentences: list[list[Timed]] = [[]]
    for word in words:
        last = sentences[-1]
        if (
            last
            and _may_part(last[-1], word)
            and (word.start - last[-1].end >= PAUSE or _is_whole(last, word, language))
        ):
            sentences.append([])
        sentences[-1].append(word)
    groups = [part for sentence in sentences for part in _split_long(sentence, language)]
    return [group for group in groups if text_of(group)]


def text_of(words: list[Timed]) -> str:
    """The words as one line of text; languages without spaces have none in their words."""
    return " ".join("".join(word.text for word in words).split())


def width(text: str) -> int:
    """Columns that the text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


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


def _may_part(word: Timed, following: Timed) -> bool:
    """Whether a segment may start with the second of two words.

    Not with the second half of "1-2" or "don't", but with any character of Chinese that is not part of the one before:
    a combining mark, a closing mark, the rest of a syllable.
    """
    first, last = following.text[:1] or " ", word.text[-1:]
    if first.isspace():
        return True
    bound = category(first) in ("Mn", "Mc", "Me", "Pe", "Pf") or first in NEVER_FIRST
    return first >= UNSPACED and not bound and last not in NEVER_LAST and category(last or " ") not in ("Ps", "Pi")


def _is_whole(words: list[Timed], following: Timed, language: str) -> bool:
    """Whether the words are a sentence that is long enough for a segment."""
    long_enough = words[-1].end - words[0].start >= SHORTEST_SENTENCE
    return long_enough and ends_sentence("".join(word.text for word in words), following.text, language)


def _split_long(words: list[Timed], language: str) -> list[list[Timed]]:
    if len(words) < 2 or (words[-1].end - words[0].start <= LONGEST_SECONDS and width(text_of(words)) <= LONGEST_WIDTH):
        return [words] if words else []
    allowed = [i for i in range(1, len(words)) if _may_part(words[i - 1], words[i])]
    if not allowed:
        return [words]
    at = min(allowed, key=lambda i: _cost(words, i, language))
    return _split_long(words[:at], language) + _split_long(words[at:], language)


def _cost(words: list[Timed], at: int, language: str) -> float:
    """How bad it is to split before word `at`: 0 in the middle, 1 at the edges, less at a comma or a pause."""
    full = words[-1].end - words[0].start
    left = words[at - 1].end - words[0].start
    right = words[-1].end - words[at].start
    balance = abs(left - right) / full if full > 0 else abs(2 * at - len(words)) / len(words)
    before, after = words[at - 1].text, words[at].text
    if ends_sentence("".join(word.text for word in words[:at]), after, language):
        balance -= 0.8
    elif before.rstrip(AFTER_END).endswith(tuple(CLAUSE_ENDS)):
        balance -= 0.5
    elif _is_within_phrase(before, after):
        balance += 0.5
    return balance - min(words[at].start - words[at - 1].end, PAUSE) * 0.5


def _is_within_phrase(before: str, after: str) -> bool:
    """Whether two tokens of a script without spaces may well be one word: Japanese ones mostly begin after hiragana."""
    if after[:1].isspace() or after[:1] < UNSPACED:
        return False
    return not ("ぁ" <= before[-1:] <= "ゟ" and not "ぁ" <= after[:1] <= "ゟ")
