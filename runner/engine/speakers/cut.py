"""Segments cut where the speaker changes, each with its speaker, and so its words."""

from collections.abc import Sequence
from typing import Any

from engine.sentences import ends_sentence
from engine.speakers.turns import WhoSpeaks

Segment = dict[str, Any]  # as in a line `segment`
Word = dict[str, Any]

# A change within a segment goes to where a sentence ends, if that is near; the ends of the segment count as such.
NEAR_WORDS, NEAR_SECONDS = 2, 0.8


def cut(segment: Segment, who: WhoSpeaks, language: str) -> list[Segment]:
    """The segment in parts of one speaker each, in the order of time.

    What somebody says into the speech of another, who goes on meanwhile, is a part beside the other's and not between
    two halves of it. Without words, or with words that are not those of its text, the segment stays whole.
    """
    words: list[Word] = segment["words"] or []
    places = _places(segment["text"], words)
    if not words or places is None:
        speaker = who.of(segment["startSeconds"], segment["endSeconds"])
        return [_with_speaker(segment, words, speaker)]
    speakers = speakers_of(words, who, segment["language"] or language)
    parts = _parts(speakers, words, who)
    return [_part(segment, [words[i] for i in part], _text(segment, places, part), speakers[part[0]]) for part in parts]


def speakers_of(words: Sequence[Word], who: WhoSpeaks, language: str) -> list[int | None]:
    """Who says each word of a segment.

    Changes go to the ends of sentences: 1.21 % of the words of six conversations have a wrong speaker, 1.32 % without.
    To give one or two short words to who speaks before and after them changed none.
    """
    return _to_sentence_ends(nearest_speakers(words, who), words, language)


def nearest_speakers(words: Sequence[Word], who: WhoSpeaks) -> list[int | None]:
    """Who speaks most of each word, or nearest to it."""
    speakers: list[int | None] = []
    for word in words:
        before = speakers[-1] if speakers else None
        speakers.append(who.of(word["startSeconds"], word["endSeconds"], before))
    return speakers


def _to_sentence_ends(speakers: list[int | None], words: Sequence[Word], language: str) -> list[int | None]:
    moved = list(speakers)
    ends = _sentence_ends(words, language)
    for at, _ in _stretches(speakers)[1:]:
        near = [end for end in ends if abs(end - at) <= NEAR_WORDS and _seconds_between(words, end, at) <= NEAR_SECONDS]
        if not near:
            continue
        to = min(near, key=lambda end: (abs(end - at), end))
        if to < at:
            moved[to:at] = [speakers[at]] * (at - to)
        else:
            moved[at:to] = [moved[at - 1]] * (to - at)
    return moved


def _sentence_ends(words: Sequence[Word], language: str) -> list[int]:
    """The words before which a sentence begins, and where the segment ends."""
    ends, said = [0], ""
    for number, word in enumerate(words):
        if said and ends_sentence(said, f" {word['text']}", language):
            ends.append(number)
            said = ""
        said += f" {word['text']}"
    return [*ends, len(words)]


def _seconds_between(words: Sequence[Word], one: int, other: int) -> float:
    """How long the words between two places last."""
    first, last = sorted((one, other))
    return float(words[last - 1]["endSeconds"] - words[first]["startSeconds"]) if first < last else 0.0


def _stretches(speakers: Sequence[int | None]) -> list[tuple[int, int]]:
    """The words [first, last) that one speaker says after each other."""
    starts = [i for i in range(len(speakers)) if i == 0 or speakers[i] != speakers[i - 1]]
    return list(zip(starts, [*starts[1:], len(speakers)], strict=True))


def _parts(speakers: Sequence[int | None], words: Sequence[Word], who: WhoSpeaks) -> list[list[int]]:
    """The words of each part, in the order of their beginnings."""
    parts: list[list[int]] = []
    for first, last in _stretches(speakers):
        speaker = speakers[first]
        if len(parts) > 1 and speaker is not None and speaker == speakers[parts[-2][0]]:
            said, end = words[parts[-1][0]]["startSeconds"], words[parts[-1][-1]]["endSeconds"]
            if who.speaks_through(speaker, said, end):
                parts[-2] += range(first, last)
                continue
        parts.append(list(range(first, last)))
    return parts


def _places(text: str, words: Sequence[Word]) -> list[int] | None:
    """Where each word begins in the text; None where they are not its words."""
    places: list[int] = []
    at = 0
    for word in words:
        found = text.find(word["text"], at)
        if found < 0 or text[at:found].strip():
            return None
        places.append(found)
        at = found + len(word["text"])
    return None if text[at:].strip() else places


def _text(segment: Segment, places: Sequence[int], part: Sequence[int]) -> str:
    text: str = segment["text"]
    ends = [*places[1:], len(text)]
    return "".join(text[places[i] : ends[i]] for i in part).strip()


def _part(segment: Segment, words: list[Word], text: str, speaker: int | None) -> Segment:
    start, end = words[0]["startSeconds"], words[-1]["endSeconds"]
    if words[0] is segment["words"][0]:
        start = min(start, segment["startSeconds"])
    if words[-1] is segment["words"][-1]:
        end = max(end, segment["endSeconds"])
    return _with_speaker({**segment, "startSeconds": start, "endSeconds": end, "text": text}, words, speaker)


def _with_speaker(segment: Segment, words: list[Word], speaker: int | None) -> Segment:
    spoken = [{**word, "speaker": speaker} for word in words] if segment["words"] is not None else None
    return {**segment, "speaker": speaker, "words": spoken}
