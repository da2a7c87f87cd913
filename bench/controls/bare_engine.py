"""The control of the engine's benchmarks: faster-whisper's batched pipeline with its defaults, as a plain script.

Usage: bare_engine.py MODEL RECORDING DEVICE COMPUTE_TYPE [words]
The text comes on stdout, the peak memory in bytes on stderr.
"""

import resource
import sys

from faster_whisper import BatchedInferencePipeline, WhisperModel

if __name__ == "__main__":
    _, path, recording, device, compute_type, *rest = sys.argv
    pipeline = BatchedInferencePipeline(WhisperModel(path, device=device, compute_type=compute_type, cpu_threads=2))
    segments, _ = pipeline.transcribe(recording, batch_size=8, word_timestamps="words" in rest)
    print(" ".join(segment.text.strip() for segment in segments))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, file=sys.stderr)
