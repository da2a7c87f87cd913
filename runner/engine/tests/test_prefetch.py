"""What is worked at side by side comes in its order, and a failure comes where its item would have."""

import threading
from collections.abc import Iterator

import pytest
from engine.audio.channel_audio import Clip
from engine.audio.plan import in_batches
from engine.prefetch import prefetch, side_by_side


def test_items_come_in_their_order_whichever_is_done_first() -> None:
    third = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            assert third.wait(30)  # the second is held up until the third is done
        if item == 2:
            third.set()
        return item * 10

    assert list(side_by_side(work, iter(range(6)), 2)) == [0, 10, 20, 30, 40, 50]


def test_a_failure_comes_after_what_was_before_it() -> None:
    def work(item: int) -> int:
        return 1 // (3 - item)

    done: list[int] = []
    with pytest.raises(ZeroDivisionError):
        done.extend(side_by_side(work, iter(range(6)), 2))
    done.clear()
    results = side_by_side(work, iter(range(6)), 2)
    assert [next(results) for _ in range(3)] == [0, 0, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_a_failure_of_the_items_themselves_is_told_too() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        list(side_by_side(str, prefetch(items()), 2))


@pytest.mark.parametrize(("clips", "sizes"), [(0, []), (1, [1]), (3, [1, 2]), (7, [1, 2, 4]), (9, [1, 2, 4, 2])])
def test_the_last_batch_of_several_clips_is_known_as_the_last(clips: int, sizes: list[int]) -> None:
    batches = list(in_batches((Clip(i, i, i + 1, ()) for i in range(clips)), 4, 0))
    assert [len(batch.clips) for batch in batches] == sizes
    assert [batch.last for batch in batches] == [
        number == len(sizes) - 1 and size > 1 for number, size in enumerate(sizes)
    ]
    assert [clip.number for batch in batches for clip in batch.clips] == list(range(clips))


def test_a_very_long_recording_is_batched_as_lightly_as_a_short_one() -> None:
    clips = 400_000
    batches = in_batches((Clip(i, i, i + 1, ()) for i in range(clips)), 4, 0)
    assert sum(len(batch.clips) for batch in batches) == clips
