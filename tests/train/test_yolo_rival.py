"""YOLOv8-seg as the rival of a semantic network: what it is shown as instances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from segment_scores import field_scores
from segment_views import UNKNOWN, Labelled
from yolo_rival import LEAST_PX, MOST, SEEN, SURE, connected, refuse_ends, settled, surest


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


def test_how_sure_one_has_to_be_is_chosen_and_becomes_a_half() -> None:
    """A network that gives corrosion 0.42 and metal 0.1 finds nothing at a half, all of it at what is chosen."""
    truth = np.zeros((20, 20), np.uint8)
    truth[:, :8] = 1
    p = np.where(truth == 1, 0.42, 0.1)
    field = Labelled("a", "c", np.zeros((20, 20, 3), np.uint8), truth)
    sure = surest([field, replace(field, group="d")], {"a": p})["d"]
    assert 0.1 <= sure < 0.42
    assert (settled(p, sure).argmax(axis=0) == truth).all()
    assert settled(np.array([[sure]]), sure)[:, 0, 0].tolist() == pytest.approx([0.5, 0.5])
    assert field_scores(field, settled(p, sure))["area_error"] == 0


def test_a_threshold_is_chosen_without_the_coupon_that_it_is_for() -> None:
    """Whatever is labelled on one coupon, its own threshold stays; those of the others follow."""
    p = np.linspace(0, 1, 400).reshape(20, 20)
    found = {"a": p, "b": p, "c": p}

    def chosen(least: float) -> dict[str, float]:
        truths = {"a": p > least, "b": p > 0.5, "c": p > 0.5}
        nothing = np.zeros((20, 20, 3), np.uint8)
        return surest([Labelled(name, f"of {name}", nothing, truth.astype(np.uint8)) for name, truth in truths.items()], found)

    same, moved = chosen(0.5), chosen(0.2)
    assert same == dict.fromkeys(("of a", "of b", "of c"), 0.5)
    assert moved["of a"] == 0.5
    assert max(moved["of b"], moved["of c"]) < 0.5
