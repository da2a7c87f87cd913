"""Kaldi's log mel filter banks, which the net for voices was trained on, without its dither."""

import numpy as np
import numpy.typing as npt

RATE = 16_000
SHIFT, LENGTH = 160, 400  # samples from frame to frame (10 ms), and under a frame (25 ms)
FFT, MELS, LOWEST = 512, 80, 20.0  # Hz
PREEMPHASIS = np.float32(0.97)
FLOOR = np.float32(1.1920929e-07)  # below it Kaldi takes no logarithm

# Povey's window: Hann's to the power of 0.85.
WINDOW = ((0.5 - 0.5 * np.cos(2 * np.pi * np.arange(LENGTH) / (LENGTH - 1))) ** 0.85).astype(np.float32)


def _mel(hertz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0))


def _banks() -> npt.NDArray[np.float32]:
    """The weight of each bin of the spectrum in each bank, [257, 80]; Kaldi gives the highest bin to none."""
    edges = np.linspace(_mel(LOWEST), _mel(RATE / 2), MELS + 2)
    bins = _mel(np.arange(FFT // 2 + 1) * RATE / FFT)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    banks = np.maximum(0.0, np.minimum(rising, falling))
    banks[-1] = 0.0
    return banks.astype(np.float32)


BANKS = _banks()


def fbank(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The banks of each whole frame of a sound of at least 400 samples, [frames, 80]."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, LENGTH)[::SHIFT]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    spectrum = np.fft.rfft((frames - PREEMPHASIS * before) * WINDOW, FFT)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    return np.asarray(np.log(np.maximum(power @ BANKS, FLOOR)), np.float32)
