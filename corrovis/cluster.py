"""Ray, started for one batch or connected to, and quiet: it sends no statistics, opens no dashboard and prints nothing.

A Ray of our own listens to this machine alone, and its files are in a folder that goes with it.  Only a batch imports Ray.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from corrovis.errors import BadInputError, CorrovisError

ROOT = Path(__file__).resolve().parent.parent
OBJECT_STORE_BYTES = 100_000_000  # paths and rows need little
CONNECT_S = 5.0
# Ray reads these when it is imported.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DATA_LOG_LEVEL": "CRITICAL", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # whatever the system: Ray listens to this machine alone


@contextlib.contextmanager
def cluster(address: str | None, threads: int) -> Iterator[None]:
    """Connected to the Ray at `address`, or to one of our own with `threads` workers (0: one a core), which is gone afterwards.

    Raises:
        BadInputError: no Ray answers at `address`
        CorrovisError: none could be started here
    """
    if address:
        _check_address(address)
    os.environ.update(QUIET if address and not address.startswith(("127.", "localhost")) else QUIET | LOOPBACK)
    import ray

    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as place, _silence():
        try:
            try:
                _connect(address) if address else _start(threads, place)
            except SystemExit as error:  # Ray's answer to a SIGTERM that comes while it starts
                raise KeyboardInterrupt from error
            heed_sigterm()
            yield
        finally:
            ray.shutdown()


def heed_sigterm() -> None:
    """Have SIGTERM interrupt as Ctrl-C does, so that what is done is kept; Ray sets its own answer to it, which ends at once."""
    with contextlib.suppress(ValueError):  # only a program's first thread may ask for it
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _start(threads: int, place: str) -> None:
    import ray

    try:
        ray.init(
            "local",
            _node_ip_address="127.0.0.1",
            num_cpus=threads or os.cpu_count(),
            object_store_memory=OBJECT_STORE_BYTES,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.CRITICAL,
            _temp_dir=place,
        )
    except Exception as error:  # nothing narrower: it is what Ray raises when its processes take more than half a minute
        raise CorrovisError(f"Ray could not start here ({last_line(error)}); try again when this machine is less busy") from error


def _connect(address: str) -> None:
    import ray

    here = {"PYTHONPATH": f"{ROOT}:${{PYTHONPATH}}"}
    try:
        ray.init(address, runtime_env={"env_vars": here}, log_to_driver=False, logging_level=logging.CRITICAL)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise BadInputError(
            f"the Ray at {address} cannot be used ({last_line(error)}); run this on one of its nodes, or leave --ray out"
        ) from error


def _check_address(address: str) -> None:
    """Ray itself would try for minutes before it gives up."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise BadInputError(
            f"{address} is no address of a Ray; write HOST:PORT as ray start --head prints it, or leave --ray out"
        )
    try:
        socket.create_connection((host, int(port)), CONNECT_S).close()
    except OSError as error:
        raise BadInputError(
            f"no Ray answers at {address} ({error.strerror or error}); start one with ray start --head, or leave --ray out"
        ) from error


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Ray prints what becomes of its processes to standard output, whatever it is told."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), warnings.catch_warnings():  # noqa: PTH123
        warnings.simplefilter("ignore")
        yield


def last_line(error: Exception) -> str:
    """Ray's errors are pages long and end with what is wrong."""
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
