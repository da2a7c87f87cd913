"""The ways to run the engine: for a job or a part of one, on standby for it, to plan the parts, or as a smoke test."""

import argparse
import os
import threading
import time
from pathlib import Path
from queue import SimpleQueue

import ctranslate2
import numpy as np

from engine import VERSION
from engine.audio.channel_audio import ChannelAudio
from engine.audio.media import RATE, Media, lasting
from engine.audio.pcm import Pcm, PcmWriter, most_bytes, open_to_write
from engine.audio.plan import in_batches, plan, skip
from engine.audio.recording import Recording, Source, open_recording
from engine.audio.vad import FRAME
from engine.checkpoint import resumed_state
from engine.confine import confine_files, confine_process
from engine.decode import Decoder
from engine.errors import EngineError
from engine.job import Job, Options, Span, next_part, parse_job, place_to_stop
from engine.lifeline import EXIT_ORPHANED, keep_beating, read_job_line, watch_stdin
from engine.lines import Lines
from engine.memory import limit_memory, peak_memory
from engine.messages import Messages
from engine.model import Model, instruction_set, load_model, versions
from engine.transcribe import Part, Transcription, closing_warnings, first_sample, is_silent, planned

SAMPLE = Path(__file__).with_name("sample.ogg")  # four seconds of a speech of 1961, in the public domain
SAMPLE_WORD = "country"  # spoken in it; some driver and library pairs decode without an error and without a word
PLAIN = Options("en", False, "transcribe", False, True, "mix", None, None, 5, Span(0.0, None))


def serve(lines: Lines, arguments: argparse.Namespace) -> None:
    """One job: read its line, transcribe, say `end`. Raises whatever fails."""
    model: Model | None = None
    if arguments.standby is not None:
        started = time.monotonic()
        _confine_on(arguments.device)
        model = load_model(arguments.standby, arguments.device, arguments.compute_type, arguments.threads)
        _warm_up(model)
        lines.write("ready", loadSeconds=round(time.monotonic() - started, 3))
    line = read_job_line()
    if not line.strip():
        os._exit(EXIT_ORPHANED)
    job = parse_job(line)
    if model is None:
        _confine_on(job.device)
    limit_memory(job.max_memory_bytes)
    # Nothing of the recording has been looked at yet, and no thread of ours has been started.
    recording = open_recording(job.source)
    confine_files(recording.descriptor, job.model_path)
    further: SimpleQueue[bytes] = SimpleQueue()
    is_served = watch_stdin(further.put)
    keep_beating(lines)
    media = _media(job, recording) if job.part is None else Pcm(recording, first_sample(job))
    part = Part(arguments.first, arguments.last) if job.part is None else Part(job.part.clip, job.part.to)
    batches = planned(job, media, part) if job.resume is None else None  # while the model is loaded
    if model is None or not _fits(model, arguments.compute_type, job):
        model = load_model(job.model_path, job.device, job.compute_type, job.threads)
    _check_language(job, model)
    lines.goes_on = is_served and job.part is not None
    transcription = Transcription(job, model, media, Messages(lines, job, model), part)
    if job.part is None:
        threading.Thread(target=_obey, args=(transcription, further), name="further", daemon=True).start()
    transcription.run(batches)
    while lines.goes_on:
        following = next_part(job, further.get())
        if following is None or following.part is None:
            return
        part = Part(following.part.clip, following.part.to)
        Transcription(following, model, media, Messages(lines, following, model), part).run()


def _obey(transcription: Transcription, further: "SimpleQueue[bytes]") -> None:
    while True:
        to = place_to_stop(further.get())
        if to is not None:
            transcription.stop_before(to)


def plan_parts(lines: Lines) -> None:
    """Where a recording can be cut into parts, and its samples for those who read them. No model is needed."""
    line = read_job_line()
    if not line.strip():
        os._exit(EXIT_ORPHANED)
    job = parse_job(line)
    if job.samples is None:
        raise EngineError("ENGINE_PROTOCOL", "The job line does not say where the samples go.")
    confine_process()
    limit_memory(job.max_memory_bytes)
    recording, samples = open_recording(job.source), open_to_write(job.samples)
    confine_files(recording.descriptor, None, most_bytes(job.max_seconds))
    watch_stdin(lambda _: None)
    keep_beating(lines)
    lines.write("plan", engine=VERSION, versions=versions(), cpu=instruction_set())
    media, sample = _media(job, recording), first_sample(job)
    writer = PcmWriter(samples, sample)
    sound = writer.written(skip(media.sound(job.max_seconds, job.options.clip.end), sample))
    for batch in in_batches(plan(sound, job.options.vad, 0, sample), job.batch_size, 0):
        for clip in batch.clips:
            writer.mark(clip)
        lines.write("batch", batch=batch.number, clip=batch.clips[0].number, sample=sample)
        sample = batch.clips[-1].end
    recording.check_unchanged()
    messages = Messages(lines, job, None)
    messages.media(media, final=True)
    messages.peaks(media)
    messages.end(0, None, media, silent=is_silent(media))


def end_parts(lines: Lines) -> None:
    """How a transcript ends that several engines have read, from its last checkpoint."""
    line = read_job_line()
    if not line.strip():
        os._exit(EXIT_ORPHANED)
    job = parse_job(line)
    state = None if job.resume is None else resumed_state(job.resume, job.resume.get("key", ""))
    if state is None:
        raise EngineError("ENGINE_PROTOCOL", "The job line does not say how far the transcript has come.")
    lines.write(
        "end",
        segments=state.segments,
        voices=state.voices if job.options.diarize else None,
        durationSeconds=round(state.sample / RATE, 3),
        peakMemoryBytes=peak_memory(),
        warnings=closing_warnings(job.options, state, job.silent),
    )


def smoke(lines: Lines, arguments: argparse.Namespace) -> int:
    """Transcribe the sample; one line {ok, text, seconds, versions, ...}; exit code 0 when its words came."""
    started = time.monotonic()
    confined = _confine_on(arguments.device)
    model = load_model(arguments.smoke, arguments.device, arguments.compute_type, arguments.threads)
    decoder = Decoder(model, PLAIN)
    recording = open_recording(Source(str(SAMPLE)))
    confined += confine_files(recording.descriptor, arguments.smoke)
    clips = plan(Media(recording, split=False).sound(60.0, None), True, 0, 0)
    decodings = decoder.read(decoder.encode(next(clips).channels), ["en"])
    text = decodings[0].text
    lines.write(
        "smoke",
        ok=SAMPLE_WORD in text,
        text=text,
        seconds=round(time.monotonic() - started, 3),
        engine=VERSION,
        versions=versions(),
        model={"sha256": model.sha256},
        device=model.device,
        computeType=model.compute_type,
        confined=confined,
    )
    return 0 if SAMPLE_WORD in text else 1


def _confine_on(device: str) -> tuple[str, ...]:
    if device == "cuda":  # the driver may start a program of its own when it is first asked
        ctranslate2.get_cuda_device_count()
    return confine_process()


def _media(job: Job, recording: Recording) -> Media:
    media = Media(recording, split=job.options.channels == "split", track=job.options.track)
    said = media.facts.seconds if media.facts.exact else None
    if (
        said is not None and said > job.max_seconds * 1.1 and job.options.clip.end is None
    ):  # declared durations may be off
        raise EngineError(
            "MEDIA_TOO_LONG", f"The recording lasts {lasting(said)}; {lasting(job.max_seconds)} are allowed."
        )
    return media


def _check_language(job: Job, model: Model) -> None:
    asked = job.options.language
    known = asked == "en" or model.whisper.hf_tokenizer.token_to_id(f"<|{asked}|>") is not None
    if asked is not None and not (known and asked in model.whisper.supported_languages):
        raise EngineError("ENGINE_PROTOCOL", "The model does not know the language that was asked for.")


def _fits(model: Model, compute_type: str, job: Job) -> bool:
    """Whether a standby's model is the one that the job wants."""
    same = os.path.realpath(model.path) == os.path.realpath(job.model_path)
    return same and (model.device, compute_type, model.threads) == (job.device, job.compute_type, job.threads)


def _warm_up(model: Model) -> None:
    """Run what is set up when it is first run, so that the first job does not pay for it.

    On a card that is every stage. On the CPU it is the VAD alone: the second encoding takes as long as the first
    (0.33 and 0.35 s), and so does the second reading (0.12 s), which would all stand between the start and `ready`.
    """
    frames = RATE // FRAME
    noise = np.random.default_rng(0).standard_normal(frames * FRAME).astype(np.float32) * np.float32(0.01)
    list(plan(iter([noise[None]]), True, 0, 0))
    if model.device == "cpu":
        return
    channel = ChannelAudio(None, noise, np.ones(frames, np.float32), ((0, frames),))
    decoder = Decoder(model, PLAIN)
    decoder.languages(decoder.encode([channel]))
    decoder.read(decoder.encode([channel]), ["en"])
