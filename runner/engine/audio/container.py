"""The container of a recording: opened with what is let through, and what is said of one that cannot be."""

import contextlib
from collections.abc import Iterator
from typing import Any

import av

from engine.audio.formats import CODECS, CONTAINERS, UNMARKED, looks_damaged
from engine.audio.recording import Recording
from engine.errors import EngineError

TRIES = 10_000  # times that a container is read on behind damage: one that fails for ever makes no progress


def open_container(recording: Recording, part: tuple[int, int] | None = None) -> Any:
    """By its content; sound that has no mark of its own is what the ending of its name says.

    part: the first byte, and the one behind the last; None = the whole file. Raises MEDIA_CORRUPT, MEDIA_UNSUPPORTED.
    """
    ending = recording.name.rpartition(".")[2].lower()
    try:
        return _open(recording, part)
    except EngineError:
        if ending not in UNMARKED or part is not None:
            raise
        return _open(recording, None, *UNMARKED[ending])


def packets(recording: Recording, container: Any, stream: Any) -> Iterator[Any]:
    """The packets of a track, behind damage too. Raises FFmpegError where the container cannot be read on."""
    tries = place = 0
    while True:
        try:
            for packet in container.demux(stream):
                place = max(place, packet.pos or 0)
                yield packet
            return
        except IndexError:  # PyAV knows no track that begins midway, as broadcasts have them: a packet of it is past
            continue
        except (av.error.InvalidDataError, av.error.OSError) as error:
            tries += 1
            if tries == TRIES or recording.fails(error, place):
                raise


@contextlib.contextmanager
def damage_is_told(recording: Recording, container: Any) -> Iterator[None]:
    """Closes the container where something fails; what FFmpeg fails at is MEDIA_CORRUPT or MEDIA_UNSUPPORTED."""
    try:
        yield
    except Exception as error:
        container.close()
        if isinstance(error, (av.error.FFmpegError, ValueError)):
            raise _unreadable(recording, error) from error
        raise


def _open(
    recording: Recording,
    part: tuple[int, int] | None,
    container: str | None = None,
    options: dict[str, str] | None = None,
) -> Any:
    """As the container of this name, with options of its own. "file:" keeps a path from being an address."""
    path = f"file:{recording.path}"
    place = path if part is None else f"subfile,,start,{part[0]},end,{part[1]},,:{path}"
    allowed = {
        "protocol_whitelist": "file,subfile",
        "format_whitelist": CONTAINERS,
        "codec_whitelist": ",".join(sorted(CODECS)),
    }
    options = {**(options or {}), **allowed}
    try:
        return av.open(place, mode="r", format=container, options=options, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError, UnicodeError) as error:
        raise _unreadable(recording, error) from error


def _unreadable(recording: Recording, error: Exception) -> Exception:
    if recording.fails(error, 0) or recording.fails(error, recording.bytes - 1):
        return error
    if looks_damaged(recording.path):
        return EngineError("MEDIA_CORRUPT", "The recording is damaged and cannot be opened.")
    return EngineError("MEDIA_UNSUPPORTED", "The file is not a recording in a format that the engine reads.")
