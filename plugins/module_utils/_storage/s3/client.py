# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of the s3 driver, and the client they make.

Their names and what is taken for true: Distribution's registry/storage/driver/s3-aws/s3.go, the same in 2.8 and 3.x.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import sys
import traceback
from typing import Any, Mapping, NamedTuple
from urllib.parse import urlsplit

from ..._basics.errors import InvalidOptionError, MissingLibraryError, StorageError

try:
    # The part of boto3 that makes requests: the rest is for other ways to write them down, and takes memory.
    import botocore.config
    import botocore.session
    from botocore.exceptions import BotoCoreError
except ImportError:
    BOTO3_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    BOTO3_IMPORT_ERROR = None

#: Requests under way at once.
CONNECTIONS = 16
# The first attempt counts; the waits between them double from at most a second to at most twenty.
_ATTEMPTS = 6
_CONNECT_SECONDS, _READ_SECONDS = 10, 60
_WHERE = "storage.s3"
# Systems under FIPS allow MD5 only where it protects nothing, which Python can say since 3.9.
_MD5_OPTIONS: dict[str, Any] = {"usedforsecurity": False} if sys.version_info >= (3, 9) else {}
# strconv.ParseBool, by which the driver reads a text.
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")


class S3Parameters(NamedTuple):
    """What of the driver's parameters says where the objects are, and how new ones are written.

    `prefix` is the registry's root directory as keys begin with it: empty, or with a slash at its end. `writing` are
    arguments of PutObject.
    """

    bucket: str
    prefix: str
    endpoint: str | None
    region: str | None
    writing: Mapping[str, str]

    def source(self) -> dict[str, str]:
        """Return what plans call this storage; no secrets."""
        where = {"storage": "s3", "bucket": self.bucket, "rootdirectory": self.prefix}
        return where if self.endpoint is None else {**where, "regionendpoint": self.endpoint}


def read_parameters(parameters: Mapping[str, Any]) -> S3Parameters:
    """Return the parameters that are no matter of the connection. Raises InvalidOptionError."""
    bucket = _text(parameters, "bucket")
    if not bucket:
        raise InvalidOptionError(f"{_WHERE}.bucket", parameters.get("bucket"), "the name of a bucket")
    endpoint, region = _endpoint(parameters), _text(parameters, "region")
    if endpoint is None and region is None:
        raise InvalidOptionError(f"{_WHERE}.region", None, "the bucket's region, or a regionendpoint")
    # As the driver's s3Path does it.
    root = (_text(parameters, "rootdirectory") or "").rstrip("/").lstrip("/")
    return S3Parameters(bucket, f"{root}/" if root else "", endpoint, region, _writing(parameters))


def make_client(parameters: Mapping[str, Any]) -> Any:
    """Return a boto3 client, made for any number of threads. Raises MissingLibraryError, InvalidOptionError,
    StorageError.

    Where the parameters have no keys, boto3 finds credentials as it always does: environment, profile, instance role.
    """
    if BOTO3_IMPORT_ERROR is not None:
        raise MissingLibraryError("boto3", BOTO3_IMPORT_ERROR)
    where = read_parameters(parameters)
    try:
        client = _session().create_client(
            "s3",
            region_name=where.region or "us-east-1",
            endpoint_url=where.endpoint,
            use_ssl=_flag(parameters, "secure", True),
            verify=False if _flag(parameters, "skipverify", False) else None,
            config=_config(parameters),
            **_credentials(parameters),
        )
    except ValueError as error:
        raise InvalidOptionError(f"{_WHERE}.regionendpoint", where.endpoint, f"an address ({error})") from error
    except (BotoCoreError, OSError) as error:
        raise StorageError(f"there can be no connection to S3: {error}") from error
    client.meta.events.register("before-call.s3.DeleteObjects", _add_md5)
    return client


def md5_of(content: bytes) -> bytes | None:
    """Return the MD5 of what is no secret, None where this host has no MD5."""
    try:
        return hashlib.new("md5", content, **_MD5_OPTIONS).digest()  # noqa: S324
    except ValueError:
        return None


def _add_md5(params: dict[str, Any], **_others: Any) -> None:
    """Add Content-MD5, which older servers demand: boto3 sends a CRC32 with DeleteObjects in its place since 1.36."""
    digest = md5_of(params["body"]) if isinstance(params.get("body"), bytes) else None
    if digest is not None:
        params["headers"]["Content-MD5"] = base64.b64encode(digest).decode()


@functools.lru_cache(maxsize=None)
def _session() -> Any:
    """Return the one session of this process: it reads much of what boto3 knows of S3 only once."""
    return botocore.session.Session()


def _config(parameters: Mapping[str, Any]) -> Any:
    options: dict[str, Any] = {
        "retries": {"mode": "standard", "total_max_attempts": _ATTEMPTS},
        "max_pool_connections": CONNECTIONS,
        "connect_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        "user_agent_extra": "drydock.registry",
        # Servers other than Amazon's often don't know the newer checksums.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "use_fips_endpoint": _flag(parameters, "usefipsendpoint", False),
        "use_dualstack_endpoint": _flag(parameters, "usedualstack", False),
        "s3": {
            "addressing_style": "path" if _flag(parameters, "forcepathstyle", False) else "auto",
            "use_accelerate_endpoint": _flag(parameters, "accelerate", False),
        },
    }
    if not _flag(parameters, "v4auth", True):
        options["signature_version"] = "s3"
    known = botocore.config.Config.OPTION_DEFAULTS
    return botocore.config.Config(**{name: value for name, value in options.items() if name in known})


def _credentials(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the keys; as with the driver, one of them alone counts for nothing."""
    access, secret = _text(parameters, "accesskey"), _text(parameters, "secretkey")
    if not access or not secret:
        return {}
    token = _text(parameters, "sessiontoken")
    found = {"aws_access_key_id": access, "aws_secret_access_key": secret}
    return {**found, "aws_session_token": token} if token else found


def _endpoint(parameters: Mapping[str, Any]) -> str | None:
    endpoint = _text(parameters, "regionendpoint")
    if endpoint is None:
        return None
    if "://" not in endpoint:
        endpoint = f"{'https' if _flag(parameters, 'secure', True) else 'http'}://{endpoint}"
    if "@" in urlsplit(endpoint).netloc:
        raise InvalidOptionError(f"{_WHERE}.regionendpoint", "…", "an address without a user name")
    return endpoint.rstrip("/")


def _writing(parameters: Mapping[str, Any]) -> dict[str, str]:
    writing: dict[str, str] = {"ContentType": "application/octet-stream"}
    key = _text(parameters, "keyid")
    if _flag(parameters, "encrypt", False):
        writing["ServerSideEncryption"] = "aws:kms" if key else "AES256"
    if key:
        writing["SSEKMSKeyId"] = key
    storage_class = (_text(parameters, "storageclass") or "").upper()
    if storage_class and storage_class != "NONE":
        writing["StorageClass"] = storage_class
    acl = _text(parameters, "objectacl")
    return {**writing, "ACL": acl} if acl else writing


def _text(parameters: Mapping[str, Any], name: str) -> str | None:
    value = parameters.get(name)
    return None if value is None or value == "" else str(value)


def _flag(parameters: Mapping[str, Any], name: str, default: bool) -> bool:
    value = parameters.get(name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in (*_TRUE, *_FALSE):
        return value in _TRUE
    raise InvalidOptionError(f"{_WHERE}.{name}", value, "true or false")
