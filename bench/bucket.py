# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves a synthetic store as an S3 bucket, each answer after a fixed time, as if it were far away.

Usage: python -m bench.bucket REPOSITORIESxTAGS+UNTAGGED PORT LATENCY_MS; the bucket may have any name. Nothing lies
on a disk: what `bench.store` would write there is kept here, but for what is in layers. `GET /?counts` tells the number
of objects that there were at first, and what came: the requests by kind, and how many keys were deleted.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit

from bench.store import Shape, Tree, fill, is_layer

_PAGE = 1000
_EMPTY = b'<?xml version="1.0"?><%s xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></%s>'


class Object(NamedTuple):
    """One object; the content of a layer is None."""

    size: int
    modified: float
    etag: str
    content: bytes | None

    def entry(self, key: str) -> str:
        """What a listing says of it."""
        return (
            f"<Contents><Key>{quote(key)}</Key><LastModified>{_moment(self.modified)}</LastModified>"
            f'<ETag>"{self.etag}"</ETag><Size>{self.size}</Size><StorageClass>STANDARD</StorageClass></Contents>'
        )


@lru_cache(maxsize=4096)
def _moment(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))


class Bucket(Tree):
    """The objects, by their keys in order."""

    def __init__(self, shape: Shape) -> None:
        self.lock = threading.Lock()
        self.requests: Counter[str] = Counter()
        self.objects: dict[str, Object] = {}
        super().__init__("")
        fill(self, shape)
        self.keys = sorted(self.objects)

    def make_directory(self, path: str) -> None:
        """There are none in a bucket."""

    def write(self, directory: str, name: str, content: bytes) -> None:
        self.put(f"{directory}/{name}", content, self.time_ns // 10**9)

    def put(self, key: str, content: bytes, modified: float) -> None:
        """What is put later is found by its key, and is in no listing."""
        etag = hashlib.md5(content).hexdigest()  # noqa: S324 - what S3 has there
        self.objects[key] = Object(len(content), modified, etag, None if is_layer(content) else content)

    def listing(self, prefix: str, after: str, delimiter: str, limit: int) -> bytes:
        first = max(bisect_right(self.keys, after), bisect_left(self.keys, prefix))
        last = bisect_left(self.keys, prefix + "\U0010ffff")
        if delimiter:
            names = list(self._names_below(prefix, first, last))
            found, is_last = [f"<CommonPrefixes><Prefix>{quote(one)}</Prefix></CommonPrefixes>" for one in names], True
        else:
            found = []
            while first < last and len(found) < limit:
                there = (
                    (key, self.objects.get(key)) for key in self.keys[first : min(last, first + limit - len(found))]
                )
                first = min(last, first + limit - len(found))
                found += [one.entry(key) for key, one in there if one]
            is_last = first >= last
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(not is_last).lower()}</IsTruncated><EncodingType>url</EncodingType>"
            f"{''.join(found)}</ListBucketResult>"
        ).encode()

    def _names_below(self, prefix: str, first: int, last: int) -> Iterator[str]:
        while first < last and self.keys[first].startswith(prefix):
            name = prefix + self.keys[first][len(prefix) :].partition("/")[0] + "/"
            yield name
            first = bisect_left(self.keys, name[:-1] + "0")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket
    latency: float

    def answer(self) -> None:
        address = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        key = unquote(address.path).lstrip("/").partition("/")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "counts" in query:
            found = {"objects": self.bucket.counts.files, "requests": self.bucket.requests}
            self.send(200, json.dumps(found).encode())
            return
        time.sleep(self.latency)
        kind = self.kind(query)
        with self.bucket.lock:
            self.bucket.requests[kind] += 1
        getattr(self, kind)(key, query, body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - names that http.server calls

    def kind(self, query: dict[str, str]) -> str:
        if "list-type" in query:
            return "list"
        if self.command == "DELETE" or "delete" in query:
            return "delete"
        if query:
            return "other"
        return "put" if self.command == "PUT" else "read"

    def list(self, _key: str, query: dict[str, str], _body: bytes) -> None:
        prefix, after, delimiter = (query.get(name, "") for name in ("prefix", "start-after", "delimiter"))
        self.send(200, self.bucket.listing(prefix, after, delimiter, int(query.get("max-keys", _PAGE))))

    def delete(self, key: str, query: dict[str, str], body: bytes) -> None:
        keys = [unquote(one) for one in re.findall(r"<Key>([^<]*)</Key>", body.decode())] if query else [key]
        with self.bucket.lock:
            self.bucket.requests["keys"] += len(keys)
            for one in keys:
                self.bucket.objects.pop(one, None)
        self.send(*((200, _EMPTY % (b"DeleteResult", b"DeleteResult")) if query else (204, b"")))

    def read(self, key: str, _query: dict[str, str], _body: bytes) -> None:
        found = self.bucket.objects.get(key)
        if found is None:
            self.send(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self.send(200, bytes(found.size) if found.content is None else found.content, found)

    def put(self, key: str, _query: dict[str, str], body: bytes) -> None:
        with self.bucket.lock:
            self.bucket.put(key, body, time.time())
        self.send(200, b"", self.bucket.objects[key])

    def other(self, _key: str, _query: dict[str, str], _body: bytes) -> None:
        self.send(200, _EMPTY % (b"Result", b"Result"))

    def send(self, status: int, content: bytes, found: Object | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if found:
            self.send_header("Last-Modified", formatdate(found.modified, usegmt=True))
            self.send_header("ETag", f'"{found.etag}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    request_queue_size = 128


def main() -> None:
    shape, port, latency = sys.argv[1:]
    Handler.bucket = Bucket(Shape.parse(shape))
    Handler.latency = float(latency) / 1000
    with Server(("127.0.0.1", int(port)), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
