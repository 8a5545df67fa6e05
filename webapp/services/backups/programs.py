"""PostgreSQL's own programs: pg_dump, pg_restore and psql, called without a password in sight."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

from webapp.services.backups.errors import BackupError

SCHEMA = "public"


def connection_words(address: str) -> tuple[str, dict[str, str]]:
    """A PostgreSQL address as libpq wants it: words without the password, and the environment that carries that."""
    url = make_url(address)
    words = make_conninfo(
        "",
        **{name: part for name, part in (("host", url.host), ("port", url.port), ("user", url.username)) if part},
        dbname=url.database,
        **{name: str(value) for name, value in url.query.items()},
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PAYDESK_")}
    return words, environ | ({"PGPASSWORD": str(url.password)} if url.password else {})


def find(name: str, folder: str | None) -> str:
    """Where a program is: in `folder` (PAYDESK_PG_PROGRAMS), else on the path. BackupError when it is nowhere."""
    found = shutil.which(name, path=folder) if folder else shutil.which(name)
    if found is None:
        where = f"not in {folder}" if folder else "not on this machine's path"
        raise BackupError(
            f"{name} is {where}. Install PostgreSQL's client programs in the server's version, or say in "
            "PAYDESK_PG_PROGRAMS which folder they are in."
        )
    return found


@contextmanager
def dumping(address: str, folder: str | None) -> Iterator[IO[bytes]]:
    """`pg_dump` in its custom format, to be read to the end. BackupError with its words when it fails."""
    words, environ = connection_words(address)
    command = [find("pg_dump", folder), "--format=custom", "--no-owner", "--no-privileges", f"--schema={SCHEMA}"]
    with subprocess.Popen(
        [*command, "--no-password", f"--dbname={words}"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        assert process.stderr is not None  # noqa: S101 - the same
        try:
            yield process.stdout
        finally:
            process.stdout.close()
            said = process.stderr.read().decode(errors="replace")
            process.wait()
    if process.returncode:
        raise BackupError(f"pg_dump failed:\n{said.strip()}")


def restore(dump: Path, address: str, folder: str | None, before: Sequence[str], after: Sequence[str]) -> None:
    """Play a dump into the database in one transaction, with statements before and after it: all of it, or nothing."""
    words, environ = connection_words(address)
    play = [find("psql", folder), "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"]
    read = [find("pg_restore", folder), "--no-owner", "--no-privileges", f"--schema={SCHEMA}", "--file=-", str(dump)]
    with (
        subprocess.Popen(
            [*play, "--output=/dev/null", f"--dbname={words}"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as player,
        subprocess.Popen(
            read, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as reader,
    ):
        said = _play(reader, player, before, after)
    if reader.returncode or player.returncode:
        raise BackupError(f"The backup could not be played in; nothing was changed:\n{said}")


def _play(
    reader: subprocess.Popen[bytes], player: subprocess.Popen[bytes], before: Sequence[str], after: Sequence[str]
) -> str:
    """Join the two programs; without a whole dump there is no commit. Answers what they complained of."""
    assert player.stdin is not None  # noqa: S101 - pipes were asked for
    assert player.stderr is not None  # noqa: S101 - the same
    assert reader.stdout is not None  # noqa: S101 - the same
    assert reader.stderr is not None  # noqa: S101 - the same
    try:
        player.stdin.write(_script("begin", *before))
        shutil.copyfileobj(reader.stdout, player.stdin)
        if reader.wait() == 0:
            player.stdin.write(_script(*after, "commit"))
        player.stdin.close()  # without the commit, psql's end rolls back
    except BrokenPipeError:
        reader.kill()  # psql has stopped at an error, and says which
    return (reader.stderr.read() + player.stderr.read()).decode(errors="replace").strip()


def _script(*statements: str) -> bytes:
    return "".join(f"{statement};\n" for statement in statements).encode()
