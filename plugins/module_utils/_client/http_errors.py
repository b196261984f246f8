# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong below HTTP, said in the words of the operating system or of TLS."""

from __future__ import annotations

from typing import Any


def describe_tls(method: str, url: str, error: Exception) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        reason = text.split("CERTIFICATE_VERIFY_FAILED] ", 1)[-1].split(" (_ssl", 1)[0]
        advice = "give the CA that signed it as ca_path, or the name it was made for in registry_url"
        return f"{method} {url}: {reason}; {advice}"
    return f"{method} {url}: TLS failed: {innermost(error)}; does the registry speak TLS here, and want a client_cert?"


def _chain(error: BaseException | None) -> Any:
    """Yield the exception, its causes and contexts, and what urllib3 hides in `reason` and `args`."""
    waiting, seen = [error], set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        hidden = [getattr(current, "reason", None), *getattr(current, "args", ())]
        waiting += [current.__cause__, current.__context__, *(h for h in hidden if isinstance(h, BaseException))]


def has_errno(error: Exception, number: int) -> bool:
    return any(isinstance(link, OSError) and link.errno == number for link in _chain(error))


def innermost(error: Exception) -> str:
    """Return the operating system's own words, without the addresses of Python objects around them."""
    for link in _chain(error):
        if isinstance(link, OSError) and link.strerror:
            return str(link.strerror)
    return type(error).__name__
