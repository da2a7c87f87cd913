"""Work done beside other work: what comes next is made ready meanwhile, and several batches are worked at together."""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, made in a thread that is at most one item ahead; its failure comes where the item would have."""
    waiting: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(maxsize=1)

    def work() -> None:
        try:
            for item in items:
                waiting.put((item, None))
            waiting.put((None, None))
        except BaseException as error:  # handed to the reader, who decides
            waiting.put((None, error))

    # A daemon: the process may end while it waits for room, and nothing it holds outlives the process.
    threading.Thread(target=work, name="ahead", daemon=True).start()
    return _taken(waiting)


def side_by_side(work: Callable[[T], R], items: Iterator[T], hands: int) -> Iterator[R]:
    """`work` of each item in the order of the items, by so many threads, which are at most three items ahead.

    The first is worked at alone, so that nothing holds it up.
    """
    yield from (work(first) for first in islice(items, 1))
    pool = ThreadPoolExecutor(hands, "hand")
    for done in ahead(pool.submit(work, item) for item in items):
        yield done.result()


def _taken(waiting: "queue.Queue[tuple[T | None, BaseException | None]]") -> Iterator[T]:
    while True:
        item, error = waiting.get()
        if error is not None:
            raise error
        if item is None:
            return
        yield item
