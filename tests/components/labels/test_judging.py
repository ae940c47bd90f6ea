"""Fitted baselines travel as a file whose hash is known."""

from pathlib import Path
from typing import Any

import pytest

from components.labels.judging import Baseline, LabelJudge, save_fitted


def test_baselines_that_somebody_else_wrote_are_not_unpickled(tmp_path: Path) -> None:
    path, ran = tmp_path / "baseline.pickle", tmp_path / "ran"
    fitted = save_fitted({"count": Baseline(len, lambda *_: None)}, [b"a", b"b"], str(path))  # type: ignore[arg-type, return-value]
    path.write_bytes(b"cpathlib\nPath.touch\n(cpathlib\nPath\n(S'%s'\ntRtR." % str(ran).encode())
    judging: Any = None
    with pytest.raises(ValueError, match="its content is another; nothing of it ran"):
        LabelJudge(judging, {}, fitted, {"labels": []}, [])
    assert not ran.exists()
