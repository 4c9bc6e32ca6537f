"""What every tab is built of."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from corrovis.ui.parts import KEEP_S, SWEEP_S, fresh_folder


def aged(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def test_old_folders_of_ours_go_and_nothing_else(uploads: Path) -> None:
    old, busy, young = (fresh_folder() for _ in range(3))
    for folder in (old, busy):
        (folder / "inspection").mkdir()
        (folder / "inspection" / "mask.png").write_bytes(b"a mask")
        aged(folder / "inspection" / "mask.png", KEEP_S + 1)
        aged(folder, KEEP_S + 1)
    (busy / "inspection" / "overlay.png").write_bytes(b"written just now")
    strange = uploads / "somebody-elses"
    strange.mkdir()
    aged(strange, 10 * KEEP_S)
    fresh = fresh_folder()
    assert not old.exists()
    assert all(folder.is_dir() for folder in (busy, young, strange, fresh))
    assert list(fresh.iterdir()) == []


def test_an_hour_is_the_longest() -> None:
    """What grows old right after a sweep waits for the next one."""
    assert SWEEP_S + KEEP_S <= 3600
