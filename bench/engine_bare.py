"""The control of the engine's benchmarks: faster-whisper's batched pipeline with its defaults, as a plain script.

Usage: engine_bare.py MODEL RECORDING [words] -> the text on stdout, the peak memory in bytes on stderr.
"""

import resource
import sys

from faster_whisper import BatchedInferencePipeline, WhisperModel

if __name__ == "__main__":
    model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=2)
    pipeline = BatchedInferencePipeline(model)
    segments, _ = pipeline.transcribe(sys.argv[2], batch_size=8, word_timestamps="words" in sys.argv[3:])
    print(" ".join(segment.text.strip() for segment in segments))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
