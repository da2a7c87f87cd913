"""Where a sentence ends in writing. The server has the same rule and data in src/transcripts/sentences.ts."""

import json
import re
from pathlib import Path
from typing import Any
from unicodedata import category

_DATA: dict[str, Any] = json.loads(Path(__file__).with_name("sentences.json").read_text(encoding="utf-8"))
_MARKS: str = _DATA["marks"]
_MARKS_OF: dict[str, str] = _DATA["marksOf"]
_ORDINALS = frozenset(_DATA["ordinals"])
_ABBREVIATIONS = {code: frozenset(entry["words"].split()) for code, entry in _DATA["abbreviations"].items()}

UNSPACED = "\u0e00"  # scripts from Thai on have few or no spaces between words; those before it have


def ends_sentence(text: str, following: str, language: str) -> bool:
    """Whether a sentence ends between `text`, which goes back to where it began, and what follows.

    The question is only asked between words: a pause may end what is no sentence.
    """
    said = text.rstrip()
    while said and (said[-1] in "\"'" or category(said[-1]) in ("Pe", "Pf", "Pi")):
        said = said[:-1].rstrip()
    if not said or said[-1] not in _MARKS + _MARKS_OF.get(language, "") or _is_closed_by(following):
        return False
    first = next((character for character in following if category(character)[0] in "LN"), "")
    if _is_lower(first):
        return False
    if said[-1] != "." or said.endswith(".."):
        return True
    touching = text.endswith(".") and following[:1] == first != "" and first < UNSPACED
    return not touching and not _goes_on(said, first, language)  # touching: 3.5, example.org


def _goes_on(said: str, first: str, language: str) -> bool:
    """Whether the full stop at the end of `said` is part of its last word, as a rule with more to come."""
    word = said.rsplit(maxsplit=1)[-1][:-1]
    while word and category(word[0])[0] not in "LN":
        word = word[1:]
    known = _ABBREVIATIONS.get(language, frozenset())
    if word.lower() in known or (first.isdecimal() and word.lower() + "#" in known):
        return True
    parts = re.split(r"[.-]+", word)
    if all(_is_letter(part) for part in parts) and (len(parts) == 1 or word.isupper()):
        return True  # initials, U.S.
    if re.fullmatch(r"\W*\d+\.", said):
        return True  # the number of an item of a list
    return language in _ORDINALS and re.fullmatch(r"\d{1,2}|[IVXLC]+", word) is not None


def _is_closed_by(following: str) -> bool:
    """Whether a closing mark follows, after a space of its own in French."""
    marks = following.lstrip()
    rest = marks.lstrip("".join(mark for mark in set(marks) if category(mark) in ("Pe", "Pf")))
    return marks != rest and (marks == following or not rest or rest[0].isspace())


def _is_letter(text: str) -> bool:
    """Whether it is one letter of a script with capitals; in others a word may be as short."""
    return category(text[:1] or " ") in ("Lu", "Ll") and all(category(mark)[0] == "M" for mark in text[1:])


def _is_lower(character: str) -> bool:
    """Whether it is small where a sentence would begin with a capital; Georgian has capitals for whole words only."""
    return character.islower() and character.upper() != character and not "\u10d0" <= character <= "\u10ff"
