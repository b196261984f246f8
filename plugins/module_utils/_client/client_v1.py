# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for the API of the old v1 registry: tags and repositories can be deleted, images never.

Source: docker-registry 0.9.1, docker_registry/tags.py, images.py, search.py. Errors are `{"error": "..."}`.
"""

from __future__ import annotations

import secrets
from typing import Any, Iterator

from .._basics.errors import RegistryError
from .._graph.planted import V1_IMAGE, Planted
from .base import ApiClient, quoted
from .http import ATTEMPTS, Answer
from .login_v1 import V1Login, scope_of

_NO_SUCH_TAG = "Tag not found"
# A search takes whatever repository it is for; the index of a token registry is not asked for that.
_NOBODY = scope_of("library/drydock", "read")


class V1Client(ApiClient):
    """A registry that speaks v1."""

    version = "v1"

    login_type = V1Login

    def check_api(self) -> None:
        answer = self.request("GET", "/v1/_ping", _NOBODY)
        if answer.status != 200 or not is_v1(answer):
            raise RegistryError(self.explain(answer))

    def repositories(self) -> Iterator[str]:
        """Yield every repository that its search finds, which most have off."""
        answer = self.request("GET", "/v1/search", _NOBODY)
        if answer.status == 404:
            raise RegistryError(
                f"{answer.describe()}: this registry has no search, so it can't tell its repositories; name them "
                "without patterns (repositories), or give its storage"
            )
        found = self._expect(answer, 200).json()
        try:
            yield from (str(one["name"]) for one in found["results"])
        except (KeyError, TypeError) as error:
            raise RegistryError(f"{answer.describe()}: no list of repositories") from error

    def tags(self, repository: str) -> list[str] | None:
        found = self.images_by_tag(repository)
        return None if found is None else list(found)

    def images_by_tag(self, repository: str) -> dict[str, str] | None:
        """Return the image id of every tag, in one request; None where the registry does not know the repository."""
        answer = self._found(self.request("GET", f"{_path(repository)}/tags", scope_of(repository, "read")))
        if answer is None:
            return None
        found = answer.json()
        if not isinstance(found, dict):
            raise RegistryError(f"{answer.describe()}: no list of tags")
        return {str(tag): str(image) for tag, image in found.items()}

    def manifest_digest(self, repository: str, reference: str, attempts: int = ATTEMPTS) -> str | None:
        """Return the image id of the tag."""
        path = f"{_path(repository)}/tags/{quoted(reference)}"
        answer = self._found(self.request("GET", path, scope_of(repository, "read"), attempts=attempts))
        return None if answer is None else str(answer.json())

    def serves(self, repository: str, tag: str) -> bool:
        image = self.manifest_digest(repository, tag)
        return image is not None and self.image_json(repository, image) is not None

    def image_json(self, repository: str, image: str) -> bytes | None:
        """Return the `json` of an image; None where the registry does not have it, or has not got all of it yet."""
        return self.image_file(repository, image, "json")

    def is_whole(self, repository: str, image: str) -> bool:
        """Tell whether the registry serves the image's `json` and its layer.

        Where the layer is gone docker-registry 0.9.1 leaves its size out of the answer (images.py); others may never
        tell it, so that the layer is asked for then.
        """
        answer = self._ask(repository, image, "json")
        if self._served(answer) is None:
            return False
        size = answer.headers.get("X-Docker-Size")
        return size != "0" if size else self._served(self._ask(repository, image, "layer", "HEAD")) is not None

    def shows(self, planted: Planted) -> bool:
        if planted.kind == V1_IMAGE:
            return self.has_image(planted.repository, planted.name)
        return super().shows(planted)

    def has_image(self, repository: str, image: str) -> bool:
        """Tell whether the registry shows the image's `ancestry`."""
        return self.image_file(repository, image, "ancestry") is not None

    def delete_manifest(self, repository: str, reference: str, digest: str | None = None) -> Answer:
        def still_ours() -> bool:
            return digest is None or self.manifest_digest(repository, reference) in (None, digest)

        return self._delete_tag(repository, reference, may_repeat=still_ours)

    def delete_repository(self, repository: str) -> Answer:
        return self.request("DELETE", f"{_path(repository)}/", scope_of(repository, "delete"))

    def put_nothing(self, repository: str, tag: str) -> Answer:
        """Send a DELETE of a tag that nobody has. A PUT needs a token, which an index gives for a push alone."""
        return self._delete_tag(repository, f"{tag}-{secrets.token_hex(8)}", attempts=1)

    def took_nothing(self, answer: Answer) -> bool | None:
        """Tell by the answer: it has no read-only mode. Of another 404 it is not known who said it."""
        return True if answer.status == 404 and error_of(answer).startswith(_NO_SUCH_TAG) else None

    def layer_size(self, repository: str, image: str) -> int:
        """Return the bytes of an image's layer, 0 where it is not known."""
        answer = self._ask(repository, image, "json")
        size = answer.headers.get("X-Docker-Size", "")
        return int(size) if size.isdigit() else 0

    def image_file(self, repository: str, image: str, name: str) -> bytes | None:
        """Return the `json` or `ancestry` of an image; None where the registry does not have it, or not yet whole."""
        found = self._served(self._ask(repository, image, name))
        return None if found is None else found.content

    def _served(self, answer: Answer) -> Answer | None:
        return None if answer.status == 400 and "being uploaded" in error_of(answer) else self._found(answer)

    def _delete_tag(self, repository: str, tag: str, **more: Any) -> Answer:
        path = f"{_path(repository)}/tags/{quoted(tag)}"
        return self.request("DELETE", path, scope_of(repository, "delete"), **more)

    def _ask(self, repository: str, image: str, name: str, method: str = "GET") -> Answer:
        return self.request(method, f"/v1/images/{quoted(image)}/{name}", scope_of(repository, "read"))


def is_v1(answer: Answer) -> bool:
    """Tell whether an answer to `/v1/_ping` is a v1 registry's."""
    return answer.status == 200 and ("X-Docker-Registry-Standalone" in answer.headers or answer.is_registry)


def error_of(answer: Answer) -> str:
    """Return what a v1 registry says of an error; empty where it says nothing."""
    said = answer.json()
    return str(said.get("error", "")) if isinstance(said, dict) else ""


def _path(repository: str) -> str:
    return f"/v1/repositories/{quoted(repository)}"
