# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._udp.payload import (
    LARGEST_PAYLOAD,
    read_payload,
)


def test_bytes_without_a_number_are_the_same_each_time() -> None:
    payload = read_payload("0600 FF")
    assert not payload.counted
    assert payload.pack(0) == payload.pack(3) == b"\x06\x00\xff"


def test_the_number_of_the_attempt_goes_where_it_is_wanted() -> None:
    payload = read_payload("{n}00{n}")
    assert payload.counted
    assert [payload.pack(number) for number in (0, 1, 10)] == [b"\0\0\0", b"\1\0\1", b"\n\0\n"]


def test_the_largest_payload_fits_one_frame() -> None:
    assert LARGEST_PAYLOAD == 1500 - 20 - 8
    assert len(read_payload("00" * LARGEST_PAYLOAD).pack(1)) == LARGEST_PAYLOAD


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("", "payload_empty"),
        ("  ", "payload_empty"),
        ("00" * (LARGEST_PAYLOAD + 1), "payload_too_long"),
        ("??", "payload_not_hex"),
        ("*", "payload_not_hex"),
        ("hello", "payload_not_hex"),
        (600, "payload_not_text"),
        (None, "payload_not_text"),
    ],
)
def test_what_can_not_be_sent_is_refused(value: Any, code: str) -> None:
    with pytest.raises(NicError) as caught:
        read_payload(value)
    assert caught.value.code == code
    assert caught.value.subject == "option payload"
    assert all(caught.value.as_dict().values())
