"""The broker that tests start ends with whoever started it; what Maven brings is held against its sums."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.services import kafka
from tests.services.missing import ServiceMissingError, go_without

HOLDER = """
import time
from tests.services import kafka
with kafka.running_server() as server:
    print(server._process.pid, flush=True)
    time.sleep(60)
"""


@pytest.mark.slow
def test_no_broker_outlives_its_session() -> None:
    if "LRS_TEST_KAFKA_URL" in os.environ:
        go_without("LRS_TEST_KAFKA_URL is set: this test starts a broker of its own")
    if not kafka.folder().is_dir():
        go_without("there is no Kafka: run `make services`")
    repository = Path(__file__).resolve().parents[2]
    with subprocess.Popen([sys.executable, "-c", HOLDER], cwd=repository, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        broker = psutil.Process(int(holder.stdout.readline()))
        assert "kafka.Kafka" in broker.cmdline()
        holder.kill()
    deadline = time.monotonic() + 15
    while broker.is_running() and broker.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "Kafka outlived the session that started it"
        time.sleep(0.02)


@pytest.mark.parametrize("content", [b"another jar", None])
def test_what_is_not_what_was_wanted_is_not_used(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sums = tmp_path / "kafka.sha256"
    sums.write_text(f"{hashlib.sha256(b'a jar').hexdigest()}  one.jar\n")
    monkeypatch.setattr(kafka, "SUMS", sums)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def bring(_command: object, folder: Path) -> None:
        if content is not None:
            (folder / "one.jar").write_bytes(content)

    monkeypatch.setattr(kafka, "run", bring)
    with pytest.raises(ServiceMissingError, match=r"not what kafka\.sha256 says: one\.jar"):
        kafka.install()
    assert not kafka.folder().exists()
