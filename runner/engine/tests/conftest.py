"""What the tests share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from engine.tests.outcome import Outcome, job, run_engine


@pytest.fixture
def engine(tmp_path: Path) -> Callable[..., Outcome]:
    """engine(path, *arguments, **changes) -> Outcome"""

    def run(path: Path | str, *arguments: str, **changes: Any) -> Outcome:
        return run_engine(job(path, **changes), tmp_path, *arguments)

    return run
