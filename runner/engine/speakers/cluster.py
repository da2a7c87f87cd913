"""From pieces to speakers: who of all that was heard is the same person."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.speakers.linkage import Floats, Merge, Nodes, few_enough, link, nodes_of, owners
from engine.speakers.piece import Piece

SAME_IN_CORE = 0.30  # similarity from which on the clips of a voice of one core are of one person
# Similarity from which on two groups are one speaker: of 200 conversations of 3 min or less 189 have the right number
# of speakers, 183 with 0.35. Those that have not are by telephone, but for three.
SAME = 0.40
# A group with less than this share of what is heard, and with such a part of its mean in the plane of two larger ones,
# is those two at once, and no speaker. Eight conversations of an hour have 20 of them beside their 32 speakers, who
# have such a part of 0.3, in noise of 0.61 at most, but are heard for longer.
RARE, MIXED = 1 / 20, 0.5
SOLID_CLIP, SOLID = 80, 100  # ticks alone from which on clips, and pieces, decide; shorter ones follow

# Ticks that a speaker must be heard for: 4 s, less in short recordings, but 2 s at least; there its share of all.
LEAST_SPOKEN, LEAST_OF_SHORT, SHARE_OF_SHORT = 400, 200, 1 / 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many speakers there are at least and at most; both the same: exactly so many."""

    least: int = 1
    most: int | None = None


def one_voice_each(clips: Sequence[Piece]) -> list[Piece]:
    """The clips of each voice of a core as one piece, unless they sound like several people."""
    voices: dict[tuple[int, int], list[Piece]] = {}
    for clip in clips:
        voices.setdefault((clip.core, clip.voice), []).append(clip)
    return [piece for _, found in sorted(voices.items()) for piece in _joined(found)]


def cluster(pieces: Sequence[Piece], bounds: Bounds) -> list[int]:
    """The speaker of each piece, a number from 0 on; -1 where the sound was too short to tell by."""
    audible = [piece for piece in pieces if np.any(piece.vector)]
    if not audible:
        return [-1] * len(pieces)
    solid = [piece for piece in audible if piece.alone >= SOLID] or [max(audible, key=lambda piece: piece.alone)]
    nodes = few_enough(nodes_of(solid), solid)
    merges = link(nodes, solid)
    done, least = _merges_to_do(nodes, merges, bounds.least)
    groups = nodes.merged(merges[:done])
    real = groups.weights >= least
    if not real.any():
        real[groups.weights.argmax()] = True
    kept = np.flatnonzero(_without_mixtures(real, groups, bounds.least))
    return _nearest(pieces, _means(_at_most(bounds.most, groups.select(kept.tolist()), solid)))


def _joined(clips: list[Piece]) -> list[Piece]:
    audible = [clip for clip in clips if np.any(clip.vector)]
    solid = [clip for clip in audible if clip.alone >= SOLID_CLIP] or [max(clips, key=lambda clip: clip.alone)]
    owner = owners(len(solid), link(nodes_of(solid), solid, SAME_IN_CORE))
    middles = [_middle(clip) for clip in solid]
    groups: dict[int, list[Piece]] = {}
    for clip in clips:
        at = next((i for i, one in enumerate(solid) if one is clip), None)
        near = min(range(len(solid)), key=lambda i: abs(middles[i] - _middle(clip))) if at is None else at
        groups.setdefault(owner[near], []).append(clip)
    return [_sum(group) for _, group in sorted(groups.items())]


def _middle(clip: Piece) -> float:
    return float(np.flatnonzero(clip.active).mean())


def _sum(clips: list[Piece]) -> Piece:
    vector = np.sum([clip.vector * clip.alone for clip in clips], axis=0)
    vector = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    active = np.any([clip.active for clip in clips], axis=0)
    return Piece(clips[0].core, clips[0].voice, active, sum(clip.alone for clip in clips), vector)


def _merges_to_do(nodes: Nodes, merges: list[Merge], fewest: int) -> tuple[int, float]:
    """How many of the merges make speakers of the nodes, and how long a group must be heard to be one."""
    total = float(nodes.weights.sum())
    least = min(LEAST_SPOKEN, max(LEAST_OF_SHORT, total * SHARE_OF_SHORT))
    counts = _speakers_after(nodes.weights, merges, least)
    done = next((i for i, merge in enumerate(merges) if merge.similarity < SAME), len(merges))
    if max(counts[done], 1) >= fewest:
        return done, least
    enough = [i for i in range(done) if counts[i] >= fewest]
    if enough:
        return enough[-1], least
    return max(0, len(merges) + 1 - fewest), 0.0  # so many are asked for that small groups count, too


def _speakers_after(weights: Floats, merges: Sequence[Merge], least: float) -> list[int]:
    """After each number of merges, how many groups are heard for as long as a speaker must be."""
    held = weights.copy()
    counts = [int((held >= least).sum())]
    for merge in merges:
        both = held[merge.into] + held[merge.gone]
        before = int(held[merge.into] >= least) + int(held[merge.gone] >= least)
        counts.append(counts[-1] - before + int(both >= least))
        held[merge.into], held[merge.gone] = both, 0.0
    return counts


def _without_mixtures(real: npt.NDArray[np.bool_], groups: Nodes, fewest: int) -> npt.NDArray[np.bool_]:
    """Which groups are speakers, as many as there are at least, and no two of them at once.

    What is heard of two who speak at the same time is not enough like either to join one of them. It becomes a group
    that grows with the recording.
    """
    kept, weights, means = real.copy(), groups.weights, _means(groups)
    for group in np.argsort(weights, kind="stable"):
        if kept[group] and weights[group] < weights.sum() * RARE and kept.sum() > max(1, fewest):
            larger = kept & (weights >= weights[group])
            larger[group] = False
            # Where most of what is heard makes no speaker, the largest one is rare, too.
            kept[group] = not larger.any() or _part_in_a_plane(means[group], means[larger]) < MIXED
    return kept


def _part_in_a_plane(mean: Floats, others: Floats) -> float:
    """The length of what a unit vector has in the plane of the one that it is nearest to and another one."""
    similar = others @ mean
    nearest = int(similar.argmax())
    between = others @ others[nearest]
    beside = (similar - similar[nearest] * between) / np.sqrt(np.maximum(1 - between**2, 1e-9))
    return float(np.hypot(similar[nearest], max(0.0, beside.max())))


def _at_most(most: int | None, speakers: Nodes, pieces: Sequence[Piece]) -> Nodes:
    """So many speakers, of whom those who sound most alike are one. Only now: groups that are none take no places."""
    if most is None or len(speakers.members) <= most:
        return speakers
    return speakers.merged(link(speakers, pieces)[: len(speakers.members) - most])


def _means(groups: Nodes) -> Floats:
    lengths: Floats = np.linalg.norm(groups.sums, axis=1, keepdims=True)
    return groups.sums / np.maximum(lengths, 1e-9)


def _nearest(pieces: Sequence[Piece], means: Floats) -> list[int]:
    """The speaker whose mean is nearest to each piece; two voices of a core are two speakers, the surest is first."""
    labels = [-1] * len(pieces)
    cores: dict[int, list[int]] = {}
    for i, piece in enumerate(pieces):
        if np.any(piece.vector):
            cores.setdefault(piece.core, []).append(i)
    for found in cores.values():
        similar = np.stack([pieces[i].vector for i in found]) @ means.T
        speakers: dict[int, int] = {}  # the voice of the core that each is
        for place in np.argsort(-similar, axis=None, kind="stable"):
            row, speaker = divmod(int(place), len(means))
            i = found[row]
            if labels[i] < 0 and speakers.get(speaker, pieces[i].voice) == pieces[i].voice:
                labels[i], speakers[speaker] = speaker, pieces[i].voice
    return labels
