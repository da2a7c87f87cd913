"""The lines of the protocol in the words of the pipeline."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from engine import VERSION
from engine.audio.channel_audio import ChannelAudio, Clip
from engine.audio.media import RATE, Media
from engine.job import PROTOCOL, Job, Options
from engine.lines import Lines
from engine.memory import peak_memory
from engine.model import Model, instruction_set, versions
from engine.reader import Utterance
from engine.segments import Timed, monotone, split_into_segments, text_of


class Messages:
    """What has been said about a job, in the shape that PROTOCOL.md fixes."""

    def __init__(self, lines: Lines, job: Job, model: Model | None) -> None:
        self._lines, self._job, self._model = lines, job, model
        self._media_is_final = False

    def hello(self, resumed: bool) -> None:
        model = self._model
        assert model is not None  # only who plans has none
        self._lines.write(
            "hello",
            protocol=PROTOCOL,
            pid=os.getpid(),
            engine=VERSION,
            versions=versions(),
            model={"id": self._job.model_id, "sha256": model.sha256},
            device=model.device,
            computeType=model.compute_type,
            threads=model.threads,
            cpu=instruction_set(),
            card=model.card,
            resumed=resumed,
        )

    def stage(self, stage: str) -> None:
        self._lines.write("stage", stage=stage)

    def media(self, media: Media, final: bool = False) -> None:
        facts, seconds = media.facts, media.seconds
        self._lines.write(
            "media",
            durationSeconds=None if seconds is None else round(seconds, 3),
            final=final,
            container=facts.container,
            codec=facts.codec,
            sampleRate=facts.rate,
            channels=facts.channels,
            warnings=media.warnings,
            tracks=[asdict(track) for track in media.tracks],
        )

    def media_once_final(self, media: Media, anyway: bool = False) -> None:
        """Say the media again as soon as its end has been decoded, or `anyway` when no more of it will be."""
        if not self._media_is_final and (media.finished or anyway):
            self._media_is_final = True
            self.media(media, final=True)

    def language(self, code: str | None, probability: float) -> None:
        self._lines.write("language", code=code, probability=round(probability, 4))

    def segment(self, **fields: object) -> None:
        self._lines.write("segment", **fields)

    def progress(self, fields: dict[str, float | None]) -> None:
        self._lines.write("progress", **fields)

    def checkpoint(self, batch: int, processed: float, resume: dict[str, object]) -> None:
        self._lines.write("checkpoint", batch=batch, processedSeconds=processed, resume=resume)

    def peaks(self, media: Media) -> None:
        """Say how loud it is, once, when its end has been read."""
        if media.finished:
            self._lines.write("peaks", values=media.peaks.values())

    def voices(self, batch: int, clip: int, pieces: str) -> None:
        self._lines.write("voices", batch=batch, clip=clip, pieces=pieces)

    def end(self, segments: int, voices: int | None, media: Media, **more: object) -> None:
        seconds = media.decoded / RATE if media.seconds is None else media.seconds
        self._lines.write(
            "end",
            segments=segments,
            voices=voices,
            durationSeconds=round(seconds, 3),
            peakMemoryBytes=peak_memory(),
            warnings=media.warnings,
            **more,
        )

    def end_of_part(self, segments: int, sample: int) -> None:
        self._lines.write(
            "end",
            segments=segments,
            voices=None,
            durationSeconds=round(sample / RATE, 3),
            peakMemoryBytes=peak_memory(),
            warnings=[],
        )


def segment_fields(
    clip: Clip, utterances: Sequence[list[Utterance]], options: Options, language: str | None
) -> Iterator[dict[str, object]]:
    """The segments of one clip, in the order of time over all its channels; `utterances`: those of each channel.

    None begins before the clip or ends after it, so that no segment of the next clip begins before one of this.
    """
    found: list[tuple[float, dict[str, object]]] = []
    for channel, of_channel in zip(clip.channels, utterances, strict=True):
        floor, ceiling = clip.start / RATE, clip.end / RATE
        for utterance in of_channel:
            words = monotone(utterance.words, floor, ceiling)
            floor = words[-1].end if words else floor
            groups = split_into_segments(words, utterance.decoding.language)
            found += [(group[0].start, _fields(group, utterance, channel, options, language)) for group in groups]
    yield from (fields for _, fields in sorted(found, key=lambda pair: pair[0]))


def _fields(
    words: list[Timed], utterance: Utterance, channel: ChannelAudio, options: Options, language: str | None
) -> dict[str, object]:
    decoding = utterance.decoding
    with_words = options.word_timestamps or options.diarize  # by which a segment is cut where the speaker changes
    return {
        "startSeconds": round(words[0].start, 3),
        "endSeconds": round(words[-1].end, 3),
        "text": text_of(words),
        "language": decoding.language if decoding.language != language else None,
        "speaker": channel.speaker,
        "avgLogProbability": round(decoding.log_probability, 4),
        "noSpeechProbability": round(decoding.no_speech, 4),
        "guard": utterance.guard,
        "words": [_word(word) for word in words if word.text.strip()] if with_words else None,
    }


def _word(word: Timed) -> dict[str, object]:
    return {
        "startSeconds": round(word.start, 3),
        "endSeconds": round(word.end, 3),
        "text": word.text.strip(),
        "probability": round(word.probability, 4),
    }
