"""A server that speaks S3, on a free port of this machine, in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

SERVER = """
import logging, sys, threading
logging.getLogger("werkzeug").setLevel(logging.ERROR)
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """Its address; the bucket is called `immagini`."""
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    address = f"http://127.0.0.1:{int(server.stdout.readline())}"
    assert httpx.put(f"{address}/immagini").status_code == 200
    yield address
    server.communicate("")  # its input ends, and so does it


@pytest.fixture
def s3_url(s3: str) -> str:
    return f"s3://immagini/negozi?endpoint={s3}&region=eu-south-1"
