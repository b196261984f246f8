# Copyright: (c) 2026, drydock maintainers
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What went wrong below HTTP is said in the words of the operating system, wherever a library hides them."""

from __future__ import annotations

import errno

from ansible_collections.drydock.registry.plugins.module_utils._client.http_errors import (
    describe_tls,
    has_errno,
    innermost,
)


def refused() -> OSError:
    return ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


class WrappedError(Exception):
    """As urllib3 wraps an error: in `reason`, or among `args`."""

    def __init__(self, reason: object = None, *args: object) -> None:
        super().__init__(*args)
        self.reason = reason


def test_the_words_are_found_where_they_are_hidden() -> None:
    for error in (refused(), WrappedError(refused()), WrappedError(None, "pool", WrappedError(refused()))):
        assert innermost(error) == "Connection refused"
        assert has_errno(error, errno.ECONNREFUSED)
        assert not has_errno(error, errno.ETIMEDOUT)


def test_the_cause_of_a_cause_and_what_goes_in_a_circle() -> None:
    error = ValueError("<Python object at 0x7f>")
    error.__cause__ = WrappedError(refused())
    error.__cause__.__context__ = error
    assert innermost(error) == "Connection refused"


def test_without_words_it_is_the_kind_of_error() -> None:
    assert innermost(WrappedError(None, "text with 0x7f")) == "WrappedError"


def test_a_certificate_that_is_not_trusted_is_told_with_the_option() -> None:
    said = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1000)"
    text = describe_tls("GET", "https://registry.example.com/v2/", WrappedError(None, said))
    assert "certificate verify failed: self-signed certificate; " in text
    assert "ca_path" in text
    assert "_ssl.c" not in text


def test_any_other_failure_of_tls_asks_whether_it_is_tls() -> None:
    text = describe_tls("GET", "https://registry.example.com/v2/", WrappedError(refused()))
    assert text.endswith("TLS failed: Connection refused; does the registry speak TLS here, and want a client_cert?")
