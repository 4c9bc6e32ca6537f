"""Synthetic sets and the steel commands, as their callers see them."""

from __future__ import annotations

import csv
from array import array
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from command_line import Run
from endpoints import Doors, sent
from PIL import Image, ImageFilter

from corrovis.errors import BadInputError, CorrovisError
from corrovis.results import Float
from corrovis.steel.defects import DefectMaker
from corrovis.steel.inspector import PatchInspector
from corrovis.steel.sets import SetOrder, Sources, Tally, is_double, make_set, next_batch, perceptual_hash
from corrovis.steel.texture import clean_plate
from corrovis.store import Store
from corrovis.tasks.steel import SteelTools, write_set


@pytest.fixture(scope="module")
def maker(toy_store: Store) -> DefectMaker:
    return DefectMaker(toy_store)


class Stripes(DefectMaker):
    """Each defect a stripe of its own, moved by the seed, on the patch that it was given; every third patch is like the first."""

    def produce(self, grey: Float, defects: list[str], seeds: list[int]) -> Float:
        made = np.full_like(grey, 0.4)
        for patch, name, seed in zip(made, defects, seeds, strict=True):
            at = 5 * (0 if seed % 3 == 0 else seed) % 56
            patch[at : at + 8, : 6 * (1 + self.classes.index(name))] = 0.9
        return made


class Strict(PatchInspector):
    """Believes in every second patch."""

    def probabilities(self, grey: Float) -> Float:
        found = np.full((len(grey), len(self.classes)), 0.04, np.float32)
        found[::2] = 0.6
        return found


def test_a_set_is_balanced_and_its_manifest_names_every_file(toy_store: Store, tmp_path: Path) -> None:
    order = SetOrder(("spots", "crazing"), 4)
    heard: list[str] = []
    answer = write_set(
        SteelTools(Stripes(toy_store), Strict(toy_store)), order, tmp_path, lambda patch: heard.append(patch.defect)
    )
    assert Counter(heard) == {"spots": 4, "crazing": 4}
    with (tmp_path / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [tmp_path / row["file"] for row in sorted(rows, key=lambda row: row["file"])] == sorted(tmp_path.glob("*/*.png"))
    assert {row["class"] for row in rows} == {"spots", "crazing"} == {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert len({row["seed"] for row in rows}) == 8
    assert all(float(row["score"]) >= 0.5 and row["source"].startswith("drawn") for row in rows)
    assert answer["dropped"]["unlike_class"] > 0
    with Image.open(answer["files"]["spots"][0]) as image:
        assert image.size == (64, 64)
        assert "synthetic" in " ".join(image.text).lower()


@pytest.mark.parametrize("own", [True, False], ids=["cut", "drawn"])
def test_clean_patches_come_with_a_set_as_they_are(maker: DefectMaker, coil: Path, tmp_path: Path, own: bool) -> None:
    order = SetOrder(("spots",), 4, clean=coil if own else None, background=True)
    answer = write_set(SteelTools(maker, None), order, tmp_path / "set")
    assert {name: len(files) for name, files in answer["files"].items()} == {"spots": 4, "background": 4}
    with answer["manifest"].open() as file:
        sources = [row["source"] for row in csv.DictReader(file) if row["class"] == "background"]
    for path, source in zip(answer["files"]["background"], sources, strict=True):
        name, at = source.split()
        with Image.open(path) as image:
            assert ("Synthetic" in image.text) != own, "what was cut from a photograph is none of ours"
            if own:
                x, y = map(int, at.split(","))
                wanted = np.asarray(Image.open(coil / name))[y : y + 64, x : x + 64]
            else:
                wanted = clean_plate((64, 64), int(at))
            assert np.array_equal(np.asarray(image), wanted)


def test_duplicates_are_dropped(toy_store: Store) -> None:
    tally = Tally()
    made = list(make_set(Stripes(toy_store), None, SetOrder(("spots",), 6), tally))
    assert len(made) == 6
    assert tally.doubles["spots"] > 0
    marks = [perceptual_hash(patch.grey) for patch in made]
    assert not any(is_double(mark, marks[:i]) for i, mark in enumerate(marks))


def test_the_same_seed_makes_the_same_set(maker: DefectMaker) -> None:
    first, again, other = (
        [patch.grey for patch in make_set(maker, None, SetOrder(("spots",), 3, seed), Tally())] for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_clean_patches_of_the_users_are_what_a_set_starts_from(maker: DefectMaker, tmp_path: Path) -> None:
    for seed in range(2):
        (tmp_path / f"line{seed}").mkdir()
        Image.fromarray(clean_plate((50 + 100 * seed, 90), seed)).save(tmp_path / f"line{seed}" / "own.png")
    made = list(make_set(maker, None, SetOrder(("spots",), 40, clean=tmp_path), Tally()))
    assert {patch.source.split()[0] for patch in made} == {"line0/own.png", "line1/own.png"}, "which of the two must be told"
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match="holds no pictures"):
        list(make_set(maker, None, SetOrder(("spots",), 5, clean=tmp_path / "empty"), Tally()))


@pytest.fixture
def coil(tmp_path: Path) -> Path:
    """Ten pictures of clean steel."""
    (tmp_path / "coil").mkdir()
    for seed in range(10):
        Image.fromarray(clean_plate((80, 90), seed)).save(tmp_path / "coil" / f"{seed}.png")
    return tmp_path / "coil"


def test_a_small_set_starts_from_all_of_a_folder(maker: DefectMaker, coil: Path) -> None:
    """Five of each of two classes from ten pictures; as many again where each gives two, whichever class has its turn."""
    for count, each in ((5, 1), (10, 2), (400, 80)):
        order = SetOrder(("spots", "crazing"), count, clean=coil)
        sources = Sources(order, 64)
        drawn = [sources.draw(seed)[1].split()[0] for seed in range(2 * count)]
        assert set(Counter(drawn).values()) <= ({each} if each < 80 else {64, 96})
    made = [patch.source for patch in make_set(maker, None, SetOrder(("spots",), 5, clean=coil), Tally())]
    again = [patch.source for patch in make_set(maker, None, SetOrder(("spots",), 5, clean=coil), Tally())]
    assert made == again
    assert len({source.split()[0] for source in made}) == 5
    other = [patch.source.split()[0] for patch in make_set(maker, None, SetOrder(("spots",), 5, 1, coil), Tally())]
    assert other != [source.split()[0] for source in made]


def test_a_source_names_the_pixels_that_were_cut(coil: Path) -> None:
    sources = Sources(SetOrder(("spots",), 30, clean=coil), 64)
    for seed in range(30):
        grey, source = sources.draw(seed)
        name, at = source.split()
        x, y = map(int, at.split(","))
        whole = np.asarray(Image.open(coil / name), np.float32) / 255
        np.testing.assert_allclose(grey, whole[y : y + 64, x : x + 64], atol=1e-6)


def test_no_class_meets_the_same_pictures_always(coil: Path) -> None:
    """Two classes in turn, ten pictures in turn: in one order, every second picture would be of one class alone."""
    sources = Sources(SetOrder(("spots", "crazing"), 9, clean=coil), 64)
    drawn = [sources.draw(seed)[1].split()[0] for seed in range(200)]
    assert set(drawn[::2]) == set(drawn[1::2]) == {f"{seed}.png" for seed in range(10)}


def test_a_bad_picture_among_clean_ones_costs_only_itself(
    maker: DefectMaker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    Image.fromarray(clean_plate((90, 90), 0)).save(tmp_path / "good.png")
    Image.fromarray(clean_plate((20, 90), 0)).save(tmp_path / "small.png")
    for name in ("cut", "text", "odd"):
        (tmp_path / f"{name}.png").write_bytes((tmp_path / "good.png").read_bytes()[:200])
    made = list(make_set(maker, None, SetOrder(("spots",), 70, clean=tmp_path), Tally()))
    assert len(made) == 70
    assert {patch.source.split()[0] for patch in made} == {"good.png"}
    assert "left out: " in caplog.text
    assert "small.png is only 90 x 20 pixels" in caplog.text
    (tmp_path / "good.png").unlink()
    with pytest.raises(BadInputError, match="no picture of clean steel can be used"):
        list(make_set(maker, None, SetOrder(("spots",), 1, clean=tmp_path), Tally()))


def test_a_folder_holds_one_set(maker: DefectMaker, tmp_path: Path) -> None:
    write_set(SteelTools(maker, None), SetOrder(("spots",), 3), tmp_path)
    with pytest.raises(BadInputError, match=r"already holds manifest\.csv, .*; choose another folder"):
        write_set(SteelTools(maker, None), SetOrder(("spots",), 1), tmp_path)
    (tmp_path / "manifest.csv").unlink()
    with pytest.raises(BadInputError, match="already holds spots"):
        write_set(SteelTools(maker, None), SetOrder(("crazing",), 1), tmp_path)
    assert len(list(tmp_path.rglob("*.png"))) == 3


def test_a_set_that_failed_leaves_its_folder_usable(maker: DefectMaker, toy_store: Store, tmp_path: Path) -> None:
    class Never(PatchInspector):
        def probabilities(self, grey: Float) -> Float:
            return np.zeros((len(grey), len(self.classes)), np.float32)

    with pytest.raises(CorrovisError, match="none of"):
        write_set(SteelTools(maker, Never(toy_store)), SetOrder(("spots",), 1), tmp_path)
    assert not list(tmp_path.iterdir())
    write_set(SteelTools(maker, None), SetOrder(("spots",), 1), tmp_path)


def test_a_set_that_failed_leaves_no_folder_of_its_own(maker: DefectMaker, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is no folder"):
        write_set(SteelTools(maker, None), SetOrder(("spots",), 1, clean=tmp_path / "nowhere"), tmp_path / "new")
    assert not list(tmp_path.iterdir())
    (tmp_path / "old" / "spots").mkdir(parents=True)
    with pytest.raises(BadInputError, match="is no folder"):
        write_set(SteelTools(maker, None), SetOrder(("spots",), 1, clean=tmp_path / "nowhere"), tmp_path / "old")
    assert list(tmp_path.rglob("*")) == [tmp_path / "old", tmp_path / "old/spots"], "as it was"


def test_what_nobody_looked_at_has_no_score(maker: DefectMaker, tmp_path: Path) -> None:
    answer = write_set(SteelTools(maker, None), SetOrder(("spots",), 3), tmp_path)
    with answer["manifest"].open() as file:
        assert [row["score"] for row in csv.DictReader(file)] == ["", "", ""]


def test_a_class_that_never_passes_is_given_up(toy_store: Store, maker: DefectMaker) -> None:
    class Never(PatchInspector):
        def probabilities(self, grey: Float) -> Float:
            return np.zeros((len(grey), len(self.classes)), np.float32)

    with pytest.raises(CorrovisError, match=r"none of \d+ patches showed"):
        list(make_set(maker, Never(toy_store), SetOrder(("spots",), 2), Tally()))


def test_what_is_lacking_is_said_class_by_class(toy_store: Store, tmp_path: Path) -> None:
    class Bare(Stripes):
        """Of spots it makes the same again and again."""

        def produce(self, grey: Float, defects: list[str], seeds: list[int]) -> Float:
            return super().produce(
                grey, defects, [0 if one == "spots" else seed for one, seed in zip(defects, seeds, strict=True)]
            )

    answer = write_set(SteelTools(Bare(toy_store), None), SetOrder(("spots", "crazing"), 2), tmp_path)
    assert [len(answer["files"][name]) for name in ("spots", "crazing")] == [1, 2]
    assert answer["warnings"] == ["only 1 of 2 spots: 48 were made, the others left out"]


def test_batches_go_to_the_classes_that_lack_most() -> None:
    tally = Tally()
    tally.kept["a"] = 9
    assert Counter(next_batch(SetOrder(("a", "b"), 10), tally)) == {"a": 1, "b": 10}


def test_a_set_keeps_eight_bytes_of_a_patch(toy_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    monkeypatch.setattr("corrovis.steel.sets.is_double", lambda mark, others: looked.append(others) or False)
    answer = write_set(SteelTools(DefectMaker(toy_store), None), SetOrder(("spots",), 40), tmp_path)
    assert len(answer["files"]["spots"]) == 40
    assert all(path.exists() for path in answer["files"]["spots"])
    assert {id(one) for one in looked} == {id(looked[0])}, "one store for all, that no patch has anew"
    assert isinstance(looked[0], array)
    assert looked[0].itemsize * len(looked[0]) == 8 * 40


def test_hashes_tell_copies_from_others() -> None:
    dice = np.random.default_rng(0)
    picture = clean_plate((64, 64), 4)
    picture[20:30, 10:50] = 220
    noisy = (picture + dice.normal(0, 2, picture.shape)).clip(0, 255).astype(np.uint8)
    assert is_double(perceptual_hash(noisy), [perceptual_hash(picture)])
    assert not is_double(perceptual_hash(picture.T.copy()), [perceptual_hash(picture)])


@pytest.fixture
def patch(tmp_path: Path) -> Path:
    Image.fromarray(clean_plate((64, 80), 0)).save(tmp_path / "patch.png")
    return tmp_path / "patch.png"


def test_steel_answers_for_every_file(corrovis: Run, patch: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    answer = corrovis("steel", patch, tmp_path / "text.png", "--json")
    assert answer.code == 0, answer.err
    good, bad = answer.json["items"]
    assert good["file"] == str(patch)
    assert sum(good["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert good["class"] == max(good["probabilities"], key=good["probabilities"].get)
    assert "not a picture" in bad["error"]
    assert corrovis("steel", tmp_path / "text.png", "--json").code == 2


def test_what_cannot_be_classified_is_a_line_beside_the_table(corrovis: Run, patch: Path, tmp_path: Path) -> None:
    bad = [tmp_path / f"{'long' * 30}{number}.png" for number in range(2)]
    for path in bad:
        path.write_text("no picture")
    answer = corrovis("steel", patch, *bad)
    assert answer.code == 0
    assert "long" not in answer.out
    lines = [line for line in answer.err.splitlines() if line.startswith("not classified: ")]
    assert len(lines) == 2
    assert all(str(path) in line and "not a picture" in line for path, line in zip(bad, lines, strict=True))
    alone = corrovis("steel", bad[0])
    assert (alone.code, alone.out) == (2, "")


def test_defects_are_added_and_erased(corrovis: Run, patch: Path, tmp_path: Path) -> None:
    region = np.zeros((64, 80), np.uint8)
    region[10:40, 10:40] = 255
    Image.fromarray(region).save(tmp_path / "mask.png")
    out = tmp_path / "new" / "made.png"
    answer = corrovis("defect", "add", patch, "--class", "scratches", "--out", out, "--mask", tmp_path / "mask.png", "--json")
    assert answer.code == 0, answer.err
    assert answer.json["file"] == str(out)
    assert answer.json["class"] == "scratches"
    assert set(answer.json["probabilities"]) >= {"scratches", "background"}
    before, after = (np.asarray(Image.open(path)) for path in (patch, out))
    assert np.array_equal(before[region == 0], after[region == 0])
    mask = np.asarray(Image.open(answer.json["mask"]))
    assert answer.json["mask"] == str(out.with_name("made_mask.png"))
    assert set(np.unique(mask)) == {0, 8}, "scratches are the eighth of nine"
    assert not mask[region == 0].any()
    assert not np.array_equal(before, after)
    wiped = corrovis("defect", "erase", out, "--out", tmp_path / "wiped.png", "--json")
    assert wiped.json["class"] == "background"
    beside = tmp_path / "again_mask.png"
    beside.write_bytes((tmp_path / "mask.png").read_bytes())
    for name, where in ((patch, tmp_path / "mask.png"), (tmp_path / "again.png", beside)):
        refused = corrovis("defect", "add", patch, "--class", "spots", "--out", name, "--mask", where)
        assert (refused.code, "over what came in" in refused.err) == (2, True)
    assert np.array_equal(np.asarray(Image.open(beside)), region)
    assert (tmp_path / "wiped.png").exists()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--class", "rust"], "no defect is called rust"),
        (["--class", "spots", "--strength", "3"], "outside 0 to 1"),
        (["--class", "spots", "--seed", "-1"], "outside 0 to"),
        (["--class", "spots", "--mask", "missing.png"], "cannot be read"),
    ],
)
def test_bad_wishes_are_one_line(corrovis: Run, patch: Path, tmp_path: Path, words: list[str], why: str) -> None:
    answer = corrovis("defect", "add", patch, "--out", tmp_path / "o.png", *words, "--json")
    assert answer.code == 2
    assert why in answer.err
    assert "Traceback" not in answer.err
    assert not answer.out


@pytest.mark.parametrize("words", [["add", "--class", "spots"], ["erase"]])
def test_a_plate_is_not_written_under_another_formats_name(
    corrovis: Run,
    tmp_path: Path,
    words: list[str],
) -> None:
    """The name is looked at before the plate, which need not even exist."""
    out = tmp_path / "made.jpg"
    answer = corrovis("defect", words[0], tmp_path / "missing.png", *words[1:], "--out", out, "--json")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"corrovis: {out} does not end in .png, and plates are written as PNG; choose another name with --out\n"
    assert not out.exists()


def test_synthesize_makes_folders_per_class(corrovis: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corrovis.tasks.steel.shortfalls", lambda order, tally: ["only 1 of 2 spots"])
    answer = corrovis(
        "synthesize", "steel", "--class", "all", "-n", 2, "--out", tmp_path / "set", "--no-check", "--background", "--json"
    )
    assert (answer.code, answer.err) == (0, "note: only 1 of 2 spots\n")
    files = answer.json["files"]
    assert len(files) == 10
    assert all(len(paths) == 2 and all(Path(path).exists() for path in paths) for paths in files.values())
    assert Path(answer.json["manifest"]).exists()
    refused = corrovis("synthesize", "steel", "--class", "rust", "-n", 2, "--out", tmp_path / "set")
    assert refused.code == 2
    assert corrovis("synthesize", "steel", "--class", "all", "-n", 0, "--out", tmp_path / "set").code == 2


def test_a_set_that_cannot_be_made_is_one_line(corrovis: Run, tmp_path: Path) -> None:
    """Where no terminal shows the bar, it is not there."""
    words = ("synthesize", "steel", "--class", "spots", "-n", 2, "--out", tmp_path / "set", "--from", tmp_path / "nowhere")
    answer = corrovis(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"corrovis: {tmp_path / 'nowhere'} is no folder; give one with pictures in it\n"
    assert not (tmp_path / "set").exists()
    for count in (0, 100_001):
        with pytest.raises(BadInputError, match=f"^{count} patches of each class were asked for; ask for 1 to 100000 at a time$"):
            SetOrder(("spots",), count)


def test_programs_get_files_named_for_what_was_done(doors: Doors, patch: Path, tmp_path: Path) -> None:
    mask = tmp_path / "mask.png"
    Image.fromarray(np.eye(64, 80, dtype=np.uint8) * 255).save(mask)
    added, erased = doors["add_defect"](sent(patch), "spots", mask=sent(mask)), doors["erase_defect"](sent(patch))
    assert Path(erased["file"]["path"]).name == "patch_erased.png"
    assert [Path(added[key]["path"]).name for key in ("file", "mask")] == ["patch_spots.png", "patch_spots_mask.png"]
    assert "mask" not in erased
    rough = np.random.default_rng(0).integers(0, 256, (50, 64), np.uint8)
    large = Image.fromarray(rough).resize((200, 160), Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))
    large.save(tmp_path / "large.png")
    on_large = doors["add_defect"](sent(tmp_path / "large.png"), "spots"), doors["erase_defect"](sent(tmp_path / "large.png"))
    finer = "defects are drawn finer than this enlarged picture; give the 64 px original"
    assert [finer in one["warnings"] for one in on_large] == [True, False]
    assert set(doors["synthesize_steel"]("spots", 1, background=True)["files"]) == {"spots", "background"}


def test_programs_are_told_how_long_a_set_took(doors: Doors) -> None:
    answer = doors["synthesize_steel"]("spots", 1)
    assert set(answer) == {"files", "manifest", "dropped", "warnings", "seconds"}
    assert answer["seconds"] > 0
