# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a simulated management controller answers, without any socket: a datagram in, datagrams out.

Commands: Get Channel Authentication Capabilities (IPMI v2.0 section 22.13), Get System GUID (22.14), and a session of
authentication type none (22.16 to 22.19) in which Get Device ID (20.1) can be asked: enough for ipmitool.
"""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

from tests.lab.fleet import BmcPlan
from tests.lab.rmcp import (
    CLASS_ASF,
    CLASS_IPMI,
    ENTITY_ASF,
    ENTITY_IPMI,
    NETFN_APP,
    NO_ACK_SEQUENCE,
    RMCP_VERSION,
    IpmiRequest,
    Malformed,
    Rmcp,
    ipmi_response,
    ping_tag,
    pong,
)
from tests.lab.schema import Bmc, Drown

GET_DEVICE_ID: Final = 0x01
GET_SYSTEM_GUID: Final = 0x37
GET_CHANNEL_AUTHENTICATION_CAPABILITIES: Final = 0x38
GET_SESSION_CHALLENGE: Final = 0x39
ACTIVATE_SESSION: Final = 0x3A
SET_SESSION_PRIVILEGE: Final = 0x3B
CLOSE_SESSION: Final = 0x3C

COMPLETED: Final = 0x00
INVALID_COMMAND: Final = 0xC1
INVALID_DATA_LENGTH: Final = 0xC7
INVALID_DATA_FIELD: Final = 0xCC
NOT_IN_THIS_STATE: Final = 0xD5

THIS_CHANNEL: Final = 0x0E
LAN_CHANNEL: Final = 0x01
EXTENDED: Final = 0x80
ADMINISTRATOR: Final = 4
AUTHENTICATION_TYPES: Final = 0x17
LOGIN_STATUS: Final = 0x05
SMDC_DELAY_MS: Final = 60
SESSIONLESS: Final = frozenset(
    {GET_SYSTEM_GUID, GET_CHANNEL_AUTHENTICATION_CAPABILITIES, GET_SESSION_CHALLENGE, ACTIVATE_SESSION}
)

Origin = Literal["itself", "other_port", "other_address"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One datagram to send back, after a delay, from one of the controller's sockets."""

    datagram: bytes
    delay_ms: int = 0
    origin: Origin = "itself"


@dataclass(slots=True)
class Controller:
    """One management controller with its state: how busy it is, how much it has answered, its session."""

    plan: BmcPlan
    asked: int = 0
    _recent_ms: deque[float] = field(default_factory=deque)
    _drowned_until_ms: float = 0.0
    _session: int = 0
    _privilege: int = 0

    @property
    def spec(self) -> Bmc:
        """What the fleet file says about it."""
        return self.plan.spec

    def answers(self, datagram: bytes, now_ms: float) -> list[Answer]:
        """What it sends in return for one datagram; nothing for a malformed one, as controllers do."""
        if self.spec.behaviour in ("silent", "closed") or self._drowns(now_ms) or self._loses():
            return []
        try:
            rmcp = Rmcp.parse(datagram)
            reply = self._reply(rmcp)
        except Malformed:
            return []
        if reply is None:
            return []
        answers: list[Answer] = []
        if self.spec.acknowledges or rmcp.sequence != NO_ACK_SEQUENCE:
            answers.append(Answer(rmcp.acknowledgement))
        answer = Answer(self._spoiled(reply), self._delay_ms(), self.spec.answers_from)
        answers += [answer, answer] if self.spec.duplicates else [answer]
        return answers

    def _drowns(self, now_ms: float) -> bool:
        """Whether it is asked too fast: then it answers nothing for a while, and being asked on does not help."""
        drown = self.spec.drown or (Drown() if self.spec.behaviour == "smdc" else None)
        if drown is None:
            return False
        while self._recent_ms and self._recent_ms[0] <= now_ms - drown.window_ms:
            self._recent_ms.popleft()
        self._recent_ms.append(now_ms)
        if len(self._recent_ms) > drown.datagrams:
            self._drowned_until_ms = now_ms + drown.for_ms
        return now_ms < self._drowned_until_ms

    def _loses(self) -> bool:
        self.asked += 1
        if self.asked <= self.spec.wakes_after:
            return True
        if self.spec.falls_silent_after is not None and self.asked > self.spec.falls_silent_after:
            return True
        return self.spec.loses_every is not None and self.asked % self.spec.loses_every == 0

    def _delay_ms(self) -> int:
        if self.spec.answer_delay_ms is not None:
            return self.spec.answer_delay_ms
        return SMDC_DELAY_MS if self.spec.behaviour == "smdc" else 0

    def _reply(self, rmcp: Rmcp) -> bytes | None:
        if rmcp.message_class == CLASS_ASF:
            ipmi = 0 if self.spec.behaviour == "ping_only" else ENTITY_IPMI
            return pong(ping_tag(rmcp.body), ipmi | ENTITY_ASF)
        if rmcp.message_class != CLASS_IPMI or self.spec.behaviour == "ping_only":
            return None
        request = IpmiRequest.parse(rmcp.body)
        if self.spec.corrupts not in (None, "rmcp_version"):
            return self._corrupted(request)
        return ipmi_response(request, self._payload(request), session_sequence=self._session_sequence(request))

    def _session_sequence(self, request: IpmiRequest) -> int:
        return request.session_sequence if request.session_id else 0

    def _payload(self, request: IpmiRequest) -> bytes:
        """Completion code and data of the answer."""
        if self.spec.completion_code:
            return bytes((self.spec.completion_code,))
        if request.network_function != NETFN_APP:
            return bytes((INVALID_COMMAND,))
        if request.command not in SESSIONLESS and (not self._session or request.session_id != self._session):
            return bytes((NOT_IN_THIS_STATE,))
        handler = {
            GET_CHANNEL_AUTHENTICATION_CAPABILITIES: self._capabilities,
            GET_SYSTEM_GUID: self._system_guid,
            GET_SESSION_CHALLENGE: self._challenge,
            ACTIVATE_SESSION: self._activate,
            SET_SESSION_PRIVILEGE: self._set_privilege,
            GET_DEVICE_ID: self._device_id,
            CLOSE_SESSION: self._close,
        }.get(request.command)
        return bytes((INVALID_COMMAND,)) if handler is None else handler(request.data)

    def _capabilities(self, data: bytes) -> bytes:
        if len(data) != 2:
            return bytes((INVALID_DATA_LENGTH,))
        extended = bool(data[0] & EXTENDED)
        version_2 = self.spec.behaviour == "ipmi20"
        if extended and not version_2:
            return bytes((INVALID_DATA_FIELD,))
        if data[0] & 0x0F not in (THIS_CHANNEL, LAN_CHANNEL) or not 0 < data[1] & 0x0F <= ADMINISTRATOR:
            return bytes((INVALID_DATA_FIELD,))
        types = AUTHENTICATION_TYPES | (0x80 if extended else 0)
        capabilities = 0x03 if extended else 0x00
        return bytes((COMPLETED, LAN_CHANNEL, types, LOGIN_STATUS, capabilities, 0, 0, 0, 0))

    def _system_guid(self, _unused: bytes) -> bytes:
        return bytes((COMPLETED,)) + uuid.uuid5(uuid.NAMESPACE_DNS, self.plan.mac).bytes_le

    def _challenge(self, data: bytes) -> bytes:
        if len(data) != 17:
            return bytes((INVALID_DATA_LENGTH,))
        self._session = 0x02000000 | self.plan.number
        return bytes((COMPLETED,)) + self._session.to_bytes(4, "little") + bytes(range(16))

    def _activate(self, data: bytes) -> bytes:
        if len(data) != 22:
            return bytes((INVALID_DATA_LENGTH,))
        if data[0] & 0x0F or not self._session:
            return bytes((INVALID_DATA_FIELD,))
        self._privilege = 2
        return bytes((COMPLETED, 0)) + self._session.to_bytes(4, "little") + bytes((1, 0, 0, 0, ADMINISTRATOR))

    def _set_privilege(self, data: bytes) -> bytes:
        if len(data) != 1 or data[0] > ADMINISTRATOR:
            return bytes((INVALID_DATA_FIELD,))
        self._privilege = data[0] or self._privilege
        return bytes((COMPLETED, self._privilege))

    def _device_id(self, _unused: bytes) -> bytes:
        """Device 0x23, firmware 1.20, Tyan (IANA 6653)."""
        version = 0x02 if self.spec.behaviour == "ipmi20" else 0x51
        return bytes((COMPLETED, 0x23, 0x01, 0x01, 0x20, version, 0x9F, 0xFD, 0x19, 0x00, 0x02, 0x0F))

    def _close(self, _unused: bytes) -> bytes:
        self._session = self._privilege = 0
        return bytes((COMPLETED,))

    def _corrupted(self, request: IpmiRequest) -> bytes:
        """An answer with exactly one thing wrong."""
        payload = self._payload(request)
        wrong = self.spec.corrupts
        if wrong == "sequence":
            return ipmi_response(request, payload, sequence=request.sequence ^ 0x04)
        if wrong == "command":
            return ipmi_response(request, payload, command=request.command ^ 0x01)
        if wrong == "network_function":
            return ipmi_response(request, payload, network_function=NETFN_APP)
        datagram = bytearray(ipmi_response(request, payload))
        if wrong == "class":
            datagram[3] = 0x08
        elif wrong == "checksum1":
            datagram[16] ^= 0xFF
        elif wrong == "checksum2":
            datagram[-1] ^= 0xFF
        elif wrong == "length":
            datagram[13] += 4
        else:
            del datagram[-4:]
        return bytes(datagram)

    def _spoiled(self, datagram: bytes) -> bytes:
        """With the legacy pad byte of IPMI 1.5 table 12-8, where the controller adds one, or as no RMCP at all."""
        if self.spec.corrupts == "rmcp_version":
            return bytes((RMCP_VERSION - 1,)) + datagram[1:]
        pads = self.spec.pads if self.spec.pads is not None else self.spec.behaviour == "smdc"
        return datagram + b"\x00" if pads and datagram[3] == CLASS_IPMI else datagram
