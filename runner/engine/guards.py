"""What to do about a reading that looks wrong. Every rule is a plain function of numbers, so that a rerun agrees."""

from typing import Literal

from engine.decode import Reading

Verdict = Literal["KEEP", "DROP", "SPLIT"]

# Whisper's own thresholds for silence: both must fail, as quiet real speech fails one of them.
NO_SPEECH, LOG_PROBABILITY = 0.6, -1.0
FULL = 223  # new tokens: the model was cut off, by dense speech or by a loop
LOOP_RATIO = 2.4  # Whisper's threshold; alone it damages real repetition, of which the model never says "no speech"
FAINT = 1.0  # s of speech by the VAD. Of 80 real words heard alone, "no speech" met only fragments that came out wrong


def judge(reading: Reading, speech: float) -> Verdict:
    """Keep it, drop it as words heard in silence, or read the sound again in smaller parts.

    `speech`: seconds of the sound that the VAD takes for speech. When the model itself says that nobody speaks, one
    more witness is enough: low probability, a loop, or a VAD that hears next to nothing.
    """
    unsure = reading.log_probability < LOG_PROBABILITY or reading.ratio > LOOP_RATIO or speech < FAINT
    if reading.no_speech > NO_SPEECH and unsure:
        return "DROP"
    return "SPLIT" if reading.tokens >= FULL else "KEEP"


def is_loop(reading: Reading) -> bool:
    """Whether the model repeated itself until it was cut off."""
    return reading.tokens >= FULL and reading.ratio > LOOP_RATIO
