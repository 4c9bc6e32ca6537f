"""`corrovis tafel` and `corrovis eis`, and the tab's jobs: the contract's keys, files that open, one line for what is wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corrovis import cli
from corrovis.ui import electrochem_jobs as jobs

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def corrovis(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["corrovis", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def curve(tmp_path: Path) -> Path:
    eta = np.arange(-0.2, 0.2, 0.004)
    current = 2e-5 * (10 ** (eta / 0.08) - 10 ** (-eta / 0.12))
    path = tmp_path / "steel.csv"
    path.write_text("E (V);I (mA)\n" + "\n".join(f"{e - 0.45:.5f};{1e3 * i:.7g}" for e, i in zip(eta, current, strict=True)))
    return path


@pytest.fixture
def spectrum(tmp_path: Path) -> Path:
    f = np.logspace(5, -1, 40)
    z = 20 + 1 / (1 / 500 + 2j * np.pi * f * 1e-5)
    path = tmp_path / "cell.csv"
    path.write_text("f,Z',Z''\n" + "\n".join(f"{a},{b.real},{b.imag}" for a, b in zip(f, z, strict=True)))
    return path


def test_tafel_answers_with_the_contracts_keys(corrovis: Run, curve: Path) -> None:
    code, out, err = corrovis("tafel", curve, "--area-cm2", 2, "--alloy", "carbon steel", "--reference", "SCE", "--json")
    assert code == 0, err
    answer: dict[str, Any] = json.loads(out)
    assert answer["e_corr_v"]["value"] == pytest.approx(-0.45, abs=1e-3)
    assert answer["i_corr_a_cm2"]["value"] == pytest.approx(1e-5, rel=0.02)
    assert answer["beta_a_v_dec"]["value"] == pytest.approx(0.08, abs=1e-3)
    assert answer["beta_c_v_dec"]["value"] == pytest.approx(0.12, abs=1e-3)
    assert answer["corrosion_rate_mm_y"]["value"] == pytest.approx(0.116, rel=0.02)
    assert answer["converged"] is True
    assert len(answer["window_v"]) == 2
    assert Path(answer["plot"]).read_bytes().startswith(b"\x89PNG")
    assert answer["warnings"] == []


def test_without_a_metal_the_rate_is_null_and_said(corrovis: Run, curve: Path) -> None:
    answer = json.loads(corrovis("tafel", curve, "--area-cm2", 2, "--json")[1])
    assert answer["corrosion_rate_mm_y"] == {"value": None, "sigma": None}
    assert any("no corrosion rate" in line for line in answer["warnings"])


def test_eis_answers_with_the_contracts_keys(corrovis: Run, spectrum: Path, tmp_path: Path) -> None:
    plot = tmp_path / "bode.svg"
    code, out, err = corrovis("eis", spectrum, "--circuit", "R0-p(R1,C1)", "--area-cm2", 2, "--plot", plot, "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert answer["circuit"] == "R0-p(R1,C1)"
    assert answer["parameters"]["R1"]["value"] == pytest.approx(1000, rel=1e-3)
    assert answer["parameters"]["R1"]["unit"] == "ohm cm2"
    assert set(answer["kramers_kronig"]) == {"mu", "residual_max"}
    assert "<svg" in Path(answer["plot"]).read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["tafel", "cell.csv"], "holds an impedance spectrum"),
        (["eis", "steel.csv"], "polarisation curve"),
        (["eis", "cell.csv", "--circuit", "R0-X1"], "an element such as R0"),
        (["eis", "cell.csv", "--spectrum", "2"], "holds 1 spectra"),
        (["tafel", "steel.csv", "--alloy", "tin foil"], "no alloy is called tin foil"),
        (["tafel", "steel.csv", "--density", "7.87"], "needs both"),
        (["tafel", "steel.csv", "--columns", "potential"], "is not understood"),
        (["tafel", "steel.csv", "--plot", "curve.bmp"], "cannot be saved as .bmp"),
        (["tafel", "nothing.csv"], "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(corrovis: Run, curve: Path, spectrum: Path, words: list[str], why: str) -> None:
    code, out, err = corrovis(*words)
    assert code == 2
    assert out == ""
    assert why in err.splitlines()[-1]


def test_the_tab_shows_fits_and_files(curve: Path, spectrum: Path, tmp_path: Path) -> None:
    wish = jobs.Wish(((curve, "steel.csv"), (spectrum, "cell.csv")), alloy="304")
    curves, said = jobs.read_all(wish)
    assert [one.name for one in curves] == ["steel.csv"]
    assert said == ["cell.csv is of another kind than the first file and was left out"]
    shown = json.loads(jobs.plot_value(curves, [], "SCE"))
    assert (len(shown["panels"]), shown["fitted"]) == (1, False)
    fits, problems = jobs.fit_all(curves, wish)
    assert problems == []
    fitted = json.loads(jobs.plot_value(curves, fits, "SCE"))
    assert len(fitted["panels"]) == 2
    assert fitted["panels"][0]["window"][0] < -0.45 < fitted["panels"][0]["window"][1]
    assert "Cathodic slope" in jobs.table(fits, wish.alloy, said)
    paths = jobs.write_files(fits, "SCE", tmp_path)
    assert [path.suffix for path in paths] == [".png", ".svg", ".pdf", ".csv"]
    assert all(path.stat().st_size > 500 for path in paths)
