"""Pixels to tensors and back."""

from __future__ import annotations

import numpy as np
import torch

from corrovis.tensors import pixels_of, tensor_of


def test_pixels_come_back_as_they_were() -> None:
    every = np.arange(256, dtype=np.uint8)
    colour = np.stack([every.reshape(16, 16), every[::-1].reshape(16, 16), every.reshape(16, 16).T], axis=2)[None]
    grey = np.stack([every.reshape(8, 32), every[::-1].reshape(8, 32)])
    assert tensor_of(colour).shape == (1, 3, 16, 16)
    assert tensor_of(grey).shape == (2, 1, 8, 32)
    assert (pixels_of(tensor_of(colour)) == colour).all()
    assert (pixels_of(tensor_of(grey)) == grey).all()


def test_black_is_minus_one_and_what_lies_beyond_white_is_white() -> None:
    x = tensor_of(np.array([[[0, 255]]], np.uint8))
    assert x.flatten().tolist() == [-1, 1]
    assert pixels_of(torch.full((1, 1, 1, 2), 1.7)).tolist() == [[[255, 255]]]
