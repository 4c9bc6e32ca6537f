"""Corrovis: shows and measures corrosion in pictures."""

__version__ = "0.1.0"
