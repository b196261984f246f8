# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client of any registry has: requests with a login, and what the proof of a closed registry asks for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Callable, Iterable, Iterator, Mapping, TypeVar
from urllib.parse import quote

from .._basics.errors import RegistryError
from .._basics.parallel import in_parallel
from .._graph.planted import TAG, Planted
from .advice import explain
from .http import ATTEMPTS, BODY_LIMIT, Answer, HttpSession, UnexpectedAnswerError
from .login import CLIENT_ID, Login
from .options import ClientOptions, checked_url

T = TypeVar("T")
R = TypeVar("R")

#: What Harbor's token server calls the registry behind it (auth.token.service), and that registry itself.
HARBOR_SERVICE = "harbor-registry"
HARBOR_REALM = "harbor-registry-basic-realm"


class ApiClient(ABC):
    """One registry at one URL, for several threads.

    Every method raises RegistryError with the request, what came back and what to do.
    """

    version: str
    login_type: type[Login] = Login

    def __init__(self, options: ClientOptions) -> None:
        """Open no connection yet. Raises InvalidOptionError and MissingLibraryError."""
        self.url = checked_url(options.url)
        self.credentials = options.credentials(self.url)
        self.concurrency = options.concurrency
        self.http = HttpSession(options.tls, options.timeout, options.concurrency)
        self._login = self.login_type(self.http, self.url, self.credentials)

    @abstractmethod
    def check_api(self) -> None:
        """Make sure that a registry answers here and takes our credentials."""

    @property
    def is_harbor(self) -> bool:
        """Tell whether a request so far was answered by Harbor or its registry, as what they asked for tells."""
        asked_for = [challenge.parameters for challenge in self._login.offered]
        return any(one.get("service") == HARBOR_SERVICE or one.get("realm") == HARBOR_REALM for one in asked_for)

    @abstractmethod
    def repositories(self) -> Iterator[str]:
        """Yield every repository that the registry tells of."""

    @abstractmethod
    def tags(self, repository: str) -> list[str] | None:
        """Return every tag of the repository, in the registry's order; None where the registry does not know it."""

    @abstractmethod
    def manifest_digest(self, repository: str, reference: str, attempts: int = ATTEMPTS) -> str | None:
        """Return the digest of what a tag names; None where the registry does not have it."""

    def has_manifest(self, repository: str, tag: str) -> bool:
        """Tell whether the registry has what a tag names, also where it can't read it and answers 400 or 500."""
        try:
            return self.manifest_digest(repository, tag, attempts=1) is not None
        except UnexpectedAnswerError as error:
            if error.may_be_about_one_thing:
                return True
        except RegistryError:
            pass
        return self.manifest_digest(repository, tag) is not None

    @abstractmethod
    def serves(self, repository: str, tag: str) -> bool:
        """Tell whether the image of the tag can be had."""

    def shows(self, planted: Planted) -> bool:
        """Tell whether the registry shows what was put into a storage."""
        return planted.kind == TAG and planted.name in (self.tags(planted.repository) or ())

    @abstractmethod
    def delete_manifest(self, repository: str, reference: str, digest: str | None = None) -> Answer:
        """Send a DELETE by tag or digest; what the answer means is the caller's to judge.

        After a cut connection or a 5xx it is sent again. Give the `digest` that a tag has, so that this is only done
        while it does not name another image: that one is somebody's new push.
        """

    def delete_repository(self, repository: str) -> Answer:
        """Send a DELETE of the repository with all its tags; what the answer means is the caller's to judge."""
        raise RegistryError(f"{self.url} can't delete the repository {repository}: its API knows nothing of the kind")

    @abstractmethod
    def put_nothing(self, repository: str, tag: str) -> Answer:
        """Send a write that changes nothing: the answer tells whether writes are taken (_proof/probe.py)."""

    @abstractmethod
    def took_nothing(self, answer: Answer) -> bool | None:
        """Tell by the answer to `put_nothing` whether the registry takes writes; where not, it is read-only."""

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Yield `function(item)` in the order of items, `concurrency` at once; the first exception ends it."""
        return in_parallel(function, items, self.concurrency)

    def request(
        self,
        method: str,
        path: str,
        scope: str,
        *,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        limit: int = BODY_LIMIT,
        attempts: int = ATTEMPTS,
        may_repeat: Callable[[], bool] | None = None,
    ) -> Answer:
        """Send a request; on 401 once more with what the registry asks for, be it Basic or a (new) token."""

        def send(authorization: str | None) -> Answer:
            shown = {} if authorization is None else {"Authorization": authorization}
            everything = {"User-Agent": CLIENT_ID, **(headers or {}), **shown}
            return self.http.send(
                method, self.url + path, everything, data=data, limit=limit, attempts=attempts, may_repeat=may_repeat
            )

        sent = self._login.authorization(scope)
        answer = send(sent)
        wanted = self._login.answer_challenge(answer, scope, sent) if answer.status == 401 else None
        return answer if wanted is None else send(wanted)

    def request_openly(self, method: str, path: str) -> Answer:
        """Send a request once, and nobody's credentials."""
        return self.http.send(method, self.url + path, {"User-Agent": CLIENT_ID}, attempts=1)

    def explain(self, answer: Answer) -> str:
        """Return a sentence on an answer that was not expected: what came back and what to do about it."""
        return explain(answer, self.credentials)

    def _found(self, answer: Answer) -> Answer | None:
        if answer.status == 404 and answer.is_registry:
            return None
        return self._expect(answer, 200)

    def _expect(self, answer: Answer, status: int) -> Answer:
        if answer.status != status or answer.is_page:
            raise UnexpectedAnswerError(self.explain(answer), answer)
        return answer


def quoted(name: str) -> str:
    """Return a name as a URL has it."""
    # requests would follow `..` into another repository, and so past the patterns that protect it.
    if {".", ".."}.intersection(name.split("/")):
        raise RegistryError(f"{name!r} is no name of a repository, tag or digest; nothing was asked")
    return quote(name, safe="/:")
