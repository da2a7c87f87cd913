"""How right the text is, against bare faster-whisper, batched and sequential, in the same run.

npm run bench:accuracy -- [WORD ...]
With ENGINE_DEVICE=cuda all run on the graphics card.

Word error rate (character error rate for Japanese) after NFKC, lower case and removal of punctuation. Errors are pooled
over the recordings, as a single sentence says nothing; the longest run of deleted words shows a lost utterance.
"""

import argparse
import re
import statistics
import sys
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import jiwer
from faster_whisper import BatchedInferencePipeline, WhisperModel

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "runner"))

from engine.tests.outcome import AUDIO, COMPUTE_TYPE, DEVICE, MODEL, index, job, run_engine  # noqa: E402

LEFT_OUT = ("stereo", "multilingual")  # their references are not those of the whole sound
Timed = list[tuple[float, float, str]]


@dataclass
class Tally:
    """What one contender got wrong over all recordings."""

    errors: int = 0
    words: int = 0
    worst: int = 0
    lengths: list[float] = field(default_factory=list)


def plain(text: str, characters: bool) -> str:
    text = unicodedata.normalize("NFKC", text).lower().replace("'", "").replace("’", "")
    text = " ".join(re.sub(r"[^\w\s]", " ", text).split())
    return " ".join(text.replace(" ", "")) if characters else text


def with_engine(path: Path) -> Timed:
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_engine(job(path, language=None), Path(folder), patience=3600)
    return [(line["startSeconds"], line["endSeconds"], line["text"]) for line in outcome.all("segment")]


def bare(batched: bool) -> Callable[[Path], Timed]:
    model = WhisperModel(str(MODEL), device=DEVICE, compute_type=COMPUTE_TYPE, cpu_threads=2)

    def run(path: Path) -> Timed:
        if batched:
            segments, _ = BatchedInferencePipeline(model).transcribe(str(path), batch_size=8)
        else:
            segments, _ = model.transcribe(str(path))
        return [(segment.start, segment.end, segment.text) for segment in segments]

    return run


def verdict_of(row: dict[str, str], said: Timed, tally: Tally) -> str:
    characters = row["language"] == "ja"
    compared = jiwer.process_words(
        plain(row["reference"], characters), plain(" ".join(text for _, _, text in said), characters)
    )
    runs = [c.ref_end_idx - c.ref_start_idx for c in compared.alignments[0] if c.type == "delete"]
    tally.errors += compared.substitutions + compared.deletions + compared.insertions
    tally.words += compared.substitutions + compared.deletions + compared.hits
    tally.worst = max(tally.worst, *runs, 0)
    tally.lengths += [end - start for start, end, _ in said]
    return f"{100 * compared.wer:5.1f} % (run {max(runs, default=0)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="only recordings with one of these in their name; none = all")
    words = parser.parse_args().words
    contenders = {"engine": with_engine, "batched": bare(True), "sequential": bare(False)}
    tallies = {name: Tally() for name in contenders}
    for row in (row for row in index() if row["tier"] == "gold"):
        wanted = not words or any(word in row["file"] for word in words)
        if wanted and not any(word in row["file"] for word in LEFT_OUT):
            cells = [
                f"{name} {verdict_of(row, run(AUDIO / row['file']), tallies[name])}" for name, run in contenders.items()
            ]
            print(f"{row['file']:30}", "  ".join(cells), flush=True)
    for name, tally in tallies.items():
        lengths = sorted(tally.lengths)
        print(
            f"{name:12} pooled {100 * tally.errors / tally.words:.2f} %, longest run of deleted words {tally.worst}, "
            f"segments: median {statistics.median(lengths):.1f} s, 95 % under {lengths[int(len(lengths) * 0.95)]:.1f} s"
        )


if __name__ == "__main__":
    main()
