"""From sound to pieces: which voices speak in a core, and how each of them sounds.

The first net hears a window of two cores with a second on each side, and tells up to three voices apart in it, also
where two speak at once. The second one makes a vector of up to two seconds of a voice in a core. All depends on these
12 s and on nothing else, so that pieces are the same whichever process makes them.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.speakers.fbank import LENGTH, RATE, SHIFT, fbank
from engine.speakers.nets import SHA256, load_net
from engine.speakers.piece import CORE_SECONDS, TICKS, VECTOR, Piece, Ticks, runs

# In samples: a core; the window of which the first net tells who speaks, and what it hears on each side of it. Windows
# of one core with 2.5 s on each side take it two thirds longer: 1.7 % of the speech of 16 conversations has a wrong
# speaker then instead of 1.9 %, and the same number of speakers.
CORE, CORES, MARGIN = CORE_SECONDS * RATE, 2, RATE
WINDOW = CORES * CORE
HEARD = WINDOW + 2 * MARGIN
TICK = CORE // TICKS  # samples
STEP, FIELD = 270, 991  # samples between the frames of the segmentation net, and under one of them

# What the segmentation net chooses from, and which of its three voices speak there.
SETS = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1), (0, 1, 1)], bool)

# In ticks. A clip is what one vector stands for. With one of a whole voice of a core, in which two people may be taken
# for one, twice as much speech goes to the wrong speaker. The net was built for up to two seconds; of clips of 2.5 s
# 1.6 are heard: for 200 of 200 it takes half as long again, 120 of 250 are too few in noise (7.8 % of the speech wrong;
# with 160 3.3 %, with 200 of 200 2.7 %).
LONGEST_CLIP, MOST_HEARD, SHORTEST_CLIP = 250, 160, 20
LEAST_ALONE = 40  # a voice that is alone for less is heard together with the others
BRIDGED, SHORT, NEAR = 20, 50, 100  # pauses within a clip; stretches that join their neighbour; how near it must be

# The frame of that net for each tick of a window.
FRAMES = np.rint((MARGIN + np.arange(CORES * TICKS) * TICK + TICK // 2 - FIELD // 2) / STEP).astype(int)

Sound = npt.NDArray[np.float32]


def fingerprint() -> dict[str, Any]:
    """All that pieces are a function of, apart from the recording and the libraries."""
    cuts = (CORE, CORES, MARGIN, LONGEST_CLIP, MOST_HEARD, SHORTEST_CLIP, LEAST_ALONE, BRIDGED, SHORT, NEAR)
    return {"nets": SHA256, "cuts": cuts}


class Hearing:
    """Makes pieces of cores; several threads may share it."""

    def __init__(self) -> None:
        self._segmentation, self._voices = load_net("segmentation.onnx"), load_net("campplus.onnx")

    def pieces(self, windows: Sequence[tuple[int, Sound]]) -> list[Piece]:
        """The pieces of windows, each by its number and the 12 s around it; zeros stand where the recording is not."""
        return [piece for window, sound in windows if np.any(sound) for piece in self._of_one(window, sound)]

    def _of_one(self, window: int, sound: Sound) -> list[Piece]:
        sets = self._segmentation.run(None, {"samples": sound[None, None]})[0][0]
        spoken = SETS[sets.argmax(axis=1)][FRAMES].reshape(CORES, TICKS, 3)
        clips: list[tuple[int, int, Clip]] = []
        sounds: list[Sound] = []
        for place, speaks in enumerate(spoken):
            alone = speaks & (speaks.sum(axis=1, keepdims=True) == 1)
            core, first = window * CORES + place, MARGIN + place * CORE
            new = [(core, voice, clip) for voice in range(3) for clip in clips_of(speaks[:, voice], alone[:, voice])]
            features = fbank(sound[first : first + CORE + LENGTH - SHIFT])
            sounds += [features[clip.heard] for _, _, clip in new]
            clips += new
        return [
            Piece(core, voice, clip.active, clip.alone, vector)
            for (core, voice, clip), vector in zip(clips, self._vectors(sounds), strict=True)
        ]

    def _vectors(self, clips: list[Sound]) -> npt.NDArray[np.float32]:
        """Unit vectors of clips [frames, 80]; zeros for what is too short to tell. Clips of one length go together."""
        vectors = np.zeros((len(clips), VECTOR), np.float32)
        order = sorted(
            (i for i, clip in enumerate(clips) if len(clip) >= SHORTEST_CLIP), key=lambda i: (len(clips[i]), i)
        )
        for _, group in groupby(order, key=lambda i: len(clips[i])):
            same = list(group)
            features = np.stack([clips[i] - clips[i].mean(axis=0) for i in same])
            found = self._voices.run(None, {"feats": features})[0]
            vectors[same] = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
        return vectors


class Clip(NamedTuple):
    """What one vector is made of: the ticks that are heard, of so many; and those in which the voice is active."""

    heard: npt.NDArray[np.intp]
    alone: int
    active: Ticks


def clips_of(active: Ticks, alone: Ticks) -> list[Clip]:
    """One voice of a core in equal clips."""
    spans = _spans(runs(alone if alone.sum() >= LEAST_ALONE else active))
    ticks = [np.concatenate([np.arange(*stretch) for stretch in span]) for span in spans]
    parts = [part for one in ticks for part in np.array_split(one, -(-one.size // LONGEST_CLIP))]
    if not parts:
        return []
    spoken = np.flatnonzero(active)
    owner = np.full(TICKS, -1)
    owner[spoken] = np.abs(spoken[:, None] - np.array([part.mean() for part in parts])).argmin(axis=1)
    for number, part in enumerate(parts):
        owner[part] = number
    return [Clip(_middle(part), part.size, owner == number) for number, part in enumerate(parts)]


def _middle(part: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """As much of the middle of a clip as is heard."""
    first = max(0, part.size - MOST_HEARD) // 2
    return part[first : first + MOST_HEARD]


def _spans(stretches: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Stretches that are heard together: those with a short pause between them, and short ones with what is near."""
    spans: list[list[tuple[int, int]]] = []
    for first, last in stretches:
        if spans:
            pause = first - spans[-1][-1][1]
            is_short = min(last - first, sum(b - a for a, b in spans[-1])) < SHORT
            if pause < BRIDGED or (is_short and pause < NEAR):
                spans[-1].append((first, last))
                continue
        spans.append([(first, last)])
    return spans
