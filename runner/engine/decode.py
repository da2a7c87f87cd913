"""From sound to tokens and word times: batches at temperature 0 without timestamp tokens.

Timestamp tokens make the batched model end early and lose whole utterances (15.8 % instead of 6.8 % WER over 14
recordings), so the times come from aligning the words afterwards. Everything here is deterministic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper.transcribe import get_compression_ratio, get_ctranslate2_storage, get_suppressed_tokens

from engine.audio.channel_audio import ChannelAudio
from engine.audio.media import RATE
from engine.audio.plan import LONGEST
from engine.audio.vad import FRAME
from engine.job import Options
from engine.model import Model
from engine.words import Word, timed_words

HOP = 160  # samples of a feature frame (10 ms)
STATE = 320  # samples of an encoder state (20 ms)
REST_STEP = 5  # frames of the VAD after which a frame and a state begin together (160 ms)
WHISPER = 30  # s that the encoder was trained to hear; what a channel lacks is filled with zeros
FEWEST, MOST = 20, math.ceil(LONGEST * FRAME / RATE)  # s that it hears of a channel on the CPU
QUIET = 0.5  # s of zeros at least after a channel on the CPU
MOST_TOKENS = 448  # Whisper's context; at most half of it is new text
PROMPT_TOKENS = MOST_TOKENS // 2 - 1  # the other half is for what the user said beforehand


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch of channels as the decoder sees them; `states` is a StorageView [channels, at most 1500, model size]."""

    channels: tuple[ChannelAudio, ...]
    states: Any

    def alone(self, number: int, first: int = 0) -> "Encoded":
        """One channel of a batch on the CPU, from frame `first` of its own on, a multiple of REST_STEP."""
        channel = self.channels[number]
        states = np.asarray(self.states)[number : number + 1, first * FRAME // STATE :]
        return Encoded((channel.part(first, channel.frames),), get_ctranslate2_storage(states))


@dataclass(frozen=True, slots=True)
class Decoding:
    """What the model made of one channel. Log-probability: mean per token; ratio: that of zlib over the text."""

    text: str
    tokens: int
    log_probability: float
    no_speech: float
    ratio: float
    language: str
    words: tuple[Word, ...]


class Decoder:
    """Reads batches of channels with one model and one job's options."""

    def __init__(self, model: Model, options: Options) -> None:
        self.model, self.options = model, options
        self._tokenizers: dict[str, Any] = {}

    def hears_less(self, channel: ChannelAudio) -> bool:
        """Whether the encoder hears less of the channel than it was trained to."""
        return self.model.device == "cpu" and _encoder_seconds(channel) < WHISPER

    def encode(self, channels: Sequence[ChannelAudio], longest: bool = False) -> Encoded:
        """The encoder's states; the costly half of decoding a short clip, and all that language detection needs.

        A graphics card takes the channels together. On the CPU one at a time: as fast, and without their attention
        scores side by side in memory (60 MB a channel with the base model); and each only as long as it is, since the
        cost of attention grows with the square of the length. Its last state then stands for the rest of MOST, so that
        a channel reads the same in every batch. The cost is small: 10.3 % WER instead of 10.1 over 7,324 words.
        `longest`: hear 30 s there, too, filled up with silence.
        """
        if self.model.device != "cpu" or longest:
            return Encoded(
                tuple(channels), self._states(np.stack([self._features(channel, WHISPER) for channel in channels]))
            )
        states = [
            np.asarray(self._states(self._features(channel, _encoder_seconds(channel))[None])) for channel in channels
        ]
        most = MOST * RATE // STATE
        filled = [np.pad(one, ((0, 0), (0, most - one.shape[1]), (0, 0)), mode="edge") for one in states]
        return Encoded(tuple(channels), get_ctranslate2_storage(np.concatenate(filled)))

    def encode_rest(self, encoded: Encoded, number: int, first: int) -> Encoded:
        """The states of one channel from frame `first` of its own on, a multiple of REST_STEP.

        On the CPU they are cut from those that are there: that costs nothing, and reads as well as the rest heard anew.
        """
        channel = encoded.channels[number]
        if self.model.device != "cpu":
            return self.encode([channel.part(first, channel.frames)])
        return encoded.alone(number, first)

    def languages(self, encoded: Encoded) -> list[dict[str, float]]:
        """For each channel, the probability of each language code."""
        found = self.model.whisper.model.detect_language(encoded.states)
        return [{token[2:-2]: float(p) for token, p in row} for row in found]

    def languages_of_parts(
        self, encoded: Encoded, number: int, parts: Sequence[tuple[int, int]]
    ) -> list[dict[str, float]]:
        """For each part of a channel, frames [first, last), the probability of each language code.

        On the CPU from the states under it: as sure as heard by itself, and the encoder does not run again.
        """
        channel = encoded.channels[number]
        if self.model.device != "cpu":
            return self.languages(self.encode([channel.part(*part) for part in parts]))
        states = np.asarray(encoded.states)[number : number + 1]
        cut = (states[:, first * FRAME // STATE : max(last * FRAME // STATE, 1)] for first, last in parts)
        return [
            self.languages(Encoded((channel,), get_ctranslate2_storage(np.ascontiguousarray(one))))[0] for one in cut
        ]

    def read(self, encoded: Encoded, languages: Sequence[str], with_penalties: bool = False) -> list[Decoding]:
        """The text of each channel in the language given for it. `with_penalties`: against repetition."""
        tokenizers = [self._tokenizer(language) for language in languages]
        results = self.model.whisper.model.generate(
            encoded.states,
            [self._prompt(tokenizer) for tokenizer in tokenizers],
            beam_size=self.options.beam_size,
            max_length=MOST_TOKENS,
            suppress_blank=True,
            suppress_tokens=list(get_suppressed_tokens(tokenizers[0], [-1])),
            return_scores=True,
            return_no_speech_prob=True,
            repetition_penalty=1.1 if with_penalties else 1.0,
            no_repeat_ngram_size=3 if with_penalties else 0,
        )
        tokens = [list(result.sequences_ids[0]) for result in results]
        words = self._align(encoded, tokens, languages)
        return [
            self._decoding(result, tokens[i], tokenizers[i], languages[i], words[i]) for i, result in enumerate(results)
        ]

    def _states(self, features: npt.NDArray[np.float32]) -> Any:
        return self.model.whisper.model.encode(get_ctranslate2_storage(features))

    def _features(self, channel: ChannelAudio, seconds: int) -> npt.NDArray[np.float32]:
        """Log-mel features [mels, seconds * 100], filled up with zeros as faster-whisper does."""
        frames = seconds * RATE // HOP
        features = self.model.whisper.feature_extractor(channel.audio)[:, :frames]
        return np.pad(features, ((0, 0), (0, frames - features.shape[1]))).astype(np.float32, copy=False)

    def _tokenizer(self, language: str) -> Any:
        if language not in self._tokenizers:
            self._tokenizers[language] = self.model.tokenizer(language, self.options.task)
        return self._tokenizers[language]

    def _prompt(self, tokenizer: Any) -> list[int]:
        said = [text for text in (self.options.hotwords, self.options.initial_prompt) if text and text.strip()]
        before = [token for text in said for token in tokenizer.encode(" " + text.strip())[:PROMPT_TOKENS]]
        start = [tokenizer.sot_prev, *before[-PROMPT_TOKENS:]] if before else []
        return [*start, *tokenizer.sot_sequence, tokenizer.no_timestamps]

    def _align(self, encoded: Encoded, tokens: list[list[int]], languages: Sequence[str]) -> list[tuple[Word, ...]]:
        """Word times for each channel. On the CPU one channel at a time, as in `encode`: that saves 75 MB a channel.

        A graphics card aligns the whole batch for one language in a call: the states stay there.
        """
        if self.model.device == "cpu" and len(tokens) > 1:
            each = range(len(tokens))
            return [self._align(encoded.alone(i), [tokens[i]], [languages[i]])[0] for i in each]
        words: list[tuple[Word, ...]] = [() for _ in tokens]
        frames = [channel.audio.size // HOP for channel in encoded.channels]
        for language in sorted(set(languages)):
            tokenizer = self._tokenizer(language)
            texts = [[token for token in row if token < tokenizer.eot] for row in tokens]
            found = self.model.whisper.find_alignment(tokenizer, texts, encoded.states, frames)
            for i, channel in enumerate(encoded.channels):
                if languages[i] == language:
                    words[i] = timed_words(found[i], channel)
        return words

    def _decoding(
        self, result: Any, tokens: list[int], tokenizer: Any, language: str, words: tuple[Word, ...]
    ) -> Decoding:
        text = tokenizer.decode(tokens).strip()
        return Decoding(
            text=text,
            tokens=len(tokens),
            log_probability=float(result.scores[0]) * len(tokens) / (len(tokens) + 1),
            no_speech=float(result.no_speech_prob),
            ratio=get_compression_ratio(text) if text else 0.0,
            language=language,
            words=words,
        )


def _encoder_seconds(channel: ChannelAudio) -> int:
    """Seconds that the encoder hears of a channel. Whole ones: oneDNN prepares, and keeps, its work for each length."""
    return min(max(FEWEST, math.ceil(channel.seconds + QUIET)), MOST)
