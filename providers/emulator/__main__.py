"""`python -m providers.emulator --port N [--smtp-port M] [--data FILE]`."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from .program import RunningEmulator


def data_file() -> str:
    """The file under PAYDESK_DATA_DIR (by default `var`) that keeps everything over a restart."""
    return str(Path(os.environ.get("PAYDESK_DATA_DIR", "var")) / "emulator.sqlite3")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m providers.emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at")
    parser.add_argument("--port", type=int, required=True, help="port for HTTP; 0 takes a free one")
    parser.add_argument("--smtp-port", type=int, help="port for caught mail; without it none is caught")
    parser.add_argument("--data", default=data_file(), help="SQLite file, or :memory:")
    return parser.parse_args()


def main() -> int:
    """Run until interrupted or terminated; 1 when a port is taken."""
    wanted = arguments()
    try:
        running = RunningEmulator(wanted.data, wanted.host, wanted.port, wanted.smtp_port)
    except (OSError, SystemExit):  # Werkzeug leaves with SystemExit when its port is taken
        print(f"The emulator cannot listen at {wanted.host}:{wanted.port}.", file=sys.stderr)  # noqa: T201 - the program's own word to people
        return 1
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)  # also where whoever started us has it ignored
    print(f"Emulator at {running.base_url}", flush=True)  # noqa: T201 - the program's own word to people
    try:
        running.serve()
    except KeyboardInterrupt:
        return 0
    except OSError as trouble:
        print(f"The emulator cannot catch mail at port {wanted.smtp_port}: {trouble}", file=sys.stderr)  # noqa: T201 - the program's own word to people
        return 1
    finally:
        running.stop()
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
