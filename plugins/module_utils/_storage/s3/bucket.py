# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests to a bucket: each is answered whole, or raises StorageError. Repeating what may pass is boto3's part."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Tuple

from ..._basics.errors import StorageError
from ..._basics.parallel import in_parallel
from .client import S3Parameters, make_client, read_parameters
from .page import PAGE, Page, make_entry, parse_page

with contextlib.suppress(ImportError):  # make_client says so
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

# In the answer that botocore gives, the page that was read for it.
_PAGE = "Page"
_OK = 200
_ATTEMPTS = 4
_PAUSE = 0.5
_MAY_PASS = frozenset({"InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted"})
# What a server answers that does not delete several objects at once, or not as it is asked here: it misses a header, or
# does not know the request. A single deletion has none of that.
_NOT_TOGETHER = (400, 405, 411, 501)
_ALONE_AT_ONCE = 4
# What a condition that does not hold, or somebody at the same time, is answered with.
_CHANGED = (409, 412)
_ADVICE = {
    "AccessDenied": "the account lacks a right that this needs (README: S3)",
    "ExpiredToken": "the credentials have expired; get new ones that last as long as the run",
    "NoSuchBucket": "there is no such bucket at this endpoint",
    "SlowDown": "the server throttles; run again when there is less to do there",
}


class Unfinished(NamedTuple):
    """A multipart upload that was neither completed nor aborted, and the youngest time of its parts."""

    key: str
    upload_id: str
    size: int
    modified: float


class Failed(NamedTuple):
    """A key that was not deleted, and why."""

    key: str
    why: str


#: The key of an object that was not deleted, a code, and a text for people.
_Refusal = Tuple[str, str, str]


class Changed(Exception):  # noqa: N818 - no failure: somebody else was faster
    """A conditional write found another state than it was made for."""


class Bucket:
    """The bucket of a registry, by any number of threads. `where` says which."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Ask the bucket nothing yet. Raises InvalidOptionError, MissingLibraryError."""
        self.where: S3Parameters = read_parameters(parameters)
        self._client = make_client(parameters)
        self._client.meta.events.register("before-parse.s3.ListObjectsV2", _read_listing)
        #: Why the server does not delete several objects at once, None as long as it does.
        self.why_one_by_one: str | None = None

    def url(self, key: str) -> str:
        """Return what people call the object."""
        return f"s3://{self.where.bucket}/{key}"

    def page(self, prefix: str, after: str = "", delimiter: str = "") -> Page:
        """Return the first page of what follows the key `after`."""
        asked = {"Prefix": prefix, "StartAfter": after, "Delimiter": delimiter}
        with self._telling("listed", prefix):
            answer = self._client.list_objects_v2(
                Bucket=self.where.bucket, MaxKeys=PAGE, **{name: value for name, value in asked.items() if value}
            )
            page: Page = answer[_PAGE] if _PAGE in answer else page_of(answer)
        if not page.is_last and not delimiter and (not page.entries or page.entries[-1].key <= after):
            raise StorageError(f"the listing of {self.url(prefix)} goes round in circles after {after}")
        return page

    def get(self, key: str, limit: int) -> tuple[bytes, float, str] | None:
        """Return at most `limit` bytes of an object, its time and its ETag; None where there is none."""
        for attempt in range(_ATTEMPTS):
            with self._telling("read", key, absent="NoSuchKey"):
                answer = self._client.get_object(Bucket=self.where.bucket, Key=key)
                try:
                    with contextlib.closing(answer["Body"]) as body:
                        # Only a body that is read without a limit is held against its length.
                        content = body.read(None if answer["ContentLength"] <= limit else limit)
                        return content, answer["LastModified"].timestamp(), answer["ETag"]
                except (BotoCoreError, HTTPError):  # the connection broke in the middle, of which boto3 repeats nothing
                    if attempt == _ATTEMPTS - 1:
                        raise
                continue
            return None
        raise AssertionError("unreachable: the last attempt returns or raises")

    def put(self, key: str, content: Any, **conditions: str) -> None:
        """Write an object. Raises Changed where the conditions (`IfMatch`, `IfNoneMatch`) don't hold."""
        try:
            with self._telling("written", key):
                self._client.put_object(
                    Bucket=self.where.bucket, Key=key, Body=content, **{**self.where.writing, **conditions}
                )
        except _HttpError as error:
            if error.status in _CHANGED or (error.status == 404 and "IfMatch" in conditions):
                raise Changed(str(error)) from None
            raise

    def delete(self, keys: Iterable[str]) -> list[Failed]:
        """Delete up to a page of keys, and return those that could not be deleted. What is not there counts as gone."""
        left: list[str] = list(keys)
        failed: list[Failed] = []
        for attempt in range(_ATTEMPTS):
            errors = self._delete_once(left)
            failed += [Failed(key, why) for key, code, why in errors if code not in _MAY_PASS]
            passing = [Failed(key, why) for key, code, why in errors if code in _MAY_PASS]
            left = [one.key for one in passing]
            if not left:
                return failed
            if attempt < _ATTEMPTS - 1:
                time.sleep(_PAUSE * 2**attempt)
        return failed + passing

    def _delete_once(self, keys: list[str]) -> list[_Refusal]:
        if self.why_one_by_one is None:
            try:
                return self._delete_together(keys)
            except _HttpError as error:
                if error.status not in _NOT_TOGETHER or error.code in _ADVICE:
                    raise
                self.why_one_by_one = error.why
        return self._delete_one_by_one(keys)

    def _delete_together(self, keys: list[str]) -> list[_Refusal]:
        with self._telling("deleted", keys[0]):
            answer = self._client.delete_objects(
                Bucket=self.where.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
            )
        return [
            (str(one.get("Key", "")), str(one.get("Code", "")), f"{one.get('Code', '')}: {one.get('Message', '')}")
            for one in answer.get("Errors", ())
        ]

    def _delete_one_by_one(self, keys: list[str]) -> list[_Refusal]:
        """Delete them so; what went before a connection broke off has gone, so that is no error of all."""
        broken: list[StorageError] = []

        def delete(key: str) -> _Refusal | None:
            try:
                if broken:
                    raise broken[0]
                with self._telling("deleted", key, absent="NoSuchKey"):
                    self._client.delete_object(Bucket=self.where.bucket, Key=key)
            except _HttpError as error:
                return key, error.code, error.why
            except StorageError as error:
                broken.append(error)
                return key, "", str(error)
            return None

        return [one for one in in_parallel(delete, keys, _ALONE_AT_ONCE) if one is not None]

    def delete_unless_changed(self, key: str, etag: str) -> None:
        """Delete an object as it was read; a server that doesn't know the condition may delete a newer one.

        Raises Changed.
        """
        try:
            with self._telling("deleted", key, absent="NoSuchKey"):
                self._client.delete_object(Bucket=self.where.bucket, Key=key, **self._if_supported(etag))
        except _HttpError as error:
            if error.status in _CHANGED:
                raise Changed(str(error)) from None
            raise

    def _if_supported(self, etag: str) -> dict[str, str]:
        shape = self._client.meta.service_model.operation_model("DeleteObject").input_shape
        return {"IfMatch": etag} if "IfMatch" in shape.members else {}

    def unfinished(self, prefix: str) -> Iterator[Unfinished]:
        """Yield the multipart uploads below a prefix that were not completed: a request, and one for each of them."""
        markers: dict[str, str] = {}
        while True:
            with self._telling("listed", prefix):
                answer = self._client.list_multipart_uploads(Bucket=self.where.bucket, Prefix=prefix, **markers)
                begun = [
                    (one["Key"], one["UploadId"], one["Initiated"].timestamp()) for one in answer.get("Uploads", ())
                ]
                is_last = not answer.get("IsTruncated")
                names = () if is_last else ("KeyMarker", "UploadIdMarker")
                markers = {name: answer[f"Next{name}"] for name in names}
            yield from (self._weighed(*one) for one in begun if one[0].startswith(prefix))
            if is_last:
                return

    def _weighed(self, key: str, upload_id: str, begun: float) -> Unfinished:
        size, modified, marker = 0, begun, 0
        while True:
            with self._telling("listed", key, absent="NoSuchUpload"):
                answer = self._client.list_parts(
                    Bucket=self.where.bucket, Key=key, UploadId=upload_id, PartNumberMarker=marker
                )
                for part in answer.get("Parts", ()):
                    size, modified = size + part["Size"], max(modified, part["LastModified"].timestamp())
                if answer.get("IsTruncated"):
                    marker = answer["NextPartNumberMarker"]
                    continue
            return Unfinished(key, upload_id, size, modified)

    def abort(self, upload: Unfinished) -> None:
        """Abort a multipart upload; nothing where it has gone."""
        with self._telling("aborted", upload.key, absent="NoSuchUpload"):
            self._client.abort_multipart_upload(Bucket=self.where.bucket, Key=upload.key, UploadId=upload.upload_id)

    def keeps_versions(self) -> bool | None:
        """Tell whether what is deleted stays as an old version; None where that may not be asked."""
        try:
            with self._telling("asked about versions", ""):
                return bool(self._client.get_bucket_versioning(Bucket=self.where.bucket).get("Status") == "Enabled")
        except _HttpError:
            return None

    @contextlib.contextmanager
    def _telling(self, what: str, key: str, absent: str = "") -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            code, text = (str(error.response.get("Error", {}).get(name, "")) for name in ("Code", "Message"))
            if absent and code == absent:
                return
            advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
            why = f"{code}, {text.rstrip('.')}{advice}"
            raise _HttpError(f"{self.url(key)} could not be {what}: {why}", status, code, why) from None
        except (BotoCoreError, ResponseParserError, HTTPError, OSError) as error:
            raise StorageError(f"{self.url(key)} could not be {what}: {error}") from error
        except (KeyError, ValueError) as error:
            why = f"the server answered what can't be understood ({error!r})"
            raise StorageError(f"{self.url(key)} could not be {what}: {why}") from error


class _HttpError(StorageError):
    """What the server answered with: `status`, the `code` in its body, and in `why` that with its text."""

    def __init__(self, message: str, status: int, code: str, why: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.why = why


def _read_listing(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_others: Any) -> None:
    """Read a page before botocore does, which then finds nothing left to read."""
    if response_dict["status_code"] != _OK:
        return
    try:
        customized_response_dict[_PAGE] = parse_page(response_dict["body"])
    except ValueError as error:
        raise StorageError(f"the server answered what is no listing: {error}") from error
    response_dict["body"] = b""


def page_of(answer: Mapping[str, Any]) -> Page:
    """Return the page that botocore read itself: not every version lets others do it."""
    if "IsTruncated" not in answer:
        raise StorageError("the server answered what is no listing")
    entries = [
        make_entry(found["Key"], found["Size"], found["LastModified"].timestamp(), found.get("ETag", ""))
        for found in answer.get("Contents", ())
    ]
    return Page(entries, [found["Prefix"] for found in answer.get("CommonPrefixes", ())], not answer["IsTruncated"])
