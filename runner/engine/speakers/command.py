"""`python -m engine --speakers`: from what was heard and said to who said it, without the recording and a model."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from engine.confine import confine_files, confine_process
from engine.errors import EngineError
from engine.job import PROTOCOL
from engine.lifeline import EXIT_ORPHANED, keep_beating
from engine.lines import Lines
from engine.memory import limit_memory, peak_memory
from engine.speakers.cluster import Bounds, cluster, one_voice_each
from engine.speakers.cut import Segment, cut
from engine.speakers.piece import Piece, decode
from engine.speakers.turns import Turn, WhoSpeaks, turns_of

LONGEST_LINE = 1 << 20  # bytes
MOST_SPEAKERS = 20
# Pieces: a voice has 8 in a core, where its clips are as short as they can be. What is within a core is linked in the
# square of their number.
MOST_OF_CORE = 50


def tell_apart(clips: list[Piece], bounds: Bounds) -> list[Turn]:
    """When each speaker speaks, by all that was heard of a recording."""
    pieces = one_voice_each(clips)
    return turns_of(pieces, cluster(pieces, bounds))


class Keys:
    """The speakers' keys: "1", "2" ... in the order in which they first say something."""

    def __init__(self) -> None:
        self._keys: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def named(self, segment: Segment) -> Segment:
        """The segment with keys for numbers."""
        words = segment["words"] and [{**word, "speaker": self._key(word["speaker"])} for word in segment["words"]]
        return {**segment, "speaker": self._key(segment["speaker"]), "words": words}

    def _key(self, speaker: int | None) -> str | None:
        return None if speaker is None else self._keys.setdefault(speaker, str(len(self._keys) + 1))


def serve(lines: Lines) -> None:
    """Read voices and segments from stdin, and say the segments with their speakers. Raises whatever fails."""
    confine_process()
    confine_files(None, None)
    said = _lines_of_stdin()
    first = next(said)
    bounds, language = _parse_request(first)
    keep_beating(lines)
    lines.write("stage", stage="DIARIZING")
    clips: list[Piece] = []
    who: WhoSpeaks | None = None
    keys, count = Keys(), 0
    for line in said:
        kind = line.get("type")
        if kind == "voices" and who is None:
            clips += _pieces(line)
        elif kind == "segment":
            who = who or WhoSpeaks(tell_apart(_possible(clips), bounds))
            for segment in sorted(_cut(line, who, language), key=lambda part: part["startSeconds"]):
                count += 1
                lines.write(**keys.named(segment))
        elif kind == "end":
            break
        else:
            raise EngineError("ENGINE_PROTOCOL", "A line of another type than voices, segment and end was sent.")
    lines.write("stage", stage="FINISHING")
    lines.write("end", segments=count, speakers=len(keys), peakMemoryBytes=peak_memory(), warnings=[])


def _lines_of_stdin() -> Iterator[dict[str, Any]]:
    """Each line as an object. The end of stdin before a line `end` says that the server is gone."""
    while True:
        line = sys.stdin.buffer.readline(LONGEST_LINE + 1)
        if not line:
            os._exit(EXIT_ORPHANED)
        try:
            value = json.loads(line) if len(line) <= LONGEST_LINE else None
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise EngineError("ENGINE_PROTOCOL", "A line is not a JSON object of at most 1 MiB.")
        yield value


def _parse_request(line: dict[str, Any]) -> tuple[Bounds, str]:
    """The bounds and the language of the transcript; the memory limit is put into force."""
    if line.get("type") != "speakers" or line.get("protocol", PROTOCOL) != PROTOCOL:
        raise EngineError("ENGINE_PROTOCOL", f"The first line must be of type speakers, of protocol {PROTOCOL}.")
    least, most = line.get("minSpeakers"), line.get("maxSpeakers")
    for bound in (least, most):
        if bound is not None and not (type(bound) is int and 1 <= bound <= MOST_SPEAKERS):
            raise EngineError("ENGINE_PROTOCOL", f"minSpeakers and maxSpeakers must be from 1 to {MOST_SPEAKERS}.")
    if least is not None and most is not None and least > most:
        raise EngineError("ENGINE_PROTOCOL", "minSpeakers must not be above maxSpeakers.")
    language, memory = line.get("language"), (line.get("limits") or {}).get("maxMemoryBytes")
    limit_memory(memory if type(memory) is int and memory > 0 else None)
    return Bounds(least or 1, most), language if isinstance(language, str) else ""


def _pieces(line: dict[str, Any]) -> list[Piece]:
    try:
        return decode(line["pieces"])
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError("ENGINE_PROTOCOL", "A line of voices is not one that this engine has said.") from error


def _possible(clips: list[Piece]) -> list[Piece]:
    if any(count > MOST_OF_CORE for count in Counter(clip.core for clip in clips).values()):
        raise EngineError("ENGINE_PROTOCOL", "More voices were sent of one core than this engine hears.")
    return clips


def _cut(line: dict[str, Any], who: WhoSpeaks, language: str) -> list[Segment]:
    try:
        return cut(line, who, language)
    except (KeyError, TypeError) as error:
        raise EngineError("ENGINE_PROTOCOL", "A segment lacks something that every segment has.") from error
