"""An object store that speaks S3, on this machine: moto's server, filled through pyarrow's client."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from moto.server import ThreadedMotoServer
from pyarrow import fs


class ObjectStore:
    """One running server. `setting(prefix)` is a store of SLUICE_STORES as the settings hold it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.client = fs.S3FileSystem(
            access_key="key",
            secret_key="secret",
            endpoint_override=endpoint,
            region="us-east-1",
            allow_bucket_creation=True,
        )

    def put(self, path: str, data: bytes) -> str:
        """Keep an object at bucket/key; its address."""
        self.client.create_dir(path.partition("/")[0], recursive=False)
        with self.client.open_output_stream(path) as file:
            file.write(data)
        return f"s3://{path}"

    def setting(self, prefix: str) -> dict[str, str]:
        """A store with a key of its own."""
        where = {"endpoint": self.endpoint, "region": "us-east-1"}
        return {"prefix": prefix, "key": "key", "secret": "secret"} | where


@contextlib.contextmanager
def object_store() -> Iterator[ObjectStore]:
    """A server for as long as the block runs."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server: Any = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield ObjectStore("http://{}:{}".format(*server.get_host_and_port()))
    finally:
        server.stop()
