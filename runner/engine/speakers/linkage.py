"""Average linkage of vectors by cosine, each weighted by how long it was heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.speakers.piece import Piece

NEVER = -9.0  # below every similarity
# Taken off the similarity of two that the net has told apart: so that they join after all others, where that is half of
# the shorter one; and where it is less. Of 60 conversations, many in noise, one person in two such groups had a
# similarity of 0.60 to 0.70, and two people up to 0.47.
APART, DOUBT = 2.0, 0.15

# What is linked at once: a step costs time in the number of nodes and all of them memory in its square, so more nodes
# are linked within blocks first, where only what surely belongs together is joined. 4,000 take 2 s and 100 MB.
MOST_NODES, BLOCK, SURE = 4000, 600, 0.5

Floats = npt.NDArray[np.float64]
Apart = list[dict[int, int]]  # for each node, which others were told apart from it in a core, and for how many ticks


class Merge(NamedTuple):
    """Node `gone` joins node `into`, the earlier of the two, by this similarity of their means."""

    into: int
    gone: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Nodes:
    """Groups of pieces: the sums of their weighted vectors [n, 192], their weights [n], and the pieces of each."""

    sums: Floats
    weights: Floats
    members: list[list[int]]

    def select(self, numbers: Sequence[int]) -> "Nodes":
        return Nodes(self.sums[numbers], self.weights[numbers], [self.members[i] for i in numbers])

    def merged(self, merges: Sequence[Merge]) -> "Nodes":
        """The nodes after these merges, in the order of their first pieces."""
        owner = owners(len(self.members), merges)
        kept = sorted(set(owner))
        sums, weights = np.zeros((len(kept), self.sums.shape[1])), np.zeros(len(kept))
        members: list[list[int]] = [[] for _ in kept]
        place = {node: i for i, node in enumerate(kept)}
        for number, node in enumerate(owner):
            sums[place[node]] += self.sums[number]
            weights[place[node]] += self.weights[number]
            members[place[node]] += self.members[number]
        return Nodes(sums, weights, members)


def nodes_of(pieces: Sequence[Piece]) -> Nodes:
    """Each piece as a node."""
    weights = np.array([max(1, piece.alone) for piece in pieces], np.float64)
    vectors = np.stack([piece.vector for piece in pieces]).astype(np.float64)
    return Nodes(vectors * weights[:, None], weights, [[i] for i in range(len(pieces))])


def few_enough(nodes: Nodes, pieces: Sequence[Piece]) -> Nodes:
    """The nodes, where they are too many joined with what in their own block is surely the same voice.

    If even that leaves too many, those that were heard longest.
    """
    while len(nodes.members) > MOST_NODES:
        before = len(nodes.members)
        blocks = [nodes.select(range(i, min(i + BLOCK, before))) for i in range(0, before, BLOCK)]
        done = [block.merged(link(block, pieces, SURE)) for block in blocks]
        nodes = Nodes(
            np.concatenate([one.sums for one in done]),
            np.concatenate([one.weights for one in done]),
            [members for one in done for members in one.members],
        )
        if len(nodes.members) > 0.9 * before:
            break
    if len(nodes.members) > MOST_NODES:
        longest = np.argsort(-nodes.weights, kind="stable")[:MOST_NODES]
        nodes = nodes.select(sorted(longest.tolist()))
    return nodes


def link(nodes: Nodes, pieces: Sequence[Piece], least: float = NEVER) -> list[Merge]:
    """The merges down to one node, or to where no two are as similar as `least`; the most similar first.

    Two that the net has told apart in one core must be the more similar: it is sometimes wrong, and a core in which it
    hears one person as two must not keep all else of that person in two. Two that it has told apart mostly join last.
    """
    sums, weights, apart = nodes.sums.copy(), nodes.weights.copy(), _told_apart(nodes, pieces)
    count = weights.size
    means = (sums / weights[:, None]).astype(np.float32)
    similar = means @ means.T
    for one in range(count):
        _take_off(similar[one], one, weights, apart)
    np.fill_diagonal(similar, NEVER)
    alive = np.ones(count, bool)
    # The nearest of each node is kept, so that a step costs time in their number and not in its square.
    nearest = similar.argmax(axis=1)
    best = similar[np.arange(count), nearest]
    merges: list[Merge] = []
    for _ in range(count - 1):
        found = int(best.argmax())
        into, gone = sorted((found, int(nearest[found])))
        if best[found] < least:
            break
        merges.append(Merge(into, gone, float(best[found])))
        sums[into] += sums[gone]
        weights[into] += weights[gone]
        alive[gone] = False
        _hand_on(apart, gone, into)
        row = (sums @ sums[into] / (weights * weights[into])).astype(np.float32)
        _take_off(row, into, weights, apart)
        row[~alive] = row[into] = NEVER
        similar[into] = similar[:, into] = row
        similar[gone] = similar[:, gone] = best[gone] = NEVER
        stale = np.flatnonzero(alive & ((nearest == into) | (nearest == gone)))
        nearest[stale] = similar[stale].argmax(axis=1)
        best[stale] = similar[stale, nearest[stale]]
        better = alive & (row > best)
        nearest[better], best[better] = into, row[better]
        nearest[into] = row.argmax()
        best[into] = row[nearest[into]]
    return merges


def owners(count: int, merges: Sequence[Merge]) -> list[int]:
    """For each of so many nodes the one that it is part of after the merges."""
    owner = list(range(count))
    for merge in reversed(merges):  # the node that one has joined may have joined another later
        owner[merge.gone] = owner[merge.into]
    return owner


def _told_apart(nodes: Nodes, pieces: Sequence[Piece]) -> Apart:
    cores: dict[int, list[tuple[int, int, int]]] = {}
    for node, members in enumerate(nodes.members):
        for i in members:
            cores.setdefault(pieces[i].core, []).append((node, pieces[i].voice, pieces[i].alone))
    apart: Apart = [{} for _ in nodes.members]
    for found in cores.values():
        for one, voice, alone in found:
            for other, another, as_well in found:
                if voice != another and one != other:
                    apart[one][other] = apart[one].get(other, 0) + min(alone, as_well)
    return apart


def _hand_on(apart: Apart, gone: int, into: int) -> None:
    """What node `gone` was told apart from, node `into` is now."""
    for other, ticks in apart[gone].items():
        del apart[other][gone]
        if other != into:
            apart[other][into] = apart[into][other] = apart[into].get(other, 0) + ticks
    apart[gone] = {}


def _take_off(row: npt.NDArray[np.float32], node: int, weights: Floats, apart: Apart) -> None:
    """Make what is similar to a node the less so where it was told apart from it."""
    for other, ticks in apart[node].items():
        row[other] -= APART if 2 * ticks >= min(weights[node], weights[other]) else DOUBT
