# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What the packets of a probe prove about the replies that are missing. Pure.

The decisive case: the driver says that the UDP checksum of a reply failed, Windows drops the reply for that, and the
sum computed anew over the recorded bytes is right. Where Windows itself computed the sum, the reply is really damaged.
"""

from __future__ import annotations

import enum
import typing as t
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence import reasons
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.events import Verdict
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._evidence.packets import Conversation, Packet


class Cause(enum.StrEnum):
    """Why the replies do not arrive. Where as many packets speak for one as for another, the first one counts."""

    DRIVER_MARKED_BAD = "driver_marked_bad"
    CORRUPT_REPLY = "corrupt_reply"
    FIREWALL = "firewall"
    NO_LISTENER = "no_listener"
    NOTHING_ARRIVED = "nothing_arrived"
    OTHER = "other"
    UNAVAILABLE = "unavailable"
    ANSWERED = "answered"


class Probe(t.Protocol):
    """The part of a probe's result that counts."""

    @property
    def outcome(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def detail(self) -> str: ...
    @property
    def answers(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why there is no evidence."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out."""

    cause: Cause
    sentence: str
    decisive: Packet | None = None
    """A packet that shows it; the first of several."""
    unavailable: Unavailable | None = None
    """With the cause ``unavailable``."""


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What one reply speaks for."""

    packet: Packet
    cause: Cause
    words: str
    """Said of several such replies."""
    code: str = ""
    """With the cause ``unavailable``."""


_BY_OUTCOME = {
    "port_unreachable": Cause.NO_LISTENER,
    "blocked_outbound": Cause.FIREWALL,
    "no_route": Cause.OTHER,
    "answered_elsewhere": Cause.OTHER,
    "malformed": Cause.OTHER,
}
"""Outcomes of a probe that say themselves what is wrong."""

_CERTAIN = (Cause.DRIVER_MARKED_BAD, Cause.CORRUPT_REPLY, Cause.FIREWALL)
"""Causes that a dropped reply shows, whatever else was seen."""


def find_cause(probe: Probe, packets: Conversation, left_out: int) -> Finding:
    """Judge a probe and what was recorded of it.

    Args:
        probe: What the probe came to.
        packets: Its packets.
        left_out: Events that were recorded and not returned, for want of room.
    """
    if probe.answers:
        return Finding(Cause.ANSWERED, f"No reply is missing: {probe.detail}.{_also_dropped(packets.replies)}")
    found = _weightiest([_judge_reply(each) for each in packets.replies])
    if found is not None and found.cause in _CERTAIN:
        return found
    if probe.outcome in _BY_OUTCOME:
        return Finding(_BY_OUTCOME[probe.outcome], f"The probe itself tells: {probe.detail}.")
    if probe.outcome == "probe_unavailable":
        return unavailable(probe.reason or "failed", probe.detail)
    if found is not None:
        return found
    return _no_reply(packets, left_out)


def unavailable(code: str, detail: str) -> Finding:
    """No evidence, and why."""
    return Finding(Cause.UNAVAILABLE, f"There is no evidence: {detail}.", unavailable=Unavailable(code, detail))


def _weightiest(opinions: Sequence[_Opinion]) -> Finding | None:
    """The cause that most replies speak for; what is certain comes before what is not."""
    if not opinions:
        return None
    candidates = [each for each in opinions if each.cause in _CERTAIN] or opinions
    counts = Counter(each.cause for each in candidates)
    order = list(Cause)
    cause = max(counts, key=lambda each: (counts[each], -order.index(each)))
    first = next(each for each in candidates if each.cause is cause)
    share = f"{counts[cause]} of {len(opinions)} replies that reached the host {first.words}"
    if cause is Cause.UNAVAILABLE:
        return unavailable(first.code, share)
    others = Counter(each.cause for each in opinions if each.cause is not cause)
    more = "".join(f" {number} more: {each.value}." for each, number in sorted(others.items()))
    return Finding(cause, f"{share}.{more}", first.packet)


def _judge_reply(packet: Packet) -> _Opinion:
    dropped = set(packet.reasons)
    if reasons.CHECKSUM_INVALID in dropped:
        return _judge_checksum(packet)
    if reasons.IP_CHECKSUM_INVALID in dropped:
        found = f"were dropped for the checksum of their IPv4 header (reason {reasons.IP_CHECKSUM_INVALID})"
        if packet.datagram.header_good:
            return _Opinion(packet, Cause.OTHER, f"{found}, which is right in the bytes recorded")
        return _Opinion(packet, Cause.CORRUPT_REPLY, f"{found}, which is really wrong")
    for cause, known in ((Cause.FIREWALL, reasons.FIREWALL), (Cause.NO_LISTENER, reasons.NO_LISTENER)):
        for reason in packet.reasons:
            if reason in known:
                return _Opinion(packet, cause, f"were dropped for {reasons.words(reason)}")
    if dropped:
        return _Opinion(packet, Cause.OTHER, f"were dropped for {reasons.all_words(packet.reasons)}")
    return _Opinion(packet, Cause.OTHER, "were not reported as dropped, and yet never came to the probe")


def _judge_checksum(packet: Packet) -> _Opinion:
    checksum = packet.datagram.checksum
    found = f"were dropped for their UDP checksum (reason {reasons.CHECKSUM_INVALID})"
    if checksum.good is False:
        return _Opinion(packet, Cause.CORRUPT_REPLY, f"{found}, which is really wrong: {_sums(packet)}")
    if packet.verdict is None:
        words = f"{found}, but what the driver said of it was not recorded"
        return _Opinion(packet, Cause.UNAVAILABLE, words, "no_metadata")
    if Verdict.UDP_FAILED not in packet.verdict:
        if checksum.good:
            words = f"{found}, which is right, and which the driver did not call failed: {_sums(packet)}"
            return _Opinion(packet, Cause.OTHER, words)
        return _Opinion(packet, Cause.CORRUPT_REPLY, f"{found}, which Windows itself computed")
    if checksum.good is None:
        words = f"{found}, which can't be computed anew from the part that was recorded"
        return _Opinion(packet, Cause.UNAVAILABLE, words, "checksum_unknown")
    words = f"{found}, since the network adapter's driver called it failed, but it is right: {_sums(packet)}"
    return _Opinion(packet, Cause.DRIVER_MARKED_BAD, words)


def _sums(packet: Packet) -> str:
    """Both sums of a packet that is known to be good or bad."""
    checksum = packet.datagram.checksum
    if checksum.in_datagram == 0 or checksum.computed is None:
        return "the sender computed none, which is allowed"
    return f"0x{checksum.in_datagram:04x} in the datagram, 0x{checksum.computed:04x} computed anew"


def _no_reply(packets: Conversation, left_out: int) -> Finding:
    blocked = _first_dropped(packets.requests, reasons.FIREWALL)
    if blocked is not None:
        return Finding(
            Cause.FIREWALL,
            f"The questions did not leave the host: dropped for {reasons.words(blocked.reasons[0])}.",
            blocked,
        )
    if left_out:
        return unavailable("events_left_out", f"{left_out} events were recorded that there was no room for")
    if not packets.requests:
        return unavailable("requests_not_seen", "not even the questions were recorded, so that replies prove nothing")
    count = len(packets.requests)
    homeless = _first_dropped(packets.requests, reasons.NO_NEIGHBOUR)
    if homeless is not None:
        words = reasons.words(homeless.reasons[0])
        return Finding(Cause.NOTHING_ARRIVED, f"The questions could not leave the host: {words}.", homeless)
    return Finding(
        Cause.NOTHING_ARRIVED,
        f"{count} questions were seen on their way out, and no reply reached the host's network adapter.",
    )


def _first_dropped(packets: Iterable[Packet], known: dict[int, str]) -> Packet | None:
    return next((each for each in packets if set(each.reasons) & set(known)), None)


def _also_dropped(replies: Sequence[Packet]) -> str:
    lost = Counter(_judge_reply(each).cause for each in replies if each.drops)
    return "".join(
        f" {number} replies were dropped all the same: {cause.value}." for cause, number in sorted(lost.items())
    )
