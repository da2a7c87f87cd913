"""Whether what is said is heard: at any level, in short files, under noise, between holes, from any start.

npm run bench:hearing -- [levels] [short] [noise] [invented] [edges] [starts]
None named: all of them. Errors are pooled over recordings made from those beside the checkout, each contender hears the
same, and differences are paired, with the middle 95 % of 2,000 draws of the recordings. `engine` is this project's,
`batched` and `sequential` are faster-whisper's with their defaults.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "runner"))

from accuracy import plain  # noqa: E402
from engine.audio.media import RATE  # noqa: E402
from engine.model import load_model  # noqa: E402
from engine.tests.in_process import transcribe_here  # noqa: E402
from engine.tests.make import music, noise, samples, write_wav  # noqa: E402
from engine.tests.outcome import AUDIO, COMPUTE_TYPE, DEVICE, MODEL, index  # noqa: E402
from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: E402

Sound = npt.NDArray[np.float32]
LONG = (
    "long_ljspeech_one_voice.flac",
    "en_columbia_address.wma",
    "de_simplicissimus.mp3",
    "es_capitan_veneno.mp3",
)
PAUSE = 0.3  # s between words at which a recording may be cut
SHORTEST, LONGEST = 1.2, 10.0  # s of a short file


@dataclass(frozen=True)
class Said:
    """A word and when it is said, in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Sample:
    """Sound [samples], 16 kHz, its language and the words that are said in it, as a text without case and marks."""

    sound: Sound
    language: str
    reference: str


Contender = Callable[[Sound, str], list[Said]]


def contenders() -> dict[str, Contender]:
    own = load_model(str(MODEL), DEVICE, COMPUTE_TYPE, 2)
    bare = WhisperModel(str(MODEL), device=DEVICE, compute_type=COMPUTE_TYPE, cpu_threads=2)

    def engine(sound: Sound, language: str) -> list[Said]:
        with tempfile.TemporaryDirectory() as folder:
            path = write_wav(Path(folder) / "sound.wav", sound)
            segments = transcribe_here(own, path, language=language, wordTimestamps=True).all("segment")
        return [Said(w["text"], w["startSeconds"], w["endSeconds"]) for line in segments for w in line["words"]]

    def library(run: Callable[..., Any]) -> Contender:
        def heard(sound: Sound, language: str) -> list[Said]:
            segments, _ = run(sound, language=language, word_timestamps=True)
            return [Said(word.word, word.start, word.end) for segment in segments for word in segment.words]

        return heard

    return {
        "engine": engine,
        "batched": library(BatchedInferencePipeline(bare).transcribe),
        "sequential": library(bare.transcribe),
    }


@cache
def rows() -> dict[str, dict[str, str]]:
    return {row["file"]: row for row in index()}


@cache
def sound_of(name: str) -> Sound:
    return samples(AUDIO / name)


class Bench:
    def __init__(self) -> None:
        self.contenders = contenders()
        self.times = cache(self._times)

    def _times(self, name: str) -> list[Said]:
        """The reference's words, each when the word is said that the engine has for it, or the one before."""
        row = rows()[name]
        heard = [
            Said(text, word.start, word.end)
            for word in self.contenders["engine"](sound_of(name), row["language"])
            for text in plain(word.text, False).split()
        ]
        wanted = plain(row["reference"], False).split()
        found: list[Said | None] = [None] * len(wanted)
        aligned = jiwer.process_words(" ".join(wanted), " ".join(word.text for word in heard)).alignments[0]
        for chunk in aligned:
            if chunk.type in ("equal", "substitute"):
                for i in range(chunk.ref_end_idx - chunk.ref_start_idx):
                    found[chunk.ref_start_idx + i] = heard[chunk.hyp_start_idx + i]
        last = Said("", 0.0, 0.0)
        timed: list[Said] = []
        for text, at in zip(wanted, found, strict=True):
            last = at or last
            timed.append(Said(text, last.start, last.end))
        return timed

    def utterances(self, name: str) -> list[tuple[float, float, str]]:
        """What is said between pauses: from, to, text."""
        words, first = self.times(name), 0
        found: list[tuple[float, float, str]] = []
        for i in range(1, len(words) + 1):
            ends = i == len(words) or (
                words[i].start - words[i - 1].end > PAUSE and words[i - 1].end - words[first].start > SHORTEST
            )
            if ends:
                if words[i - 1].end - words[first].start <= LONGEST:
                    text = " ".join(word.text for word in words[first:i])
                    found.append((words[first].start, words[i - 1].end, text))
                first = i
        return found

    def part(self, name: str, start: float, end: float) -> Sample:
        said = [word.text for word in self.times(name) if start <= (word.start + word.end) / 2 < end]
        return Sample(sound_of(name)[int(start * RATE) : int(end * RATE)], rows()[name]["language"], " ".join(said))

    def compare(self, title: str, found: Iterable[Sample]) -> None:
        """One line: the errors of each contender in a hundred words, and how far the engine is from the others."""
        made = list(found)
        words = np.array([len(sample.reference.split()) for sample in made])
        errors = {
            name: np.array([_errors(sample.reference, hear(sample.sound, sample.language)) for sample in made])
            for name, hear in self.contenders.items()
        }
        rates = "  ".join(f"{name} {100 * e.sum() / words.sum():5.2f} %" for name, e in errors.items())
        others = "  ".join(
            f"less {name} {_difference(errors['engine'] - errors[name], words)}" for name in list(errors)[1:]
        )
        print(f"{title:22} {words.sum():5} words  {rates}   {others}", flush=True)

    def levels(self) -> None:
        for decibels in (0, -10, -20, -30):
            parts = [self.part(name, 0.0, 30.0) for name in LONG]
            self.compare(
                f"level {decibels} dB",
                [Sample(one.sound * np.float32(10 ** (decibels / 20)), one.language, one.reference) for one in parts],
            )

    def short(self) -> None:
        self.compare(
            "files up to 10 s",
            [
                Sample(
                    sound_of(name)[max(0, int((start - 0.15) * RATE)) : int((end + 0.2) * RATE)],
                    rows()[name]["language"],
                    text,
                )
                for name in LONG
                for start, end, text in self.utterances(name)
            ],
        )

    def noise(self) -> None:
        for decibels in (10, 5, 0):
            parts = [self.part(name, 0.0, 70.0) for name in LONG]
            mixed = [Sample(_under_noise(one.sound, decibels, 7), one.language, one.reference) for one in parts]
            self.compare(f"noise {decibels} dB below", mixed)

    def invented(self) -> None:
        """Words where nobody speaks; there should be none."""
        sounds = [noise(20, 0.3, seed) for seed in range(6)] + [noise(20, 0.01, seed) for seed in range(6)]
        sounds += [music(20), music(20) + noise(20), np.tile(_beat(), 40), np.zeros(20 * RATE)]
        for name, hear in self.contenders.items():
            said = [len(hear(sound.astype(np.float32), "en")) for sound in sounds]
            print(f"nobody speaks          {name}: {sum(said)} words in {sum(map(bool, said))} of {len(said)} files")

    def edges(self) -> None:
        """How far first and last words are off where utterances begin and end after silence at known times."""
        for name in LONG:
            sound, truth = self._with_holes(name)
            for who, hear in self.contenders.items():
                starts, ends = _edges(hear(sound, rows()[name]["language"]), truth)
                first, last = (1000 * statistics.median(off) for off in (starts, ends))
                print(
                    f"edges {name[:16]:16} {who:10} of {len(truth)}: first words {first:4.0f}, last {last:4.0f} ms off",
                    flush=True,
                )

    def _with_holes(self, name: str) -> tuple[Sound, list[tuple[float, float, str]]]:
        """Utterances without the quiet around them, holes of 0.3 to 8 s between them, and from when to when each is."""
        random, at = np.random.default_rng(3), 0
        pieces: list[Sound] = []
        truth: list[tuple[float, float, str]] = []
        for start, end, text in self.utterances(name)[:24]:
            spoken = _without_quiet(sound_of(name)[max(0, int((start - 0.15) * RATE)) : int((end + 0.2) * RATE)])
            hole = int(random.choice([0.3, 0.8, 2.0, 8.0]) * random.uniform(1.0, 1.3) * RATE)
            pieces += [np.zeros(hole, np.float32), spoken]
            at += hole
            truth.append((at / RATE, (at + spoken.size) / RATE, text))
            at += spoken.size
        sound = np.concatenate(pieces)
        return (sound + random.standard_normal(sound.size) * 3e-4).astype(np.float32), truth

    def starts(self) -> None:
        offsets = [1.1 + 3.7 * i for i in range(3)]
        self.compare("from three starts", [self.part(name, offset, 1e6) for name in LONG for offset in offsets])


def _errors(reference: str, heard: list[Said]) -> int:
    if not reference:
        return 0
    found = jiwer.process_words(reference, plain(" ".join(word.text for word in heard), False))
    return found.substitutions + found.deletions + found.insertions


def _difference(errors: npt.NDArray[np.int64], words: npt.NDArray[np.int64]) -> str:
    drawn = np.random.default_rng(0).integers(0, words.size, (2000, words.size))
    rates = 100 * errors[drawn].sum(axis=1) / words[drawn].sum(axis=1)
    low, high = np.percentile(rates, [2.5, 97.5])
    return f"{100 * errors.sum() / words.sum():+.2f} [{low:+.2f}, {high:+.2f}]"


def _under_noise(sound: Sound, decibels: float, seed: int) -> Sound:
    """With pink noise so far below the voice, of which the quiet parts do not count."""
    voice = np.mean(sound[np.abs(sound) > 0.02 * np.abs(sound).max()] ** 2)
    below = noise(sound.size / RATE + 1, 1.0, seed)[: sound.size]
    mixed = sound + below * np.sqrt(voice / 10 ** (decibels / 10) / np.mean(below**2))
    return np.asarray(mixed / max(1.0, np.abs(mixed).max() / 0.98), np.float32)


def _beat() -> npt.NDArray[np.float64]:
    time = np.arange(RATE // 2) / RATE
    return np.asarray(np.sin(2 * np.pi * 60 * time) * np.exp(-12 * time) * 0.8)


def _without_quiet(sound: Sound) -> Sound:
    """From the first to the last 10 ms that are less than 32 dB below the loudest."""
    step = RATE // 100
    loud = np.sqrt((sound[: sound.size // step * step].reshape(-1, step) ** 2).mean(axis=1))
    heard = np.flatnonzero(loud > loud.max() * 10 ** (-32 / 20))
    return sound[heard[0] * step : (heard[-1] + 1) * step]


def _edges(heard: list[Said], truth: list[tuple[float, float, str]]) -> tuple[list[float], list[float]]:
    """Seconds that the first and the last words are off, of the utterances whose first or last word was understood."""
    words = [(text, word) for word in heard for text in plain(word.text, False).split()]
    places = [
        (number, i, len(text.split())) for number, (_, _, text) in enumerate(truth) for i in range(len(text.split()))
    ]
    aligned = jiwer.process_words(" ".join(text for _, _, text in truth), " ".join(text for text, _ in words))
    starts: list[float] = []
    ends: list[float] = []
    for chunk in aligned.alignments[0]:
        if chunk.type != "equal":
            continue
        for i in range(chunk.ref_end_idx - chunk.ref_start_idx):
            number, at, count = places[chunk.ref_start_idx + i]
            word = words[chunk.hyp_start_idx + i][1]
            if at == 0:
                starts.append(abs(word.start - truth[number][0]))
            if at == count - 1:
                ends.append(abs(word.end - truth[number][1]))
    return starts, ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("levels", "short", "noise", "invented", "edges", "starts")
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help="which to run; none = all")
    wanted = parser.parse_args().parts or parts
    bench = Bench()
    for name in parts:
        if name in wanted:
            getattr(bench, name)()


if __name__ == "__main__":
    main()
