"""What can be wrong with a reading, told from its words, its scores and the VAD: rules that decide and do nothing."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.audio.channel_audio import ChannelAudio
from engine.audio.media import RATE
from engine.audio.plan import PAD
from engine.audio.vad import FRAME
from engine.decode import Decoding
from engine.words import Word

# Whisper's own thresholds for silence: both must fail, as quiet real speech fails one of them.
NO_SPEECH, LOG_PROBABILITY = 0.6, -1.0
FULL = 223  # new tokens: the model was cut off, by dense speech or by a loop
LOOP_RATIO = 2.4  # Whisper's threshold; alone it damages real repetition, of which the model never says "no speech"
FAINT = 1.0  # s of speech by the VAD. Of 80 real words heard alone, "no speech" met only fragments that came out wrong

# The model said more of no-speech than a sure one, and less than chance of its words: laughter, told as "I'm sorry.".
# Of 36 clips of speech under noise as loud as the voice none came near it.
NONSENSE_NO_SPEECH, NONSENSE = 0.3, -1.4

# Of 5,707 words of speech none met these; "or, or, or" 47 times and 18 words in 0.36 s did, and passed before.
REPEATS, LONGEST_REPEATED = 8, 10  # times that the same words come in a row, and how many words these may be
STUTTER = re.compile(r"([^\W\d]{1,4}?)\1{11}")  # the same within a word
FASTEST = 12  # words that nobody says within a second

# Another reading of these makes 426 errors of 433 in 1,716 words under noise (10, 5 and 0 dB), for 5 of 36 clips read
# twice. Penalties against repetition, or the clip in two halves, as third and fourth readings brought nothing more.
DOUBTFUL, DOUBTFUL_RATIO = -0.7, 2.0
MISSED = 1.5  # s of speech without a word that are worth another reading; in 5,707 words 374 errors instead of 382
MARGIN = 0.2  # s beside a word that still belong to it
CUT_OFF = 0.4  # s of speech after the last word that tell of a lost end; fires on 3 of 135 short files, and harms none
LONE_PAUSE = 2.0  # s between a word and the others

Verdict = Literal["KEEP", "DROP", "SPLIT"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Frames [first, last) of a channel with speech in them, and none of the words: `before` words stand before it."""

    before: int
    first: int
    last: int


def verdict_of(decoding: Decoding, speech: float) -> Verdict:
    """Keep it, drop it as words heard in silence, or read the sound again in smaller parts.

    `speech`: seconds of the sound that the VAD takes for speech. When the model itself says that nobody speaks, one
    more witness is enough: low probability, a loop, or a VAD that hears next to nothing.
    """
    unsure = decoding.log_probability < LOG_PROBABILITY or decoding.ratio > LOOP_RATIO or speech < FAINT
    nonsense = decoding.log_probability < NONSENSE and decoding.no_speech > NONSENSE_NO_SPEECH
    if nonsense or (decoding.no_speech > NO_SPEECH and unsure):
        return "DROP"
    return "SPLIT" if decoding.tokens >= FULL or is_loop(decoding) else "KEEP"


def is_loop(decoding: Decoding) -> bool:
    """Whether the model repeats itself, at any length, or says more than a mouth can."""
    full = decoding.tokens >= FULL and decoding.ratio > LOOP_RATIO
    words = [_plain(word.text) for word in decoding.words]
    return full or _repeats(words) or any(STUTTER.search(word) for word in words) or _races(decoding.words)


def _repeats(words: list[str]) -> bool:
    for length in range(1, LONGEST_REPEATED + 1):
        same = 0
        for one, other in zip(words, words[length:], strict=False):
            same = same + 1 if one == other else 0
            if same >= (REPEATS - 1) * length:
                return True
    return False


def _races(words: tuple[Word, ...]) -> bool:
    return any(late.end - early.start < 1.0 for early, late in zip(words, words[FASTEST:], strict=False))


def is_doubtful(decoding: Decoding, speech: float) -> bool:
    """Whether a second reading may be better."""
    silent = not decoding.words and speech > MISSED
    return silent or decoding.log_probability < DOUBTFUL or decoding.ratio > DOUBTFUL_RATIO


def ends_early(decoding: Decoding, channel: ChannelAudio) -> bool:
    """Whether people go on talking after the last word for a word or two; for longer, that is a gap."""
    return bool(decoding.words) and CUT_OFF < _unread(channel, decoding.words[-1].end, channel.seconds) <= MISSED


def gaps(decoding: Decoding, channel: ChannelAudio) -> list[Gap]:
    """Where people talk and no word was read: before the first word, between two, after the last."""
    if not decoding.words:
        return []
    ends = [0.0, *(word.end for word in decoding.words)]
    starts = [*(word.start for word in decoding.words), channel.seconds]
    return [
        Gap(before, *_frames_of_speech(channel, end, start))
        for before, (end, start) in enumerate(zip(ends, starts, strict=True))
        if start - end > MISSED and _unread(channel, end + MARGIN, start - MARGIN) > MISSED
    ]


def without_neighbours(decoding: Decoding, words: Sequence[Word], before: int) -> Decoding:
    """What was read of a gap, less the words beside the gap that were heard once more at its edges."""
    found = decoding.words
    if found and before > 0 and same_words(found[:1], words[before - 1 : before]):
        found = found[1:]
    if found and before < len(words) and same_words(found[-1:], words[before : before + 1]):
        found = found[:-1]
    return replace(decoding, words=found)


def lone_word(decoding: Decoding, channel: ChannelAudio) -> Literal["FIRST", "LAST"] | None:
    """Whether the first or the last word stands seconds away from all others: perhaps on a sound that is no word."""
    words = decoding.words
    if len(words) < 3:
        return None
    times = [channel.original(word.start, word.end) for word in words]
    if times[1][0] - times[0][1] > LONE_PAUSE:
        return "FIRST"
    if times[-1][0] - times[-2][1] > LONE_PAUSE:
        return "LAST"
    return None


def same_words(one: Sequence[Word], other: Sequence[Word]) -> bool:
    """Whether they say the same, whatever their case and marks."""
    return [_plain(word.text) for word in one] == [_plain(word.text) for word in other]


def _unread(channel: ChannelAudio, start: float, end: float) -> float:
    """Seconds of speech between two times of the channel."""
    return sum(max(0.0, min(last, end) - max(first, start)) for first, last in channel.speech())


def _frames_of_speech(channel: ChannelAudio, start: float, end: float) -> tuple[int, int]:
    """The frames from shortly before the first speech between two times to shortly after the last."""
    talk = [(first, last) for first, last in channel.speech() if first < end and last > start]
    low = max(int(start * RATE) // FRAME, int(talk[0][0] * RATE) // FRAME - PAD)
    high = min(math.ceil(end * RATE / FRAME), math.ceil(talk[-1][1] * RATE / FRAME) + PAD)
    return low, min(high, channel.frames)


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
