"""What every synthetic picture and film says of itself, in the picture or in the file."""

SYNTHETIC = "Illustration made by Corrovis, not a prediction"


def at_level(level: float, seed: int) -> str:
    """For the file of one aged picture, so that it can be told from a photo and made again."""
    return f"{SYNTHETIC}; corrosion level {level:g} of 3, seed {seed}"


def at_all_levels(seed: int) -> str:
    """For the file of a strip or film of one car."""
    return f"{SYNTHETIC}; corrosion levels 0 to 3, seed {seed}"


def of_surface(material: str, seed: int, number: int) -> str:
    """For the file of one synthetic micrograph, so that it can be told from a specimen's and made again."""
    return f"Synthetic SEM surface made by Corrovis, no specimen; {material}, seed {seed}, number {number}"


def with_defect(name: str, seed: int, strength: float = 1.0) -> str:
    """For the file of a plate whose defect was made, or erased, so that it can be told from a plate's and made again."""
    return f"{SYNTHETIC}; steel, {name}, seed {seed}, strength {strength:g}"
