"""YOLOv8-seg as the rival of a semantic network: what it is shown as instances."""

from __future__ import annotations

import numpy as np
import pytest
from segment_views import UNKNOWN
from yolo_rival import LEAST_PX, MOST, SEEN, SURE, connected, refuse_ends


def test_an_instance_is_what_hangs_together_the_largest_first() -> None:
    mask = np.zeros((40, 60), np.uint8)
    mask[2:10, 2:10], mask[20:36, 20:50] = 1, 1
    mask[0, 59] = 1  # a crumb
    mask[12:14, 40:60] = UNKNOWN
    numbers = connected(mask)
    assert numbers[25, 30] == 1
    assert numbers[5, 5] == 2
    assert not numbers[mask != 1].any()
    assert numbers[0, 59] == 0
    assert LEAST_PX > 1


def test_a_choice_at_an_end_of_its_list_is_refused() -> None:
    refuse_ends({"a": SURE[1], "b": SURE[-2]})
    for end in (SURE[0], SURE[-1]):
        with pytest.raises(SystemExit, match="'b'"):
            refuse_ends({"a": SURE[1], "b": end})
    assert SEEN["sure"] < SURE[0], "or nothing would be found in between"


def test_a_window_has_no_more_instances_than_a_byte_can_number() -> None:
    mask = np.zeros((200, 200), np.uint8)
    for y in range(0, 200, 10):
        for x in range(0, 200, 10):
            mask[y : y + 5, x : x + 5] = 1
    assert connected(mask).max() == MOST
    assert not connected(np.zeros((8, 8), np.uint8)).any()
