"""What only a machine with an NVIDIA card can show. With ENGINE_DEVICE=cuda all other tests run on the card too."""

import ctypes
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ctranslate2
import jiwer
import pytest
from engine.tests.outcome import JFK, MODEL, Outcome, command, environment

pytestmark = pytest.mark.skipif(ctranslate2.get_cuda_device_count() == 0, reason="needs an NVIDIA graphics card")

Engine = Callable[..., Outcome]
ON_CARD = {"device": "cuda", "computeType": "float16", "batchSize": 8}


class Card:
    """The memory of the first card, by the driver's own interface. Sizes in bytes."""

    def __init__(self) -> None:
        self._driver = ctypes.CDLL("libcuda.so.1")
        self._held: list[ctypes.c_uint64] = []
        context = ctypes.c_void_p()
        self._call("cuInit", 0)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), 0)
        self._call("cuCtxSetCurrent", context)

    def free(self) -> int:
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value

    def hold_all_but(self, left: int) -> None:
        place = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(place), ctypes.c_size_t(self.free() - left))
        self._held.append(place)

    def release(self) -> None:
        while self._held:
            self._call("cuMemFree_v2", self._held.pop())
        self._call("cuDevicePrimaryCtxRelease_v2", 0)

    def _call(self, name: str, *arguments: object) -> None:
        result = getattr(self._driver, name)(*arguments)
        assert result == 0, (name, result)


@pytest.fixture
def card() -> Iterator[Card]:
    card = Card()
    yield card
    card.release()


def test_the_card_reads_what_the_processor_reads(engine: Engine) -> None:
    on_card = engine(JFK, wordTimestamps=True, **ON_CARD)
    on_processor = engine(JFK, device="cpu", computeType="int8", batchSize=3)
    assert on_card.one("hello")["device"] == "cuda"
    assert re.fullmatch(r"NVIDIA .+ \d{5}", on_card.one("hello")["card"])
    assert jiwer.wer(on_processor.text, on_card.text) <= 0.05
    words = [word for line in on_card.all("segment") for word in line["words"]]
    times = [time for word in words for time in (word["startSeconds"], word["endSeconds"])]
    assert len(words) > 20 and times == sorted(times)


def test_two_runs_on_the_card_are_the_same(engine: Engine, minute: Path) -> None:
    first, second = (engine(minute, language=None, **ON_CARD).all("segment") for _ in range(2))
    assert first and first == second


@pytest.mark.parametrize("left", [16 << 20, 640 << 20], ids=["full", "nearly full"])
def test_a_card_without_room_is_told_as_such(engine: Engine, minute: Path, card: Card, left: int) -> None:
    card.hold_all_but(left)
    error = engine(minute, **ON_CARD).one("error")
    assert (error["code"], error["retryable"]) == ("GPU_OUT_OF_MEMORY", True)


def test_a_missing_cuda_library_is_told_as_such() -> None:
    error = smoke({name: value for name, value in environment().items() if name != "LD_LIBRARY_PATH"})
    assert error["code"] == "GPU_UNAVAILABLE" and "CUDA library" in error["message"]


def test_the_smoke_test_hears_on_the_card_what_is_said() -> None:
    assert smoke(environment())["ok"] is True


def smoke(variables: dict[str, str]) -> dict[str, Any]:
    """The one line of the smoke test on the card."""
    run = command("--smoke", str(MODEL), "--device", "cuda", "--compute-type", "float16")
    done = subprocess.run(run, stdin=subprocess.DEVNULL, capture_output=True, env=variables, check=False)
    line: dict[str, Any] = json.loads(done.stdout)
    return line
