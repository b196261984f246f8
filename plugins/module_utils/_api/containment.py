# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing that a server can't hand over, told from a server that is busy or broken.

Both are answered with 500. Distribution says so of a manifest that was cut short, of an empty link, of layers in an
index (build caches; 2.8.2 and 3.1.1), of schema 1 and of OCI artifact manifests (3.1.1). It is about the one thing if
it stays so while another of its kind, which was read before, is still handed over. If none was, it is about the server
as soon as several places are concerned.
"""

from __future__ import annotations

from typing import Callable, NamedTuple, TypeVar

from .._basics.errors import RegistryError
from .._client.http import ATTEMPTS, BrokenOffError, UnexpectedAnswerError
from .._graph.reach import Node

R = TypeVar("R")


class Refused(NamedTuple):
    """What can't be read, and what the server said."""

    node: Node
    error: UnexpectedAnswerError | BrokenOffError

    @property
    def what(self) -> str:
        """Return what was asked, and what came back."""
        return self.error.what


class Containment:
    """Judges what is refused of one kind of things. `read_again` reads one of them, or raises RegistryError.

    `place_of` tells what is concerned where something is refused. `attempt` is for many threads, the rest for one.
    """

    def __init__(self, read_again: Callable[[Node], object], place_of: Callable[[Node], object]) -> None:
        self._read_again = read_again
        self._place_of = place_of
        self._good: Node | None = None
        self._waiting: list[Refused] = []
        self._troubled: set[str] = set()

    def attempt(self, node: Node, ask: Callable[[int], R], *, is_patient: bool = True) -> R | Refused:
        """Return `ask(attempts)`, or that it is refused. Raises RegistryError for what is about us or the server.

        Where something was refused for good the rest of the repository gets one attempt each, for what comes of it is
        the same. So does what is likely to be refused.
        """
        if not is_patient or node[0] in self._troubled:
            try:
                return self._attempt(node, ask, 1)
            except RegistryError:
                # It was not about this one.
                pass
        found = self._attempt(node, ask, ATTEMPTS)
        if isinstance(found, Refused):
            self._troubled.add(node[0])
        return found

    def saw(self, node: Node) -> None:
        """Tell that this one was read."""
        if self._good is None:
            self._good = node
            self._waiting.clear()

    def judge(self, refused: Refused) -> None:
        """Return where the server is sound all the same, or where that is for `settle` to say. Raises RegistryError."""
        if self._good is None:
            self._waiting.append(refused)
        else:
            self._read_again(self._good)

    def settle(self) -> None:
        """Raise what the server said where nothing at all was read and more than one place is concerned."""
        waiting, self._waiting = self._waiting, []
        if self._good is None and len({self._place_of(refused.node) for refused in waiting}) > 1:
            raise waiting[0].error

    def _attempt(self, node: Node, ask: Callable[[int], R], attempts: int) -> R | Refused:
        try:
            return ask(attempts)
        except (UnexpectedAnswerError, BrokenOffError) as error:
            if not error.may_be_about_one_thing:
                raise
            return Refused(node, error)
