"""The three ways to run the engine: for a job, on standby for one, or as a smoke test."""

import argparse
import os
import time
from pathlib import Path

import ctranslate2
import numpy as np

from engine import VERSION
from engine.audio.channel_audio import ChannelAudio
from engine.audio.media import RATE, Media, lasting
from engine.audio.plan import plan
from engine.audio.recording import Recording, Source, open_recording
from engine.audio.vad import FRAME
from engine.confine import confine_files, confine_process
from engine.decode import Decoder
from engine.errors import EngineError
from engine.job import Job, Options, Span, parse_job
from engine.lifeline import EXIT_ORPHANED, keep_beating, read_job_line, watch_stdin
from engine.lines import Lines
from engine.memory import limit_memory
from engine.messages import Messages
from engine.model import Model, load_model, versions
from engine.transcribe import Part, Transcription, planned

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
    watch_stdin()
    keep_beating(lines)
    media = _media(job, recording)
    part = Part(arguments.first, arguments.last)
    batches = planned(job, media, part) if job.resume is None else None  # while the model is loaded
    if model is None or not _fits(model, arguments.compute_type, job):
        model = load_model(job.model_path, job.device, job.compute_type, job.threads)
    _check_language(job, model)
    Transcription(job, model, media, Messages(lines, job, model), part).run(batches)


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
