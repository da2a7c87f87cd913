"""One step ahead: the next batch is decoded and planned while this one is being read."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


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


def _taken(waiting: "queue.Queue[tuple[T | None, BaseException | None]]") -> Iterator[T]:
    while True:
        item, error = waiting.get()
        if error is not None:
            raise error
        if item is None:
            return
        yield item
