# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about an answer that was not expected, in words for the person who runs the playbook."""

from __future__ import annotations

from .auth import Credentials
from .http import Answer


def explain(answer: Answer, credentials: Credentials) -> str:
    """Return a sentence on an answer that was not expected: what came back and what to do about it."""
    return f"{answer.describe()}: {_advice(answer, credentials)}"


def _advice(answer: Answer, credentials: Credentials) -> str:
    who = credentials.describe()
    if _is_closed_catalogue(answer):
        return f"{who} may not see the catalogue; use an account that may, or name the repositories without patterns"
    by_status = {
        401: f"{who} is not accepted; see registry_username, registry_password and docker_config",
        403: f"{who} may not do this; use an account that may, or look at a proxy in front",
        429: "the server asks for fewer requests; lower api_concurrency, or try again later",
    }
    status = 403 if _lacks_a_right(answer) else answer.status
    if status in by_status:
        return by_status[status]
    if 300 <= answer.status < 400:
        return "it sends us elsewhere; give that address as registry_url"
    if answer.status >= 500:
        return "the server is busy or broken; see its log and try again"
    if not answer.is_registry:
        return "this is no registry's answer; registry_url must be the address in front of /v2/"
    return "the registry does not do this; see its log"


def _is_closed_catalogue(answer: Answer) -> bool:
    """Tell whether the catalogue is refused for itself; with Basic authentication 401 is about the password."""
    if not answer.url.partition("?")[0].endswith("/v2/_catalog"):
        return False
    is_basic = answer.headers.get("WWW-Authenticate", "").lower().startswith("basic")
    return answer.status in (403, 404, 405) or (answer.status == 401 and not is_basic)


def _lacks_a_right(answer: Answer) -> bool:
    """Tell a 401 for a token that is good for less than was asked for (RFC 6750, 3.1) from one for a password."""
    return answer.status == 401 and 'error="insufficient_scope"' in answer.headers.get("WWW-Authenticate", "")
