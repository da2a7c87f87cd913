"""The two nets, which come with the engine: NOTICE beside them tells from where."""

import hashlib
from pathlib import Path
from typing import Any

# What must be in the files; part of the key that allows a resume.
SHA256 = {
    "segmentation.onnx": "f3f2e005f4c20f1633d4faa44635b4ce3d8499cc14b1f4996f0d1fbe6bd8d3e0",
    "campplus.onnx": "1214b78a2857578174d0abc33fc8e5eddb99382d095f523d05b7a308729c69a4",
}


def load_net(name: str, folder: Path = Path(__file__).parent) -> Any:
    """A session of ONNX Runtime. Raises ValueError where the file is not the one that the engine was made with."""
    import onnxruntime  # late: jobs whose speakers are not told apart do without

    content = (folder / name).read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256[name]:
        raise ValueError(f"{name} is not the net that belongs to this engine")
    options = onnxruntime.SessionOptions()
    # One thread in a net: with two the last bits of a vector are others.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # Plans of the memory for each number of clips would cost 40 MiB, and bring no time.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
