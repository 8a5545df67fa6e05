"""The check of sizes finds what is too long."""

from pathlib import Path

from tests.checks.sizes import findings


def test_a_file_below_300_lines_with_functions_of_50_passes(tmp_path: Path) -> None:
    path = tmp_path / "good.py"
    path.write_text("def f():\n" + "    x = 1\n" * 49 + "y = 1\n" * 249)

    assert list(findings(path, "good.py")) == []


def test_a_longer_file_and_a_longer_function_are_named(tmp_path: Path) -> None:
    path = tmp_path / "bad.py"
    path.write_text("def f():\n" + "    x = 1\n" * 50 + "y = 1\n" * 249)

    assert list(findings(path, "bad.py")) == [
        "bad.py: 300 lines; split it below 300",
        "bad.py:1: f has 51 lines; 50 are the most",
    ]
