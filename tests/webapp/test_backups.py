"""Operators' commands about backups, as they are typed."""

from __future__ import annotations

from pathlib import Path

from flask import Flask


def test_backup_check_and_restore_say_what_they_did_and_what_comes_next(quick_app: Flask, tmp_path: Path) -> None:
    run = quick_app.test_cli_runner().invoke
    folder = tmp_path / "backups"
    folder.mkdir()
    done = run(args=["backup", str(folder), "--keep", "3"])
    assert (done.exit_code, done.output.startswith("Wrote ")) == (0, True), (done.output, done.exception)
    path = str(next(folder.glob("paydesk-*.backup")))
    done = run(args=["backup", "--check", path])
    assert (done.exit_code, "its audit chain are whole" in done.output) == (0, True), (done.output, done.exception)
    done = run(args=["restore", path])
    assert (done.exit_code, "With --replace" in done.output) == (1, True)
    done = run(args=["restore", path, "--replace"])
    assert (done.exit_code, "Recovery mode is on" in done.output) == (0, True), (done.output, done.exception)
    assert "before_restore" in done.output
    assert "In recovery since" in run(args=["recover", "status"]).output
    for words in (["backup", "--check", "/nowhere"], ["backup", "/nowhere/x.backup"], ["restore", __file__]):
        done = run(args=words)
        assert (done.exit_code, done.output.startswith("Error: ")) == (1, True), done.output
