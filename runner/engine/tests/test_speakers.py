"""Telling speakers apart, from pieces to segments with a speaker: the pure parts, and the command."""

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from engine.speakers import linkage
from engine.speakers.cluster import Bounds, cluster, one_voice_each
from engine.speakers.cut import cut
from engine.speakers.linkage import NEVER, few_enough, link, nodes_of, owners
from engine.speakers.piece import Piece, decode, encode, runs
from engine.speakers.turns import Turn, WhoSpeaks, turns_of
from engine.tests.outcome import command, environment

Vector = np.typing.NDArray[np.float32]


def people(count: int, seed: int = 1) -> list[Vector]:
    """Vectors of people who do not sound alike."""
    found = np.random.default_rng(seed).standard_normal((count, 192)).astype(np.float32)
    return [one / np.linalg.norm(one) for one in found]


def piece(core: int, person: Vector, seed: int = 0, *, voice: int = 0, first: int = 0, last: int = 500) -> Piece:  # noqa: PLR0913
    """What a person says in a core, with a voice that is a little different each time."""
    off = np.random.default_rng([core, voice, seed]).standard_normal(192).astype(np.float32)
    vector = person + off * np.float32(0.04)
    active = np.zeros(500, bool)
    active[first:last] = True
    return Piece(core, voice, active, last - first, (vector / np.linalg.norm(vector)).astype(np.float32))


def groups(labels: Sequence[int]) -> list[list[int]]:
    return [[i for i, label in enumerate(labels) if label == one] for one in dict.fromkeys(labels)]


def test_pieces_come_back_from_their_line() -> None:
    pieces = [piece(0, people(1)[0], last=137), piece(70_000, people(1)[0], voice=2, first=499)]
    again = decode(encode(pieces))
    for one, other in zip(pieces, again, strict=True):
        assert (one.core, one.voice, one.alone) == (other.core, other.voice, other.alone)
        assert np.array_equal(one.active, other.active)
        assert np.abs(one.vector - other.vector).max() < 1e-3
    assert encode(again) == encode(pieces) and decode("") == []
    for wrong in ("AAAA", "?", encode(pieces)[:-4]):
        with pytest.raises(ValueError):
            decode(wrong)


def test_linkage_is_average_linkage_less_what_was_told_apart() -> None:
    """Against a search over all pairs of groups at each step."""
    pieces = [piece(i // 2, person, i, voice=i % 2) for i, person in enumerate(people(9, 3) + people(9, 4))]
    pieces += [piece(20 + i, people(9, 3)[i % 9], i) for i in range(12)]
    held = [[i] for i in range(len(pieces))]
    weights = np.array([one.alone for one in pieces], float)
    vectors = np.stack([one.vector for one in pieces]).astype(float)

    def similarity(one: list[int], other: list[int]) -> float:
        pairs = [(i, j) for i in one for j in other]
        mean = sum(weights[i] * weights[j] * float(vectors[i] @ vectors[j]) for i, j in pairs)
        apart = [(i, j) for i, j in pairs if pieces[i].core == pieces[j].core and pieces[i].voice != pieces[j].voice]
        ticks = sum(float(min(weights[i], weights[j])) for i, j in apart)
        mostly = 2 * ticks >= min(weights[one].sum(), weights[other].sum())
        less = 0.0 if not apart else 2.0 if mostly else 0.15
        return float(mean / (weights[one].sum() * weights[other].sum()) - less)

    for merge in link(nodes_of(pieces), pieces):
        best = max((similarity(a, b), a, b) for i, a in enumerate(held) for b in held[i + 1 :])
        assert merge.similarity == pytest.approx(best[0], abs=1e-5)
        held = [one for one in held if one not in best[1:]] + [sorted(best[1] + best[2])]
        assert sorted((merge.into, merge.gone)) == sorted((min(best[1]), min(best[2])))
    assert len(held) == 1


def test_who_sounds_alike_is_one_speaker() -> None:
    anna, bert, carl = people(3)
    said = [anna, bert, anna, carl, bert, anna, carl, carl]
    labels = cluster([piece(i, person) for i, person in enumerate(said)], Bounds())
    assert groups(labels) == [[0, 2, 5], [1, 4], [3, 6, 7]]


def test_two_voices_of_a_core_are_two_speakers_however_alike() -> None:
    anna, bert = people(2)
    pieces = [piece(i, (anna, bert)[i % 2]) for i in range(24)]
    pieces += [piece(30, anna, voice=0, last=250), piece(30, anna, voice=1, first=250)]
    for bounds in (Bounds(), Bounds(2, 2)):
        labels = cluster(pieces, bounds)
        assert labels[24] != labels[25] and -1 not in labels


def test_a_core_in_which_one_person_is_heard_as_two_does_not_make_two_of_all_else() -> None:
    anna, bert = people(2)
    said = [piece(i, (anna, bert)[i % 2]) for i in range(20)]
    twice = [piece(30, anna, voice=0, last=250), piece(30, anna, voice=1, first=250)]
    assert groups(cluster([*said, *twice], Bounds()))[:2] == [[*range(0, 20, 2), 20], [*range(1, 20, 2), 21]]


def test_two_who_often_speak_at_once_are_no_third_speaker() -> None:
    """But who is heard as rarely alone is one, and so are the two at once where so many are asked for."""
    anna, bert, carl, at_once = people(4)
    both = (anna + bert) / np.float32(np.sqrt(2)) + np.float32(1.8) * at_once
    carl = np.float32(0.9) * carl + np.float32(0.45) * anna  # more like her than the two at once are
    said = [anna, bert] * 50 + [one / np.linalg.norm(one) for one in [both] * 4 + [carl] * 4]
    pieces = [piece(core, person) for core, person in enumerate(said)]
    labels = cluster(pieces, Bounds())
    assert set(labels[:104]) == {0, 1} and labels[104:] == [2] * 4
    assert cluster(pieces, Bounds(3, 3)) == cluster(pieces, Bounds(1, 3)) == labels, "they take nobody's place"
    assert groups(cluster(pieces, Bounds(1, 2)))[0] == [*range(0, 100, 2), *range(104, 108)]
    assert groups(cluster(pieces, Bounds(least=4)))[2:] == [[100, 101, 102, 103], [104, 105, 106, 107]]


def test_of_a_crowd_in_which_hardly_anybody_goes_on_those_who_do_are_the_speakers() -> None:
    said = [piece(core, person, 1, last=300) for core, person in enumerate(people(100))]
    said += [piece(100 + i, person, 1, last=205 + i) for i, person in enumerate(people(2, 5) * 2)]
    labels = cluster(said, Bounds())
    assert set(labels) == {0, 1} and groups(labels[100:]) == [[0, 2], [1, 3]]


def test_what_is_short_makes_no_speaker_unless_so_many_are_asked_for() -> None:
    anna, bert, carl = people(3)
    pieces = [piece(i, (anna, bert)[i % 2]) for i in range(20)] + [piece(30, carl, last=150)]
    assert len(set(cluster(pieces, Bounds()))) == 2
    assert len(set(cluster(pieces, Bounds(least=3)))) == 3
    assert cluster([piece(0, anna, last=50)], Bounds()) == [0]  # alone, it is somebody all the same


@pytest.mark.parametrize("bounds", [Bounds(1, 1), Bounds(1, 2), Bounds(2, 2), Bounds(5, 5), Bounds(5, 8), Bounds(8, 8)])
def test_bounds_are_kept(bounds: Bounds) -> None:
    said = [piece(i, person, i) for i in range(24) for person in [people(4)[i % 4]]]
    count = len(set(cluster(said, bounds)))
    assert bounds.least <= count <= (bounds.most or 24)


def test_silence_and_sound_that_is_too_short_have_no_speaker() -> None:
    nobody = Piece(0, 0, np.arange(500) < 10, 10, np.zeros(192, np.float32))
    assert cluster([], Bounds()) == [] and cluster([nobody], Bounds(2, 3)) == [-1]
    assert cluster([nobody, piece(1, people(1)[0])], Bounds()) == [-1, 0]
    assert len(one_voice_each([nobody])) == 1


def test_clips_of_a_voice_are_one_piece_unless_they_sound_like_two() -> None:
    anna, bert = people(2)
    alike = [piece(0, anna, 1, last=150), piece(0, anna, 2, first=150, last=300)]
    short = piece(0, bert, 3, first=300, last=330)
    joined = one_voice_each([*alike, short])
    assert [(one.alone, runs(one.active)) for one in joined] == [(330, [(0, 330)])]
    two = one_voice_each([alike[0], piece(0, bert, 2, first=150, last=300), short])
    assert [runs(one.active) for one in two] == [[(0, 150)], [(150, 330)]]


def test_many_pieces_are_joined_within_blocks_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linkage, "MOST_NODES", 100)
    monkeypatch.setattr(linkage, "BLOCK", 30)
    said = [piece(i, people(3)[i * 7 % 3], i) for i in range(400)]
    nodes = few_enough(nodes_of(said), said)
    assert len(nodes.members) <= 100
    assert sorted(i for members in nodes.members for i in members) == list(range(400))
    assert nodes.weights.sum() == 400 * 500
    assert groups(cluster(said, Bounds())) == [[i for i in range(400) if i % 3 == k] for k in (0, 1, 2)]
    strangers = [piece(i, person, i) for i, person in enumerate(people(150, 9))]
    assert len(few_enough(nodes_of(strangers), strangers).members) == 100  # the memory has its bound all the same


def test_owners_are_found_over_several_merges() -> None:
    merges = [linkage.Merge(2, 3, 0.9), linkage.Merge(1, 2, 0.8), linkage.Merge(0, 4, NEVER)]
    assert owners(5, merges) == [0, 1, 1, 1, 0]


def test_turns_go_on_over_short_pauses_and_cores() -> None:
    anna, bert = people(2)
    pieces = [piece(0, anna, first=100, last=500), piece(1, anna, first=20, last=100), piece(1, bert, voice=1, last=9)]
    assert turns_of(pieces, [0, 0, 1]) == [Turn(1.0, 6.0, 0)]
    assert turns_of(pieces, [0, -1, 1]) == [Turn(1.0, 5.0, 0)]


def test_every_word_has_who_speaks_most_of_it_or_nearest_to_it() -> None:
    who = WhoSpeaks([Turn(0.0, 2.0, 0), Turn(1.5, 4.0, 1), Turn(6.0, 8.0, 0)])
    assert [who.of(a, b) for a, b in ((0.1, 0.5), (1.4, 1.9), (1.8, 2.6), (4.5, 4.9), (5.2, 5.6), (99, 99))] == [
        0,
        0,
        1,
        1,
        0,
        0,
    ]
    assert [who.of(1.6, 1.9, before) for before in (None, 0, 1)] == [0, 0, 1]
    assert WhoSpeaks([]).of(0, 1) is None


def segment(text: str, step: float = 0.5, start: float = 0.0) -> dict[str, Any]:
    words = [
        {"startSeconds": start + i * step, "endSeconds": start + (i + 1) * step, "text": word, "probability": 1.0}
        for i, word in enumerate(text.split())
    ]
    times = {"startSeconds": words[0]["startSeconds"], "endSeconds": words[-1]["endSeconds"]}
    return {"type": "segment", **times, "text": text, "language": None, "guard": None, "words": words}


def said_by(found: list[dict[str, Any]]) -> list[tuple[int | None, str]]:
    return [(part["speaker"], part["text"]) for part in found]


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    who = WhoSpeaks([Turn(0.0, 2.0, 0), Turn(2.0, 9.0, 1)])
    parts = cut(segment("where were you then well i was at home"), who, "en")
    assert said_by(parts) == [(0, "where were you then"), (1, "well i was at home")]
    assert [(part["startSeconds"], part["endSeconds"]) for part in parts] == [(0.0, 2.0), (2.0, 4.5)]
    assert [word["speaker"] for part in parts for word in part["words"]] == [0] * 4 + [1] * 5
    assert [part["guard"] for part in parts] == [None, None]


def test_a_change_goes_to_the_end_of_a_sentence_that_is_near() -> None:
    who = WhoSpeaks([Turn(0.0, 1.4, 0), Turn(1.4, 9.0, 1)])
    text = "You went there yesterday. Yes, I did go."
    assert said_by(cut(segment(text, 0.4), who, "en")) == [(0, "You went there yesterday."), (1, "Yes, I did go.")]
    far = segment("You went there only yesterday evening. Yes, I did.", 0.4)
    assert said_by(cut(far, who, "en"))[0] == (0, "You went there")
    early = WhoSpeaks([Turn(0.0, 0.6, 0), Turn(0.6, 9.0, 1)])
    assert said_by(cut(segment("And so we went home then.", 0.3), early, "en")) == [(1, "And so we went home then.")]


def test_two_who_speak_at_once_have_segments_that_overlap() -> None:
    who = WhoSpeaks([Turn(0.0, 9.0, 0), Turn(1.98, 4.02, 1)])
    words = segment("i think that it yes yes of course is all right so far")
    for word in words["words"][4:8]:  # the first one is not heard while the other says this
        assert 2.0 <= word["startSeconds"] < 4.0
    who = WhoSpeaks([Turn(0.0, 9.0, 0), Turn(2.0, 4.0, 1)])
    parts = cut(words, who, "en")
    assert said_by(parts) == [(0, "i think that it yes yes of course is all right so far")]
    who = WhoSpeaks([Turn(0.0, 2.3, 0), Turn(2.0, 4.0, 1), Turn(3.7, 9.0, 0)])
    assert [speaker for speaker, _ in said_by(cut(words, who, "en"))] == [0, 1, 0]


@pytest.mark.parametrize(
    ("text", "words", "first"),
    [("今日は。そうです。", ["今日", "は。", "そう", "です。"], "今日は。"), ("a  b", ["a", "b"], "a")],
)
def test_the_text_is_cut_as_it_is_written(text: str, words: list[str], first: str) -> None:
    line = segment(" ".join(words))
    line["text"] = text
    half = len(words) / 4
    who = WhoSpeaks([Turn(0.0, half, 0), Turn(half, 9.0, 1)])
    assert cut(line, who, "ja" if len(words) > 2 else "en")[0]["text"] in (first, text)


def test_without_its_words_a_segment_stays_whole() -> None:
    who = WhoSpeaks([Turn(0.0, 1.0, 0), Turn(1.0, 9.0, 1)])
    for line in ({**segment("a b c d e"), "words": None}, {**segment("a b c d e"), "text": "another text"}):
        assert said_by(cut(line, who, "en")) == [(1, line["text"])]
    assert said_by(cut(segment("a b"), WhoSpeaks([]), "en")) == [(None, "a b")]


def told(lines: Sequence[object], end: bool = True) -> tuple[list[dict[str, Any]], int]:
    """What the command answers, and its exit code."""
    given = "".join(json.dumps(line) + "\n" for line in [*lines, *([{"type": "end"}] if end else [])])
    ended = subprocess.run(
        command("--speakers"), input=given.encode(), capture_output=True, env=environment(), check=False, timeout=60
    )
    return [json.loads(line) for line in ended.stdout.splitlines()], ended.returncode


def request(**fields: object) -> dict[str, object]:
    return {"type": "speakers", "protocol": 1, "minSpeakers": None, "maxSpeakers": None, "language": "en", **fields}


def conversation() -> list[object]:
    anna, bert = people(2)
    heard = [piece(i, (anna, bert)[i // 2 % 2]) for i in range(8)]
    segments = [segment("so this is what they say now", 0.7, i * 5.0) for i in range(8)]
    return [*({"type": "voices", "clip": i, "pieces": encode([one])} for i, one in enumerate(heard)), *segments]


def test_the_command_gives_the_segments_their_speakers() -> None:
    lines, code = told([request(), *conversation()])
    assert code == 0
    assert [line["stage"] for line in lines if line["type"] == "stage"] == ["DIARIZING", "FINISHING"]
    assert [line["speaker"] for line in lines if line["type"] == "segment"] == ["1", "1", "2", "2", "1", "1", "2", "2"]
    assert {word["speaker"] for line in lines if line["type"] == "segment" for word in line["words"]} == {"1", "2"}
    assert (lines[-1]["type"], lines[-1]["segments"], lines[-1]["speakers"]) == ("end", 8, 2)
    one, _ = told([request(maxSpeakers=1), *conversation()])
    assert one[-1]["speakers"] == 1
    nobody, code = told([request(), segment("who is it"), segment("nobody", 1, 5)])
    assert code == 0 and [line["speaker"] for line in nobody if line["type"] == "segment"] == [None, None]


@pytest.mark.parametrize(
    "lines",
    [
        [{"type": "voices", "pieces": ""}],
        [request(minSpeakers=0)],
        [request(minSpeakers=3, maxSpeakers=2)],
        [request(protocol=2)],
        [request(), {"type": "voices", "pieces": "AAAA"}],
        [request(), {"type": "voices"}],
        [request(), {"type": "segment", "text": "without times"}],
        [request(), {"type": "else"}],
        [request(), [1]],
        [request(), {"type": "voices", "pieces": "A" * (1 << 20)}],
        [request(), {"type": "voices", "pieces": encode([piece(0, people(1)[0])] * 51)}, segment("all at once")],
    ],
    ids=range(11),
)
def test_the_command_refuses_other_lines(lines: Sequence[object]) -> None:
    said, code = told(lines)
    assert code == 1 and (said[-1]["type"], said[-1]["code"]) == ("error", "ENGINE_PROTOCOL")


def test_the_command_ends_with_its_server() -> None:
    said, code = told([request(), *conversation()[:3]], end=False)
    assert code == 75 and said[-1]["type"] == "stage"
