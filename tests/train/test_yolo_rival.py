"""YOLOv8-seg as the rival of the semantic networks: what it is shown as instances, and how sure it has to be."""

from __future__ import annotations

import numpy as np
from segment_views import UNKNOWN, Labelled
from yolo_rival import LEAST_PX, MOST, binary, connected, scores_of, surest


def picture(mask: np.ndarray) -> Labelled:
    return Labelled("drawn", "here", np.zeros((*mask.shape, 3), np.uint8), mask.astype(np.uint8))


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


def test_a_window_has_no_more_instances_than_a_byte_can_number() -> None:
    mask = np.zeros((200, 200), np.uint8)
    for y in range(0, 200, 10):
        for x in range(0, 200, 10):
            mask[y : y + 5, x : x + 5] = 1
    assert connected(mask).max() == MOST
    assert not connected(np.zeros((8, 8), np.uint8)).any()


def test_conditions_become_corroded_or_not() -> None:
    mask = np.array([[0, 1, 2, 3, UNKNOWN]], np.uint8)
    assert binary(picture(mask)).mask.tolist() == [[0, 1, 1, 1, UNKNOWN]]


def test_the_score_is_believed_from_where_the_mask_is_met_best() -> None:
    mask = np.zeros((20, 20), np.uint8)
    mask[:, :10] = 1
    p = np.where(mask == 1, 0.45, 0.25)
    field = picture(mask)
    assert surest([field], {"drawn": p}) in (0.3, 0.4)
    right, wrong = scores_of(field, p, 0.3), scores_of(field, p, 0.05)
    assert right["miou"] == 1
    assert wrong["miou"] < 0.5
    assert right["roc_auc"] == 1
