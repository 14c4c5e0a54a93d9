# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""From what tasks returned about adapters and BMCs to observations that a verdict can be given on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast, get_args

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._diagnosis import (
    OtherSource,
    Override,
    Packets,
    override_of,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._errors import NicError
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.offload import (
    RECEIVE,
    WORDS,
    OffloadKeyword,
    Wish,
    plan_value,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._nic.topology import MemberKind
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._observed import (
    Adapter,
    Change,
    Control,
    Earlier,
    Heard,
    Mode,
    Observations,
    Refusal,
    Way,
)
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._qualify.profile import HostProfile

Result = Mapping[str, Any]

_ANSWERED: Final = ("answered", "answered_with_error_code")
_NO_EVIDENCE: Final = ("no_route", "blocked_outbound", "probe_unavailable", "answered_elsewhere", "malformed")
_UNRESOLVED: Final = ("unreachable", "incomplete", "unknown")
_STATIC: Final = "permanent"
_REMEMBERED: Final = ("not_cured", "undone_by_guard")
"""What came of a change that is not tried again with the same driver version."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator decided; the role's variables without their prefix."""

    mode: Mode = "prove"
    classes: tuple[str, ...] = ("confirmed",)
    own_bmc: tuple[str, ...] = ()
    allow_wider: bool = False
    guard: str = "auto"
    allow_unguarded_restart: bool = False
    restart: str = "if_needed"
    host_profile: HostProfile = field(default_factory=HostProfile)
    retry: bool = False
    without_control: str = "change"


@dataclass(frozen=True, slots=True)
class AdapterView:
    """One adapter as the verdict sees it. ``driver`` is its file and version, as far as known."""

    name: str
    guid: str
    description: str
    driver: str
    class_: str
    state: Adapter
    earlier: Earlier
    drift: bool
    carries_management: bool | None
    physical: bool = True
    pci: str | None = None
    file: str | None = None
    version: str | None = None
    override: Override = "none"

    @property
    def label(self) -> str:
        """The adapter with its driver's file."""
        return f"{self.name} ({self.driver.split()[0]})" if self.driver else self.name

    @property
    def wanted(self) -> bool:
        """It was left half done; or it could be changed, and no earlier run found that this is of no use or of harm."""
        return self.state == "unfinished" or (
            self.state == "candidate" and self.earlier not in ("not_cured", "undone_by_guard")
        )


@dataclass(frozen=True, slots=True)
class BmcView:
    """One BMC as this host sees it: the results about it, and the adapters on the way to it.

    ``adapters`` is None where the way could not be read, which is also so where no BMC was asked. ``again`` is the
    probe that ended a second round.
    """

    bmc: str
    address: str | None
    before: Result | None
    after: Result | None
    controls_before: tuple[Result, ...]
    controls_after: tuple[Result, ...]
    adapters: tuple[AdapterView, ...] | None
    packets: Packets = field(default=Packets())
    other_source: OtherSource = "none"
    again: Result | None = None

    @property
    def last(self) -> Result | None:
        """The last probe since a change."""
        return self.again or self.after

    def on_the_way(self, every: Sequence[AdapterView]) -> tuple[AdapterView, ...]:
        """The adapters on the way; all that there are where it could not be read."""
        return tuple(every) if self.adapters is None else self.adapters


def view_adapter(
    facts: Result, *, task_offload: str | None, settings: Settings, npcap: Result | None = None
) -> AdapterView:
    """Judge one adapter by its facts, which must hold the records that the collection keeps on the host."""
    driver, pci = facts["driver"], facts["pci"]
    override = override_of(facts["name"], task_offload, npcap)
    return AdapterView(
        name=facts["name"],
        guid=facts["guid"],
        description=facts["description"],
        driver=" ".join(part for part in (driver["file"], driver["version"]) if part),
        class_=facts["assessment"]["class"],
        state=_state(facts, override, settings),
        earlier=_earlier(facts, settings),
        drift=bool((facts.get("undo") or {}).get("drift")),
        carries_management=facts["carries_management"],
        physical=facts["physical"],
        pci=f"{pci['vendor']}:{pci['device']}" if pci else None,
        file=driver["file"],
        version=driver["version"],
        override=override,
    )


def _earlier(facts: Result, settings: Settings) -> Earlier:
    outcome, undo = facts.get("outcome") or {}, facts.get("undo") or {}
    # One that switched receive offload on again, for a proof say, is no change to rely on.
    if _in_force(facts, undo) and not _receives(undo["written"]):
        return "changed"
    remembered = outcome.get("outcome") in _REMEMBERED and outcome.get("driver_version") == facts["driver"]["version"]
    if remembered and not settings.retry:
        return cast(Earlier, outcome["outcome"])
    return "drift" if undo.get("drift") else "none"


def way_to(probe: Result | None) -> Way:
    """Whether the way to a BMC is proven, by what its probe found out about it.

    A neighbour entry that somebody set by hand proves nothing: nobody answered for it.
    """
    path = (probe or {}).get("path")
    if not path:
        return "unread"
    neighbour = path["neighbour"] or {}
    resolved = bool(neighbour.get("mac")) and neighbour["state"] not in (*_UNRESOLVED, _STATIC)
    return "proven" if path["icmp"] == "answered" or (path["on_link"] and resolved) else "unproven"


def heard(probe: Result | None) -> Heard:
    """What a probe of one BMC came to."""
    if probe is None:
        return "not_asked"
    outcome = probe["outcome"]
    if outcome in _ANSWERED:
        answers = sum(each in _ANSWERED for each in probe["attempt_outcomes"])
        return "answers" if answers > 1 else "answers_once"
    if outcome == "no_answer":
        return "silent" if probe["silent"] else "too_few"
    if outcome == "probe_unavailable":
        return "unavailable"
    # A word that no version of the probe says yet must not pass for silence.
    return cast(Heard, outcome) if outcome in get_args(Heard) else "malformed"


def control(probes: Iterable[Result]) -> Control:
    """What machines other than the host heard of a BMC."""
    usable = [probe for probe in probes if probe["outcome"] not in _NO_EVIDENCE]
    if any(probe["outcome"] in _ANSWERED for probe in usable):
        return "answers"
    return "silent" if any(probe["silent"] or probe["outcome"] == "port_unreachable" for probe in usable) else "none"


def observe(
    view: BmcView,
    others: Sequence[AdapterView],
    changes: Mapping[str, Change],
    settings: Settings,
    refusal: Refusal = "none",
) -> Observations:
    """Put together what was seen of one BMC.

    Args:
        view: The BMC.
        others: All adapters of the host.
        changes: What this run did, by adapter GUID.
        settings: What the operator decided.
        refusal: Why a change that this run tried left everything as it was.
    """
    on_the_way = view.on_the_way(others)
    ranks = {state: rank for rank, state in enumerate(get_args(Adapter))}
    adapter = min(on_the_way, key=lambda each: ranks[each.state], default=None)
    elsewhere = [each for each in others if each not in on_the_way and each.wanted]
    return Observations(
        before=heard(view.before),
        control_before=control(view.controls_before),
        way=way_to(view.before),
        own_bmc=_is_own(view, settings),
        adapter=adapter.state if adapter else "not_known",
        other_candidate=bool(elsewhere),
        earlier=adapter.earlier if adapter else "none",
        change=_change(on_the_way, changes, settings),
        after=heard(view.after),
        way_after=_way_after(view.after, others, changes),
        control_after=control(view.controls_after),
        mode=settings.mode,
        change_without_control=settings.without_control == "change",
        obstacle=_obstacle(on_the_way, elsewhere, settings),
        refusal=refusal,
        cause=view.packets.cause,
        other_source=view.other_source,
        overridden=any(each.override != "none" for each in on_the_way or others),
    )


def _state(facts: Result, override: Override, settings: Settings) -> Adapter:
    undo = facts.get("undo") or {}
    mine, restarted = _in_force(facts, undo), bool(undo.get("restart_requested_at"))
    if mine and undo.get("outcome", "") is None and not _receives(undo["written"]):
        return "unfinished"
    assessed = facts["assessment"]["class"]
    if not facts["physical"] or assessed not in (*settings.classes, "confirmed", "suspected"):
        return "not_known"
    if assessed not in settings.classes:
        return "class_not_chosen"
    offload = facts["udp_ipv4_checksum"]
    stored, active, default = (_value(offload[key]) for key in ("configured", "active", "default"))
    if offload["keyword"] is None and (active is None or active & RECEIVE):
        return "no_keyword"
    next_start = next((value for value in (stored, default, active) if value is not None), RECEIVE)
    now = next_start if active is None else active
    if active is None and mine and not restarted and not next_start & RECEIVE:
        # Nobody can see whether the adapter was restarted since, only whether the BMC is heard.
        return "perhaps_pending"
    if next_start & RECEIVE and not now & RECEIVE and not restarted and _is_restored(facts, undo):
        return "restoring"
    if override == "certain" or not now & RECEIVE:
        return "dormant" if next_start & RECEIVE else "off"
    if not next_start & RECEIVE:
        # A driver that was restarted for this value and still tells of the old one: only a probe can say.
        return "perhaps_pending" if mine and restarted else "pending"
    if facts["member_kind"] is not None and MemberKind(facts["member_kind"]).is_team:
        return "team_member"
    return _changeable(facts, stored, active, default, settings)


def _changeable(
    facts: Result, stored: int | None, active: int | None, default: int | None, settings: Settings
) -> Adapter:
    offload = facts["udp_ipv4_checksum"]
    allowed = tuple(WORDS.index(word) for word in offload["allowed"])
    text = None if stored is None else str(stored)
    keyword = OffloadKeyword(facts["guid"], offload["keyword"], text, default, allowed)
    try:
        plan_value(keyword, active, Wish(receive=False), allow_wider=settings.allow_wider, adapter=facts["name"])
    except NicError as error:
        return "wider_only" if error.code == "wider_change_not_allowed" else "no_keyword"
    return "record_unreadable" if (facts.get("undo") or {}).get("error") else "candidate"


def _value(word: str | None) -> int | None:
    return None if word is None else WORDS.index(word)


def _receives(word: str | None) -> bool:
    """Whether a value switches receive offload on; an absent one is taken for the documented default, which does."""
    return word is None or bool(WORDS.index(word) & RECEIVE)


def _in_force(facts: Result, undo: Result) -> bool:
    """Whether the value that the undo record speaks of is still the one in the registry."""
    written, offload = undo.get("written"), facts["udp_ipv4_checksum"]
    return written is not None and (undo["keyword"], written) == (offload["keyword"], offload["configured"])


def _is_restored(facts: Result, undo: Result) -> bool:
    """Whether the original, which can be no value at all, is what a run wrote last and what the registry holds."""
    offload = facts["udp_ipv4_checksum"]
    if "written" not in undo or undo["written"] != undo["original"] or undo["keyword"] != offload["keyword"]:
        return False
    # An absent value may be reported as the default.
    return offload["configured"] in (undo["written"], undo["written"] or offload["default"])


def _is_own(view: BmcView, settings: Settings) -> bool:
    path = (view.before or {}).get("path") or {}
    return bool(path.get("own_bmc")) or view.bmc in settings.own_bmc or view.address in settings.own_bmc


def _way_after(after: Result | None, others: Iterable[AdapterView], changes: Mapping[str, Change]) -> Way:
    """Whether the way is proven since the change, and leads through an adapter that was changed."""
    way = way_to(after)
    if after is None or way != "proven":
        return way
    names = {each.name for each in others if changes.get(each.guid) in ("made", "undone")}
    return "proven" if names & set(after["path"]["physical"]) else "unproven"


def _change(on_the_way: Iterable[AdapterView], changes: Mapping[str, Change], settings: Settings) -> Change:
    mine = [changes[each.guid] for each in on_the_way if each.guid in changes]
    # Enforced changes are made whatever the way to a BMC, so they are what this run did to the host for every BMC.
    made = mine or (list(changes.values()) if settings.mode == "enforce" else [])
    order: tuple[Change, ...] = ("undone", "made", "pending")
    return next((change for change in order if change in made), "none")


def _obstacle(on_the_way: Iterable[AdapterView], elsewhere: Iterable[AdapterView], settings: Settings) -> Refusal:
    """What speaks against the change of these adapters before it is tried."""
    # One that was left half done may have had its restart; the module refuses where it has not.
    wanted = [each for each in on_the_way if each.wanted and each.state == "candidate"]
    if settings.mode == "enforce":
        wanted += elsewhere
    if settings.restart == "never":
        return "write_restarts" if wanted and settings.host_profile.write_restarts else "none"
    if settings.allow_unguarded_restart or all(each.carries_management is False for each in wanted):
        return "none"
    if settings.guard == "never":
        return "restart_unguarded"
    return "guard_not_trusted" if settings.host_profile.guard_fails else "none"
