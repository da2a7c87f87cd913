"""Work done beside other work: what comes next is made ready meanwhile, and several batches are worked at together."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def prefetch(items: Iterator[T], most: int = 1) -> Iterator[T]:
    """The same items, made in a thread, at most so many before they are asked for, the one being made among them.

    Its failure comes where the item would have.
    """
    room = threading.Semaphore(most)
    made: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def work() -> None:
        try:
            while room.acquire():
                made.put((next(items), None))
        except StopIteration:
            made.put((None, None))
        except BaseException as error:  # handed to the reader, who decides
            made.put((None, error))

    def taken() -> Iterator[T]:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is None:
                return
            room.release()
            yield item

    # A daemon: the process may end while it waits for room, and nothing it holds outlives the process.
    threading.Thread(target=work, name="prefetch", daemon=True).start()
    return taken()


def side_by_side(work: Callable[[T], R], items: Iterator[T], workers: int) -> Iterator[R]:
    """`work` of each item in the order of the items, on so many at a time.

    The first is worked at alone, so that nothing holds it up.
    """
    yield from (work(first) for first in islice(items, 1))
    pool = ThreadPoolExecutor(workers, "hand")
    for done in prefetch((pool.submit(work, item) for item in items), workers - 1):
        yield done.result()
