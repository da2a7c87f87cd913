"""One job from the open recording to `end`: the pipeline that joins the other modules."""

import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile

from engine import language
from engine.audio.channel_audio import Clip
from engine.audio.media import RATE, Media, Sound
from engine.audio.pcm import Pcm
from engine.audio.plan import Batch, cut_again, in_batches, plan, skip
from engine.audio.tracks import SILENT
from engine.checkpoint import State, resume_key, resumed_state
from engine.decode import Decoder, Encoded
from engine.echo import without_echoes
from engine.job import Job, Options
from engine.language import EncodedBatch
from engine.messages import Messages, segment_fields
from engine.model import Model
from engine.prefetch import prefetch, side_by_side
from engine.progress import Progress
from engine.reader import Reader, Utterance
from engine.speakers.hearing import MARGIN
from engine.speakers.listener import Listener

DECODE_WORKERS = 2  # groups of channels that are read at the same time, as many as the model has workers on the CPU
ENOUGH_OF_ANOTHER_MS = 5000  # of another language that are worth a warning
Utterances = list[Utterance]


@dataclass(frozen=True, slots=True)
class Part:
    """Clips [first, last) of the plan; `last` None = to the end."""

    first: int = 0
    last: int | None = None

    def has(self, clip: int) -> bool:
        return clip >= self.first and (self.last is None or clip < self.last)


def planned(job: Job, media: Media | Pcm, part: Part, state: State | None = None) -> Iterator[Batch]:
    """The batches after a state, or of the whole, cut from now on in a thread of their own. The sound is read once."""
    at = state or _start(job)
    first, pieces = _sound_from(job, media, at)
    if not job.options.diarize or at.voices is None:
        clips = _clips(job, media, skip(pieces, at.sample - first), at)
        return prefetch(in_batches(clips, job.batch_size, at.batch))
    listener = Listener(first, part.has, 1 if job.device == "cpu" else job.threads)
    clips = _clips(job, media, skip(listener.overhear(pieces), at.sample - first), at)
    return prefetch(in_batches(listener.hear(clips, at.sample), job.batch_size, at.batch))


def _sound_from(job: Job, media: Media | Pcm, at: State) -> tuple[int, Iterator[Sound]]:
    """The sound for what comes after a state, and its first sample. A recording is decoded from its start."""
    start = first_sample(job)
    if isinstance(media, Media):
        return start, skip(media.sound(job.max_seconds, job.options.clip.end), start)
    first = max(start, at.sample - MARGIN) if job.options.diarize else at.sample
    return first, media.sound(first)


def _clips(job: Job, media: Media | Pcm, pieces: Iterator[Sound], at: State) -> Iterator[Clip]:
    """The clips of the sound after a state.

    Of a part those that it has, and the one behind it: by that its last batch is not the last of the recording.
    """
    if isinstance(media, Media):
        return plan(pieces, job.options.vad, at.clip, at.sample)
    to = None if job.part is None else job.part.to
    cuts = takewhile(lambda cut: to is None or cut.number <= to, media.cuts(at.sample))
    return cut_again(pieces, cuts, job.options.vad, at.sample)


def first_sample(job: Job) -> int:
    """The sample of the recording at which the job begins."""
    return int(job.options.clip.start * RATE)


def _start(job: Job) -> State:
    part = job.part
    if part is None:
        return State(sample=first_sample(job))
    return State(part.batch, part.clip, part.sample, part.language, part.probability)


class Transcription:
    """One run of one job. `run()` says everything from `hello` to `end`; failures are raised."""

    def __init__(self, job: Job, model: Model, media: Media | Pcm, messages: Messages, part: Part) -> None:
        self._job, self._model, self._media, self._messages, self._part = job, model, media, messages, part
        self._key = resume_key(job, model, media.recording)
        state = resumed_state(job.resume, self._key)
        self._resumed = state is not None
        self._state = state or _start(job)
        self._is_whole = job.part is None
        self._segments = 0  # of a part, in the batches before this one
        if job.part is not None:
            self._state = self._state.uncounted()
        if self._state.language is None and not model.multilingual:
            self._state = replace(self._state, language="en", probability=1.0)
        elif self._state.language is None and job.options.language is not None:
            self._state = replace(self._state, language=job.options.language, probability=1.0)
        self._decoder = Decoder(model, job.options)
        self._reader = Reader(self._decoder)

    def run(self, batches: Iterator[Batch] | None = None) -> None:
        """`batches`: of a job from its start, where cutting them has begun before the model was there."""
        batches = batches or planned(self._job, self._media, self._part, self._state)
        self._messages.hello(self._resumed)
        if isinstance(self._media, Media):
            self._messages.media(self._media)
        self._messages.stage("DECODING")
        progress = Progress(self._job.options.clip.start)
        read: list[Utterances] = []
        for utterances, batch in side_by_side(self._read, self._groups(batches), DECODE_WORKERS):
            read += utterances
            if batch is not None:
                self._media.recording.check_unchanged()
                if isinstance(self._media, Media):
                    self._messages.media_once_final(self._media)
                self._write(batch, read)
                self._checkpoint(batch, progress)
                read = []
        if self._is_whole and isinstance(self._media, Media):
            self._close(self._media)
        else:
            self._messages.end_of_part(self._segments, self._state.sample)

    def stop_before(self, clip: int) -> None:
        """Let others read what comes from a clip on; told by another thread."""
        self._part, self._is_whole = replace(self._part, last=clip), False

    def _close(self, media: Media) -> None:
        """What is said when everything is read."""
        self._messages.stage("DIARIZING" if self._job.options.diarize else "FINISHING")
        if media.finished and self._job.options.clip.start >= (media.seconds or 0.0) > 0.0:
            media.warnings.append("The part that was asked for begins after the end of the recording.")
        elif self._state.segments or self._part == Part():
            media.warnings += closing_warnings(self._job.options, self._state, is_silent(media))
        media.recording.check_unchanged()
        self._messages.media_once_final(media, anyway=True)
        self._messages.peaks(media)
        voices = self._state.voices if self._job.options.diarize else None
        self._messages.end(self._state.segments, voices, media)

    def _in_language(self, batches: Iterator[Batch]) -> Iterator[EncodedBatch]:
        """The wanted batches, encoded, once the language is settled."""
        first: list[EncodedBatch] = []
        # The first batch is encoded beside the second: there is nothing yet to read on the other core.
        opening = list(islice(batches, 1)) if self._model.workers > 1 else []
        rest = chain(prefetch(self._encoded(iter(opening))), prefetch(self._encoded(batches), 2))
        if self._state.language is None:
            self._messages.stage("DETECTING_LANGUAGE")
            found = language.detect(rest, self._decoder)
            if found is None:
                return
            first, code, probability = found
            self._state = replace(self._state, language=code, probability=probability)
        self._messages.language(self._state.language, self._state.probability)
        self._messages.stage("TRANSCRIBING")
        yield from (encoded for encoded in chain(first, rest) if self._wants(encoded.batch))

    def _encoded(self, batches: Iterator[Batch]) -> Iterator[EncodedBatch]:
        """The batches that the part has a clip of; until the language is settled every one, as it may need them."""
        for batch in batches:
            settled = self._state.language is not None
            if settled and self._part.last is not None and batch.clips[0].number >= self._part.last:
                return
            if not settled or self._wants(batch):
                yield language.encode_batch(batch, self._decoder, self._job.batch_size)

    def _wants(self, batch: Batch) -> bool:
        """Whether the part has a clip of the batch; a batch is read as a whole or not at all."""
        return any(self._part.has(clip.number) for clip in batch.clips)

    def _groups(self, batches: Iterator[Batch]) -> Iterator[tuple[Encoded, Batch | None]]:
        """What is read at a time, each with the batch that is complete with it."""
        for encoded in self._in_language(batches):
            yield from ((group, None) for group in encoded.groups[:-1])
            yield encoded.groups[-1], encoded.batch

    def _read(self, item: tuple[Encoded, Batch | None]) -> tuple[list[Utterances], Batch | None]:
        """The utterances of every channel of a group; whatever else is read at the same time does not change them."""
        group, completes = item
        if not (self._job.options.multilingual and self._model.multilingual):
            return self._reader.read(group, [self._state.language or "en" for _ in group.channels]), completes
        found = [language.stretches(group, number, self._decoder) for number in range(len(group.channels))]
        read = self._reader.read(group, [stretches[0].language for stretches in found])
        for number, stretches in enumerate(found):
            if len(stretches) > 1:
                read[number] = self._reader.read_stretches(group.channels[number], stretches)
        return read, completes

    def _write(self, batch: Batch, read: list[Utterances]) -> None:
        """The segments of the clips that the part has."""
        utterances = iter(read)
        for clip in batch.clips:
            of_clip = without_echoes(clip, [next(utterances) for _ in clip.channels])
            if not self._part.has(clip.number):
                continue
            self._count_other_languages(utterance for channel in of_clip for utterance in channel)
            for fields in segment_fields(clip, of_clip, self._job.options, self._state.language):
                self._messages.segment(batch=batch.number, clip=clip.number, **fields)
                self._state = replace(self._state, segments=self._state.segments + 1)
            self._write_voices(batch, clip)

    def _write_voices(self, batch: Batch, clip: Clip) -> None:
        """How the voices of a clip sound. A failure costs the speakers, not the transcript."""
        lines = self._state.voices
        if clip.voices is None or lines is None:
            return
        try:
            pieces = clip.voices.result()
        except Exception:
            traceback.print_exc()
            self._state = replace(self._state, voices=None)
            return
        if pieces:
            self._messages.voices(batch.number, clip.number, pieces)
            self._state = replace(self._state, voices=lines + 1)

    def _count_other_languages(self, utterances: Iterable[Utterance]) -> None:
        counted = dict(self._state.other_language_ms)
        for utterance in utterances:
            if utterance.other_language is not None:
                ms = round((utterance.words[-1].end - utterance.words[0].start) * 1000)
                counted[utterance.other_language] = counted.get(utterance.other_language, 0) + ms
        self._state = replace(self._state, other_language_ms=counted)

    def _checkpoint(self, batch: Batch, progress: Progress) -> None:
        last = batch.clips[-1]
        self._state = replace(self._state, batch=batch.number + 1, clip=last.number + 1, sample=last.end)
        processed = round(last.end / RATE, 3)
        self._messages.progress(progress.at(processed, self._total()))
        self._messages.checkpoint(batch.number, processed, self._state.to_json(self._key))
        if self._job.part is not None:
            self._segments += self._state.segments
            self._state = self._state.uncounted()

    def _total(self) -> float | None:
        """The second at which the work will end, as far as is known."""
        end, whole = self._job.options.clip.end, self._media.likely_seconds
        return whole if end is None else min(end, whole or end)


def closing_warnings(options: Options, state: State, silent: bool) -> list[str]:
    """What a transcript is to be told with that ends so; `silent`: whether there is no sound at all."""
    warnings: list[str] = []
    if not state.segments:
        warnings.append(_why_nothing(silent))
    elif options.language is None and not options.multilingual:
        warnings += _other_languages(state)
    if state.voices is None:
        warnings.append("The speakers could not be told apart: hearing their voices has failed.")
    return warnings


def is_silent(media: Media) -> bool:
    """Whether what was decoded of a recording has no sound in it."""
    return media.peak <= SILENT


def _other_languages(state: State) -> list[str]:
    """What to do where a good part does not sound like the language that was only detected at the start."""
    return [
        f"About {ms / 1000:.0f} seconds sound like another language ({code}) than the one that was detected "
        f"({state.language}), and are written badly: set `multilingual`, or the language, and transcribe again."
        for code, ms in sorted(state.other_language_ms.items())
        if ms >= ENOUGH_OF_ANOTHER_MS
    ]


def _why_nothing(silent: bool) -> str:
    """Why there is no text, as far as the sound shows."""
    if silent:
        return "There is no text: the recording is silent."
    return "There is no text: nothing in the recording sounds like speech."
