"""The pure parts: plan, segments, guards, language, progress and failures."""

import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from unicodedata import category

import numpy as np
import pytest
from engine.audio.channel_audio import ChannelAudio, Clip
from engine.audio.media import RATE
from engine.audio.plan import LONGEST, in_batches, plan
from engine.audio.vad import FRAME, speech
from engine.decode import Decoding
from engine.errors import explain
from engine.guards import gaps, is_loop, lone_word, verdict_of
from engine.job import parse_job
from engine.language import settle
from engine.lines import Lines
from engine.messages import segment_fields
from engine.progress import Progress
from engine.reader import Utterance
from engine.segments import Timed, monotone, split_into_segments, text_of, width
from engine.sentences import ends_sentence
from engine.words import Word, timed_words


def words(text: str, seconds: float, gap: float = 0.0) -> list[Timed]:
    return [Timed(f" {w}", i * (seconds + gap), i * (seconds + gap) + seconds, 1.0) for i, w in enumerate(text.split())]


@pytest.mark.parametrize("vad", [True, False])
def test_the_plan_does_not_depend_on_how_the_sound_comes(jfk: "np.typing.NDArray[np.float32]", vad: bool) -> None:
    sound = np.concatenate([np.zeros(70_000, np.float32), np.tile(jfk, 6), np.zeros(150_000, np.float32), jfk])
    cuts = np.sort(np.random.default_rng(1).integers(1, sound.size, 40))
    clips = list(plan(iter([sound[None]]), vad, 0, 0))
    pieces = list(plan((piece[None] for piece in np.split(sound, cuts)), vad, 0, 0))
    assert [(c.start, c.end) for c in clips] == [(c.start, c.end) for c in pieces]
    assert all(np.array_equal(a.channels[0].audio, b.channels[0].audio) for a, b in zip(clips, pieces, strict=True))
    assert all(channel.frames <= LONGEST for clip in clips for channel in clip.channels)
    assert all(a.end == b.start or vad for a, b in pairwise(clips))
    middle = clips[2]
    rest = list(plan(iter([sound[None, middle.start :]]), vad, 2, middle.start))
    assert [(c.number, c.start, c.end) for c in rest] == [(c.number, c.start, c.end) for c in clips[2:]]


def test_speech_goes_on_over_short_dips() -> None:
    heard = [0.1, 0.6, 0.4, 0.2, 0.2, 0.2, 0.2, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2, 0.9]
    assert speech(np.array(heard, np.float32)) == [(1, 8), (13, 14)]


def test_times_lead_back_over_left_out_silence() -> None:
    channel = ChannelAudio(
        None, np.zeros(20 * FRAME, np.float32), np.zeros(20, np.float32), ((16_000, 10), (160_000, 10))
    )
    assert channel.original(0.1, 0.2) == pytest.approx((1.1, 1.2))
    assert channel.original(0.31, 0.5) == pytest.approx((10.0, 10.18))
    part = channel.part(5, 15)
    assert part.spans == ((16_000 + 5 * FRAME, 5), (160_000, 5))


def test_segments_end_with_sentences_and_pauses_and_are_short() -> None:
    text = "We came here today. It was a long way to go, and nobody told us how long it would be or where it was"
    said = words(text, 0.4)
    parts = split_into_segments(said, "en")
    assert text_of(parts[0]) == "We came here today."
    assert all(part[-1].end - part[0].start <= 7 and width(text_of(part)) <= 84 for part in parts)
    assert [word for part in parts for word in part] == said
    assert len(split_into_segments(words("a pause between", 0.3, gap=1.0), "en")) == 3


def test_chinese_is_split_without_spaces_and_numbers_are_not_torn() -> None:
    chinese = [Timed(c, i * 0.2, i * 0.2 + 0.2, 1.0) for i, c in enumerate("今天天气很好我们去公园散步吧" * 5)]
    parts = split_into_segments(chinese, "zh")
    assert len(parts) > 1 and all(" " not in text_of(part) for part in parts)
    assert all(width(text_of(part)) <= 84 for part in parts)
    torn = [Timed(" 1", 0, 0.3, 1.0), Timed("-2", 2.0, 2.3, 1.0), Timed("-3", 4.0, 4.3, 1.0)]
    assert [text_of(part) for part in split_into_segments(torn, "en")] == ["1-2-3"]


def test_sentences_of_many_languages_end_where_they_end() -> None:
    table = json.loads(Path(__file__).with_name("sentences.json").read_text(encoding="utf-8"))
    assert len(table) >= 10
    for language, texts in table.items():
        spaced = language not in ("ja", "zh")
        for sentences in texts:
            tokens = [f" {word}" for word in " ".join(sentences).split()] if spaced else list("".join(sentences))
            found = [""]
            for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
                found[-1] += token
                if following and ends_sentence(found[-1], following, language):
                    found.append("")
            assert [sentence.strip() for sentence in found] == sentences


def test_segments_end_with_sentences_and_not_with_abbreviations() -> None:
    said = words("He met with Dr. Martin Luther King and Mr. John Brown. The U.S. Army was there on Jan. 5.", 0.3)
    assert [text_of(part) for part in split_into_segments(said, "en")] == [
        "He met with Dr. Martin Luther King and Mr. John Brown.",
        "The U.S. Army was there on Jan. 5.",
    ]
    paused = [*said[:4], *(replace(word, start=word.start + 1, end=word.end + 1) for word in said[4:])]
    assert text_of(split_into_segments(paused, "en")[0]) == "He met with Dr."


def test_no_segment_begins_with_a_combining_mark_or_closing_punctuation() -> None:
    random = np.random.default_rng(7)
    signs = list("กเาิ์ครับมนက္ကသည်។ខ្មែរ今日は、。」「ーっです")
    for _ in range(300):
        tokens = random.choice(signs, 80).tolist()
        said = [Timed(token, i * 0.3, i * 0.3 + 0.3, 1.0) for i, token in enumerate(tokens)]
        parts = split_into_segments(said, str(random.choice(["th", "my", "km", "ja"])))
        assert [word for part in parts for word in part] == said
        for part in parts[1:]:
            first = text_of(part)[0]
            assert not category(first).startswith("M") and category(first) not in ("Pe", "Pf"), text_of(part)
            assert first not in "าー、。っ"


def test_times_never_go_back() -> None:
    fixed = monotone([Timed("a", 1, 3, 1), Timed("b", 2, 2.5, 1), Timed("c", 2, 4, 1)], 1.5, 5)
    assert [(w.start, w.end) for w in fixed] == [(1.5, 3), (3, 3.02), (3.02, 4)]


def random_words(random: np.random.Generator) -> list[Timed]:
    """Words as a bad alignment gives them: many of them at one place, beyond the end, or in no order."""
    count = int(random.integers(1, 60))
    places = random.choice([0.0, 10.0, 19.99, 20.0, 25.0], count) + random.choice([0.0, 1.0], count) * random.random(
        count
    )
    return [Timed(f" w{i}", at, at + random.choice([0.0, 0.02, 3.0]), 1.0) for i, at in enumerate(places.tolist())]


def test_words_stay_within_their_clip_and_never_go_back_whatever_the_alignment_says() -> None:
    random = np.random.default_rng(5)
    for _ in range(2000):
        said, floor = random_words(random), float(random.choice([5.0, 19.9, 20.0]))
        fixed = monotone(said, floor, 20.0)
        assert [word.text for word in fixed] == [word.text for word in said]
        times = [time for word in fixed for time in (word.start, word.end)]
        assert times == sorted(times) and floor <= times[0] and times[-1] <= 20.0


def test_no_segment_begins_before_the_one_ahead_of_it() -> None:
    random = np.random.default_rng(6)
    options = parse_job('{"media":{"path":"a"},"model":{"path":"b"}}').options
    for _ in range(300):
        last = 0.0
        for number in range(3):
            channels = tuple(
                ChannelAudio(str(i + 1), np.zeros(0, np.float32), np.zeros(0, np.float32), ()) for i in range(2)
            )
            clip = Clip(number, number * 20 * 16_000, (number + 1) * 20 * 16_000, channels)
            utterances = [[utterance(random_words(random)) for _ in range(random.integers(1, 4))] for _ in channels]
            for fields in segment_fields(clip, utterances, options, "en"):
                start, end = fields["startSeconds"], fields["endSeconds"]
                assert isinstance(start, float) and isinstance(end, float)
                assert last <= start <= end <= clip.end / 16_000
                last = start


def utterance(said: list[Timed]) -> Utterance:
    return Utterance(tuple(said), Decoding("", 5, -0.3, 0.1, 1.0, "en", ()), None)


def test_guards_need_two_witnesses_for_silence() -> None:
    plain = Decoding("A sentence.", 5, -0.3, 0.1, 1.0, "en", ())
    assert verdict_of(plain, 5.0) == "KEEP"
    assert verdict_of(replace(plain, no_speech=0.9), 5.0) == "KEEP"
    assert verdict_of(replace(plain, log_probability=-1.5), 5.0) == "KEEP"
    assert verdict_of(replace(plain, no_speech=0.9, log_probability=-1.5), 5.0) == "DROP"
    assert verdict_of(replace(plain, no_speech=0.9), 0.2) == "DROP"
    assert verdict_of(replace(plain, ratio=2.6), 5.0) == "KEEP"
    assert verdict_of(replace(plain, log_probability=-1.5, no_speech=0.57), 5.0) == "DROP"
    full = replace(plain, tokens=224)
    assert verdict_of(full, 20.0) == "SPLIT" and not is_loop(full)
    assert is_loop(replace(full, ratio=9.0))


def spoken(text: str, seconds: float = 0.3) -> Decoding:
    """A decoding of words that take so many seconds each."""
    said = tuple(Word(f" {w}", i * seconds, (i + 1) * seconds, 0.9) for i, w in enumerate(text.split()))
    return Decoding(text, len(said), -0.3, 0.1, 1.0, "en", said)


@pytest.mark.parametrize(
    ("text", "seconds", "loop"),
    [
        ("or, " * 47, 0.3, True),
        ("It goes. " + "and then he said " * 8, 0.3, True),
        ("no " * 7, 0.3, False),
        ("no no no yes " * 3, 0.3, False),
        ("a sentence said twice over a sentence said twice over", 0.3, False),
        ("that is " + "νο" + "ο" * 40, 0.3, True),
        ("hahahahahaha it was 1,000,000,000,000,000 Brrrrr", 0.3, False),
        ("eighteen different words in a third of a second are what no mouth has ever said", 0.02, True),
        ("a quick speaker who says eight words a second", 0.12, False),
    ],
)
def test_a_loop_is_seen_at_any_length(text: str, seconds: float, loop: bool) -> None:
    decoding = spoken(text, seconds)
    assert is_loop(decoding) is loop
    assert verdict_of(decoding, 20.0) == ("SPLIT" if loop else "KEEP")


def hearing(
    *talk: tuple[int, int], frames: int = 400, spans: tuple[tuple[int, int], ...] | None = None
) -> ChannelAudio:
    """A channel in which the VAD hears speech in these frames."""
    probabilities = np.zeros(frames, np.float32)
    for first, last in talk:
        probabilities[first:last] = 0.9
    return ChannelAudio(None, np.zeros(frames * FRAME, np.float32), probabilities, spans or ((0, frames),))


def placed(*times: tuple[float, float]) -> Decoding:
    said = tuple(Word(f" w{i}", start, end, 0.9) for i, (start, end) in enumerate(times))
    return replace(spoken("x"), words=said)


def test_gaps_are_where_people_talk_and_no_word_was_read() -> None:
    channel = hearing((0, 400))
    assert gaps(placed((0.0, 6.0), (6.5, 12.7)), channel) == []
    assert [(gap.before, gap.last - gap.first > 40) for gap in gaps(placed((3.0, 4.0), (8.0, 9.0)), channel)] == [
        (0, True),
        (1, True),
        (2, True),
    ]
    assert gaps(placed((0.0, 1.0), (8.0, 12.7)), hearing((0, 30), (250, 400))) == []


def test_a_lone_word_far_from_the_others_is_seen() -> None:
    seam = hearing((0, 20), (50, 400), spans=((0, 40), (40 * FRAME + 5 * RATE, 360)))
    assert lone_word(placed((0.1, 0.6), (1.7, 2.0), (2.0, 3.0)), seam) == "FIRST"
    assert lone_word(placed((0.1, 0.6), (0.7, 1.2), (1.7, 2.0)), seam) == "LAST"
    assert lone_word(placed((0.1, 0.6), (0.7, 1.2), (1.7, 2.0), (2.0, 3.0)), seam) is None
    assert lone_word(placed((0.1, 0.6), (1.7, 2.0), (2.0, 3.0)), hearing((0, 400))) is None


def test_the_edges_of_an_utterance_are_where_the_voice_is() -> None:
    channel = hearing((40, 100), (140, 200))
    raw = [(1.1, 1.5, "one"), (1.5, 2.9, "two"), (4.3, 5.0, "three"), (5.0, 6.9, "four")]
    alignment = [{"word": f" {w}", "start": s, "end": e, "probability": 0.9} for s, e, w in raw]
    times = [(round(word.start, 2), round(word.end, 2)) for word in timed_words(alignment, channel)]
    assert times == [(1.28, 1.5), (1.5, 3.2), (4.48, 5.0), (5.0, 6.4)]
    late = [{"word": " far", "start": 0.5, "end": 0.9, "probability": 0.9}]
    assert [(word.start, word.end) for word in timed_words(late, channel)] == [(0.5, 0.9)]


def test_languages_are_summed_and_ties_go_by_name() -> None:
    assert settle([{"en": 0.4, "de": 0.45}, {"en": 0.4, "fr": 0.45}]) == ("en", 0.4)
    assert settle([{"nl": 0.5, "de": 0.5}])[0] == "de"


def test_the_first_batches_are_small() -> None:
    clips = [Clip(i, 0, 0, ()) for i in range(20)]
    assert [len(batch.clips) for batch in in_batches(iter(clips), 8, 0)] == [1, 2, 4, 8, 5]
    assert [len(batch.clips) for batch in in_batches(iter(clips), 2, 0)] == [1] + [2] * 9 + [1]
    assert [(b.number, len(b.clips)) for b in in_batches(iter(clips[3:]), 8, 2)] == [(2, 4), (3, 8), (4, 5)]


def test_progress_never_goes_back() -> None:
    progress = Progress(0.0)
    assert progress.at(50, 100)["fraction"] == 0.5
    assert progress.at(60, 200)["fraction"] == 0.5
    assert progress.at(200, 200)["fraction"] == 0.999
    assert progress.at(210, None)["etaSeconds"] is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RuntimeError("CUDA failed with error out of memory"), "GPU_OUT_OF_MEMORY"),
        (RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED"), "GPU_OUT_OF_MEMORY"),
        (RuntimeError("CUDA failed with error unspecified launch failure"), "GPU_UNAVAILABLE"),
        (RuntimeError("CUDA failed with error no CUDA-capable device is detected"), "GPU_UNAVAILABLE"),
        (RuntimeError("CUDA driver version is insufficient for CUDA runtime version"), "GPU_UNAVAILABLE"),
        (RuntimeError("Library libcublas.so.12 is not found or cannot be loaded"), "GPU_UNAVAILABLE"),
        (RuntimeError("Unable to load any of {libcudnn_ops.so.9.1.0, libcudnn_ops.so.9}"), "GPU_UNAVAILABLE"),
        (ValueError("This CTranslate2 package was not compiled with CUDA support"), "GPU_UNAVAILABLE"),
        (MemoryError(), "OUT_OF_MEMORY"),
        (RuntimeError("std::bad_alloc"), "OUT_OF_MEMORY"),
        (OSError(28, "No space left on device"), "STORAGE_FULL"),
        (KeyError("/secret/path"), "INTERNAL"),
    ],
    ids=str,
)
def test_failures_of_libraries_are_told_apart(error: Exception, code: str) -> None:
    known = explain(error)
    assert known.code == code
    assert "/" not in known.message


def test_nothing_is_said_after_the_last_line() -> None:
    out = io.StringIO()
    lines = Lines(out)
    lines.write("end", segments=0)
    lines.write("heartbeat")
    assert [json.loads(line) for line in out.getvalue().splitlines()] == [{"type": "end", "segments": 0}]
