"""How well speakers are told apart, how fast, and with how much memory.

npm run bench:speakers -- [conversations] [voices] [words] [calls] [speed] [hours]
None named: all of them. All sound is made of the recordings beside the checkout.

conversations: error rates by the turns, and how often the number of speakers is right. "wrong" is the share of speech
whose nearest turn is another's, which is what words go by. The floor has the true turns and the true number of
speakers, and only the mean and spread of MFCCs of each turn. voices: one voice for 10 min is one speaker. words:
transcribed by the engine, what share of words has a wrong speaker, with and without the rule of sentences. calls: two
channels that hear one another. speed: of the nets alone, and of jobs with and without. hours: a conversation of 4, 8
and 24 hours.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as in the engine: the time that other threads spin is not the nets'

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "runner"))

from engine.audio.media import RATE  # noqa: E402
from engine.memory import tune_allocator  # noqa: E402
from engine.speakers.cluster import Bounds  # noqa: E402
from engine.speakers.command import tell_apart  # noqa: E402
from engine.speakers.cut import nearest_speakers, speakers_of  # noqa: E402
from engine.speakers.fbank import fbank  # noqa: E402
from engine.speakers.hearing import HEARD, MARGIN, WINDOW, Hearing  # noqa: E402
from engine.speakers.linkage import link, nodes_of, owners  # noqa: E402
from engine.speakers.piece import CORE_SECONDS, Piece, decode, encode  # noqa: E402
from engine.speakers.turns import Turn, WhoSpeaks  # noqa: E402
from engine.tests.conversations import (  # noqa: E402
    VOICES,
    Conversation,
    Sound,
    by_telephone,
    conversation,
    in_a_hall,
    in_noise,
    on_two_channels,
)
from engine.tests.make import samples, write_wav  # noqa: E402
from engine.tests.outcome import AUDIO, Outcome, command, environment, job, run_engine  # noqa: E402
from engine.tests.speaker_score import NOTHING, errors, grid_of, pairs, wrong_share  # noqa: E402
from engine_join import joined  # noqa: E402

HOURS = 4 * 3600.0  # patience on a busy machine
Found = tuple[float, float, int]


def heard(hearing: Hearing, sound: Sound) -> list[Piece]:
    """The pieces of a whole sound."""
    count = -(-sound.size // WINDOW)
    padded = np.pad(sound, (MARGIN, MARGIN + count * WINDOW - sound.size))
    return hearing.pieces([(i, padded[i * WINDOW : i * WINDOW + HEARD]) for i in range(count)])


def nearest(turns: Sequence[Turn], seconds: float) -> list[Found]:
    """Who speaks in each tenth of a second, or nearest to it."""
    who, step = WhoSpeaks(turns), 0.1
    labels = [(i * step, (i + 1) * step, who.of(i * step, (i + 1) * step)) for i in range(int(seconds / step))]
    return [(start, end, speaker) for start, end, speaker in labels if speaker is not None]


def floor(one: Conversation) -> list[Found]:
    """The true turns, grouped into the true number of speakers by their MFCCs."""
    basis = np.cos(np.pi * np.arange(1, 20)[:, None] * (2 * np.arange(80) + 1) / 160).T
    rows = []
    for start, end, _ in one.turns:
        features = fbank(one.sound[int(start * RATE) : int(end * RATE)]) @ basis
        rows.append(np.concatenate([features.mean(axis=0), features.std(axis=0)]))
    vectors = np.array(rows)
    vectors = (vectors - vectors.mean(axis=0)) / np.maximum(vectors.std(axis=0), 1e-9)
    lengths = [max(1, round((end - start) * 100)) for start, end, _ in one.turns]
    pieces = [
        Piece(
            i,
            0,
            np.ones(500, bool),
            lengths[i],
            (v / np.linalg.norm(v)).astype(np.float32),
        )
        for i, v in enumerate(vectors)
    ]
    nodes = nodes_of(pieces)
    merges = link(nodes, pieces)[: max(0, len(pieces) - one.speakers)]
    return [(s, e, who) for (s, e, _), who in zip(one.turns, owners(len(pieces), merges), strict=True)]


def sets() -> Iterable[tuple[str, list[Conversation]]]:
    """The kinds of conversations, each with what makes it hard."""
    names = list(VOICES)

    def some(count: int, seed: int) -> list[str]:
        return [str(name) for name in np.random.default_rng(seed).permutation(names)[:count]]

    clean = [conversation(some(2 + i % 4, i), 180, i) for i in range(16)]
    yield "clean, 3 min, 2 to 5 speakers", clean
    alike = [conversation(some(2 + i % 4, i), 180, i, one_microphone=True) for i in range(8)]
    yield (
        "one long-term spectrum, 20 dB noise",
        [in_noise(one, 20, i) for i, one in enumerate(alike)],
    )
    yield (
        "short, 15 to 60 s",
        [conversation(some(2 + i % 2, 50 + i), (15, 30, 45, 60)[i % 4], 50 + i) for i in range(16)],
    )
    yield (
        "40 % of turns overlap",
        [conversation(some(2 + i % 4, 80 + i), 180, 80 + i, 0.4) for i in range(8)],
    )
    rough = [conversation(some(2 + i % 3, 90 + i), 180, 90 + i) for i in range(8)]
    harm: list[Callable[[Conversation, int], Conversation]] = [
        lambda one, seed: in_noise(one, 15, seed),
        lambda one, seed: in_noise(one, 8, seed),
        in_a_hall,
        lambda one, _: by_telephone(one),
    ]
    yield (
        "noise of 15 and 8 dB, hall, telephone",
        [harm[i % 4](one, i) for i, one in enumerate(rough)],
    )
    by_phone = [conversation(some(2 + i % 4, 600 + i), 180, 600 + i, 0.1) for i in range(12)]
    yield "telephone", [by_telephone(one) for one in by_phone]


def score_conversations() -> None:
    hearing = Hearing()
    for name, several in sets():
        pieces = [heard(hearing, one.sound) for one in several]
        report(name, several, [tell_apart(each, Bounds()) for each in pieces])
        given = [
            tell_apart(each, Bounds(one.speakers, one.speakers)) for one, each in zip(several, pieces, strict=True)
        ]
        report("  with the number given", several, given)
        shares = [wrong_share(one.turns, floor(one), one.seconds) for one in several]
        print(f"  floor: wrong {100 * statistics.mean(shares):.1f} %", flush=True)


def report(name: str, several: Sequence[Conversation], found: Sequence[Sequence[Turn]]) -> None:
    all_of, collared, right, wrong = NOTHING, NOTHING, 0, list[float]()
    for one, turns in zip(several, found, strict=True):
        guess = [(turn.start, min(turn.end, one.seconds), turn.speaker) for turn in turns]
        all_of += errors(one.turns, guess, one.seconds)
        collared += errors(one.turns, guess, one.seconds, 0.25)
        wrong.append(wrong_share(one.turns, nearest(turns, one.seconds), one.seconds))
        right += len({turn.speaker for turn in turns}) == one.speakers
    print(
        f"{name:40} DER {100 * all_of.rate:5.1f} %  collar {100 * collared.rate:5.1f} %  "
        f"wrong {100 * statistics.mean(wrong):4.1f} %  count right {right}/{len(several)}",
        flush=True,
    )


def score_voices() -> None:
    """One voice for 10 min, as long as it goes and then again."""
    hearing = Hearing()
    for voice in list(VOICES)[:4]:
        file, first, last = VOICES[voice]
        sound = np.resize(samples(AUDIO / file)[int(first * RATE) : int(last * RATE)], 600 * RATE)
        found = tell_apart(heard(hearing, sound), Bounds())
        print(
            f"one voice, {voice}: {len({turn.speaker for turn in found})} speaker(s)",
            flush=True,
        )


def transcribed(one: Conversation | Sound, folder: Path, **options: Any) -> Outcome:
    sound = one.sound if isinstance(one, Conversation) else one
    path = write_wav(folder / "conversation.wav", sound)
    return run_engine(job(path, language="en", **options), folder, patience=HOURS)


def score_words() -> None:
    """The engine's own words, with the turns that come of its lines of voices."""
    english = [name for name in VOICES if name in ("reader", "president", "licence")]
    rules: dict[str, Callable[[Any, WhoSpeaks], list[int | None]]] = {
        "nearest turn alone": nearest_speakers,
        "changes at ends of sentences": lambda words, who: speakers_of(words, who, "en"),
    }
    counted = {name: [0, 0] for name in rules}
    with tempfile.TemporaryDirectory(prefix="phonograph-bench-") as name:
        for seed in range(6):
            one = conversation(english[: 2 + seed % 2], 180, 200 + seed, 0.2 * (seed % 3))
            outcome = transcribed(one, Path(name), diarize=True)
            turns = tell_apart(
                [piece for line in outcome.all("voices") for piece in decode(line["pieces"])],
                Bounds(),
            )
            for rule, each in rules.items():
                words = [
                    (word["startSeconds"], word["endSeconds"], speaker)
                    for line in outcome.all("segment")
                    for word, speaker in zip(
                        line["words"],
                        each(line["words"], WhoSpeaks(turns)),
                        strict=True,
                    )
                ]
                counted[rule][0] += wrong_words(one, words)
                counted[rule][1] += len(words)
    for rule, (wrong, all_words) in counted.items():
        print(
            f"words of a wrong speaker, {rule}: {100 * wrong / all_words:.2f} % of {all_words}",
            flush=True,
        )


def wrong_words(one: Conversation, words: Sequence[tuple[float, float, Any]]) -> int:
    """Words whose speaker does not speak in their middle, or nearest to it."""
    names = {who: i for i, who in enumerate(sorted({who for *_, who in one.turns}))}
    truth = [Turn(start, end, names[who]) for start, end, who in one.turns]
    labelled = grid_of(words, one.seconds)
    keys = sorted({speaker for *_, speaker in words})
    matched = {other: mine for mine, other in pairs(grid_of(one.turns, one.seconds), labelled).items()}
    wrong = 0
    for start, end, speaker in words:
        middle = (start + end) / 2
        speaking: set[int | None] = {turn.speaker for turn in truth if turn.start <= middle < turn.end}
        wrong += matched.get(keys.index(speaker)) not in (speaking or {WhoSpeaks(truth).of(middle, middle)})
    return wrong


def score_calls() -> None:
    """Two channels that overhear each other: how many words are there too often."""
    with tempfile.TemporaryDirectory(prefix="phonograph-bench-") as name:
        one = conversation(["reader", "president"], 90, 300)
        alone = len(words_of(transcribed(on_two_channels(one, 200.0), Path(name), channels="split")))
        for decibel in (30.0, 20.0, 15.0):
            said = words_of(transcribed(on_two_channels(one, decibel), Path(name), channels="split"))
            print(
                f"call, {decibel:g} dB of the other side: {len(said)} words, {alone} without",
                flush=True,
            )


def words_of(outcome: Outcome) -> list[str]:
    return [word for line in outcome.all("segment") for word in line["text"].split()]


def measure_speed() -> None:
    tune_allocator()
    hearing, sound = Hearing(), samples(AUDIO / "long_ljspeech_one_voice.flac")
    heard(hearing, sound[: 20 * RATE])
    before = time.process_time()
    heard(hearing, sound)
    spent = time.process_time() - before
    print(f"nets: {sound.size / RATE / spent:.0f} x real time on one core", flush=True)
    with tempfile.TemporaryDirectory(prefix="phonograph-bench-") as name:
        folder = Path(name)
        for minutes in (4, 20):
            path = joined(minutes, folder)
            walls: dict[bool, list[float]] = {False: [], True: []}
            peaks: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(3):
                for diarize in (False, True):
                    started = time.monotonic()
                    outcome = run_engine(
                        job(path, language="en", diarize=diarize),
                        folder,
                        patience=HOURS,
                    )
                    walls[diarize].append(time.monotonic() - started)
                    peaks[diarize].append(outcome.one("end")["peakMemoryBytes"] / 2**20)
            wall, memory = ({on: statistics.median(each[on]) for on in each} for each in (walls, peaks))
            print(
                f"{minutes} min: wall {wall[True]:.1f} s, {wall[True] / wall[False]:.2f} of {wall[False]:.1f}; "
                f"peak memory {memory[True]:.0f} MiB, {memory[True] - memory[False]:+.0f}",
                flush=True,
            )


def measure_hours() -> None:
    """The command on conversations of 4 hours, and on longer ones that are the same again, a little different."""
    hearing, chance = Hearing(), np.random.default_rng(1)
    several = [conversation(list(VOICES), 180, 400 + i, 0.1) for i in range(80)]
    pieces = [heard(hearing, one.sound) for one in several]
    for hours in (4, 8, 24):
        lines, cores = [{"type": "speakers", "protocol": 1}], 180 // CORE_SECONDS
        segments = []
        for number in range(hours * 20):
            again = [again_a_little_different(piece, number * cores, chance) for piece in pieces[number % len(several)]]
            lines.append({"type": "voices", "pieces": encode(again)})
            segments += [segment_of(turn, number * 180.0) for turn in several[number % len(several)].turns]
        path = Path(tempfile.mkdtemp(prefix="phonograph-bench-"), "lines")
        path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, *segments, {"type": "end"}]))
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        with path.open("rb") as stdin:
            said = subprocess.run(
                command("--speakers"),
                stdin=stdin,
                capture_output=True,
                env=environment(),
                check=True,
            ).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        end = json.loads(said.splitlines()[-1])
        print(
            f"{hours} h: {time.monotonic() - started:.1f} s, processor {after.ru_utime - before.ru_utime:.1f} s, "
            f"{end['peakMemoryBytes'] / 2**20:.0f} MiB, {end['speakers']} of {len(VOICES)} speakers",
            flush=True,
        )


def again_a_little_different(piece: Piece, cores: int, chance: np.random.Generator) -> Piece:
    noise = chance.standard_normal(piece.vector.size).astype(np.float32)
    vector = piece.vector + noise * np.float32(0.02)
    return replace(
        piece,
        core=piece.core + cores,
        vector=(vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32),
    )


def segment_of(turn: tuple[float, float, str], offset: float) -> dict[str, Any]:
    """A segment of two words a second."""
    start, end, _ = turn
    edges = np.linspace(start, end, max(2, round((end - start) * 2.5) + 1)) + offset
    words = [
        {
            "startSeconds": round(a, 3),
            "endSeconds": round(b, 3),
            "text": "word",
            "probability": 1.0,
        }
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]
    text = " ".join("word" for _ in words)
    return {
        "type": "segment",
        "startSeconds": words[0]["startSeconds"],
        "endSeconds": words[-1]["endSeconds"],
        "text": text,
        "language": "en",
        "words": words,
    }


PARTS: dict[str, Callable[[], None]] = {
    "conversations": score_conversations,
    "voices": score_voices,
    "words": score_words,
    "calls": score_calls,
    "speed": measure_speed,
    "hours": measure_hours,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; none = all")
    for part in parser.parse_args().parts or PARTS:
        print(f"--- {part}", flush=True)
        PARTS[part]()


if __name__ == "__main__":
    main()
