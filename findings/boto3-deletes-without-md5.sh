#!/bin/bash
# boto3 and botocore 1.40.76 (PyPI), DeleteObjects with `request_checksum_calculation="when_required"`.
#
# Expected: with "when_required" the client adds a checksum only where S3 requires one, so that S3 servers that know
# nothing of the newer checksums are served as before: DeleteObjects has always required `Content-MD5`, and that is sent.
# What happens: no Content-MD5 is sent, whatever the setting; in its place goes `x-amz-checksum-crc32`, which servers
# that demand Content-MD5 for this request answer with 400 (InvalidRequest, Missing required header).
#
# Output seen:
#   when_required:  content-md5 absent, x-amz-checksum-crc32 present
#   when_supported: content-md5 absent, x-amz-checksum-crc32 present
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check boto3==1.40.76 botocore==1.40.76
cat >"$work/show.py" <<'END'
import http.server
import threading

import boto3
from botocore.config import Config

seen = {}


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        seen.update({name.lower(): value for name, value in self.headers.items()})
        body = b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
for setting in ("when_required", "when_supported"):
    seen.clear()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        aws_access_key_id="someone",
        aws_secret_access_key="something",
        config=Config(request_checksum_calculation=setting, s3={"addressing_style": "path"}),
    )
    client.delete_objects(Bucket="bucket", Delete={"Objects": [{"Key": "key"}]})
    found = ["present" if name in seen else "absent" for name in ("content-md5", "x-amz-checksum-crc32")]
    print(f"{setting + ':':15} content-md5 {found[0]}, x-amz-checksum-crc32 {found[1]}")
    assert found == ["absent", "present"]
END
"$work/venv/bin/python" "$work/show.py"
