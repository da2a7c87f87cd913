"""How loud a recording is from its beginning to its end, for drawing it."""

import numpy as np
import numpy.typing as npt

MOST = 4000  # values


class Peaks:
    """The loudest sample of each equal part of a sound of any length, found while it passes by."""

    def __init__(self) -> None:
        self._size = 160  # samples of a part, 10 ms; doubled when there are too many parts
        self._done: list[npt.NDArray[np.float32]] = []
        self._count = 0
        self._rest = np.zeros(0, np.float32)

    def add(self, sound: npt.NDArray[np.float32]) -> None:
        """Take the next piece of the sound, [channels, samples]."""
        heard = np.concatenate([self._rest, np.abs(sound).max(axis=0)])
        whole = heard.size // self._size
        self._rest = heard[whole * self._size :]
        if whole:
            self._done.append(heard[: whole * self._size].reshape(whole, self._size).max(axis=1))
            self._count += whole
        while self._count > 2 * MOST:
            self._halve()

    def _halve(self) -> None:
        parts = np.concatenate(self._done)
        even = parts.size // 2 * 2
        # An odd one goes on: it is as loud as a rest of one loud sample.
        if parts.size > even:
            padding = np.zeros(self._size - 1, np.float32)
            self._rest = np.concatenate([parts[even:], padding, self._rest])
        self._done = [parts[:even].reshape(-1, 2).max(axis=1)]
        self._count, self._size = even // 2, self._size * 2

    def values(self) -> list[float]:
        """At most 4,000 values from 0 to 1, each the peak of an equal part; the last part may be shorter."""
        while self._count > MOST:
            self._halve()
        rest = [self._rest.max(keepdims=True)] if self._rest.size else []
        parts = np.concatenate([*self._done, *rest]) if self._done or rest else np.zeros(0, np.float32)
        if parts.size > MOST:
            parts = np.append(parts[: MOST - 1], parts[MOST - 1 :].max())
        return [round(float(part), 3) for part in np.minimum(parts, 1.0)]
