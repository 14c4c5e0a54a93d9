# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What each verdict and reason means for a person: one sentence, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import UNGUARDED, Verdict, VerdictWord

NOTHING: Final = "Nothing to do."
_OUT_OF_BAND: Final = "Have another way to the host at hand"


@dataclass(frozen=True, slots=True)
class Meaning:
    """``sentence`` may name ``{bmc}``, ``{adapter}`` and ``{problem}``; ``next_step`` is for people too."""

    sentence: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence speaks of.

    ``adapter`` is the one on the way to the BMC, with its driver. ``remedy`` is the next step of an error, which knows
    more than that of the verdict.
    """

    bmc: str = ""
    adapter: str = ""
    problem: str = ""
    remedy: str = ""


TITLES: Final[dict[VerdictWord, str]] = {
    "unreachable": "unreachable",
    "unknown": "unknown",
    "not_cured": "not cured",
    "inconclusive": "inconclusive",
    "restart_pending": "restart pending",
    "affected": "affected",
    "suspicious": "suspicious",
    "unsupported": "unsupported",
    "other_cause": "other cause",
    "unreachable_from_host": "unreachable from host",
    "bmc_silent": "BMC silent",
    "remediated": "remediated",
    "enforced": "enforced",
    "at_risk": "at risk",
    "healthy": "healthy",
}
"""Verdicts as words for people."""

MEANINGS: Final[dict[tuple[VerdictWord, str], Meaning]] = {
    ("unreachable", "host_unreachable"): Meaning(
        "The host could not be reached: {problem}",
        "Check name, network, WinRM service and credentials, then run this again.",
    ),
    ("unreachable", "lost_in_change"): Meaning(
        "The host did not come back from the change of {adapter}: {problem}",
        "Reach it another way; its undo record holds the original value, which the rollback playbook restores.",
    ),
    ("unknown", "host_unreadable"): Meaning(
        "The host could not be judged: {problem}",
        "Look at the output of the failed task with -vvv.",
    ),
    ("not_cured", "still_silent"): Meaning(
        "{bmc} stayed silent without receive offload on {adapter}, while it answered elsewhere: this is not the cause.",
        "Look for the cause elsewhere, for example by a packet capture on the host.",
    ),
    ("not_cured", "earlier"): Meaning(
        "{bmc} is silent, and an earlier run found that receive offload of {adapter} is not the cause.",
        "Look for the cause elsewhere; after a driver update, or with udp_rx_offload_retry, it is tried again.",
    ),
    ("inconclusive", "cured_elsewhere"): Meaning(
        "{bmc} stayed silent after the change of {adapter}, which made another BMC answer. The change was kept.",
        "Look for another cause of this BMC's silence, for example by a packet capture on the host.",
    ),
    ("inconclusive", "way_lost"): Meaning(
        "{bmc} stayed silent, and since the change of {adapter} no proven way leads to it through that adapter."
        " The change was kept.",
        "Check the adapter's link and address, then run the verify playbook.",
    ),
    ("inconclusive", "not_in_force"): Meaning(
        "{bmc} stayed silent, and the driver of {adapter} still works with receive offload after its restart."
        " The change was kept.",
        "Restart the host, which this driver may need, then run the verify playbook.",
    ),
    ("inconclusive", "control_silent"): Meaning(
        "{bmc} is silent since the change of {adapter}, but no other machine hears it either. The change was kept.",
        "Bring the BMC back, then run the verify playbook.",
    ),
    ("inconclusive", "no_control"): Meaning(
        "{bmc} stayed silent after the change of {adapter}, and no other machine could ask it. The change was kept.",
        "Name a host that reaches the BMC in udp_rx_offload_witnesses, then run the verify playbook.",
    ),
    ("inconclusive", "silent_after"): Meaning(
        "{bmc} is silent since the change of {adapter}, but was not known to be silent before. The change was kept.",
        "Run the rollback playbook on this host if the BMC answers elsewhere.",
    ),
    ("inconclusive", "mixed_answers"): Meaning(
        "{bmc} answered only once after the change of {adapter}. The change was kept.",
        "Run the verify playbook; look for packet loss if the answers stay mixed.",
    ),
    ("inconclusive", "control_lost"): Meaning(
        "{bmc} answers since the change of {adapter}, but no longer elsewhere. The change was kept.",
        "Run the verify playbook when the BMC answers everywhere again.",
    ),
    ("inconclusive", "not_verified"): Meaning(
        "{adapter} was changed, but {bmc} could not be asked clearly since. The change was kept.",
        "Run the verify playbook.",
    ),
    ("restart_pending", "restart_left"): Meaning(
        "Receive offload of {adapter} is off in the registry; the adapter's restart was left to you.",
        "Restart the adapter or the host, then run the verify playbook.",
    ),
    ("restart_pending", "set_before"): Meaning(
        "Receive offload of {adapter} was already off in the registry, but nothing shows that this is in force.",
        "Restart the adapter or the host, then run the verify playbook.",
    ),
    ("affected", "replies_dropped"): Meaning(
        "{bmc} is silent here and answers elsewhere, the way to it works: {adapter} drops its replies.",
        "Run the remediate playbook.",
    ),
    ("affected", UNGUARDED): Meaning(
        "{bmc} is silent here and answers elsewhere: {adapter} drops its replies. It was left alone, since its restart "
        "may cut the connection to this host.",
        f"{_OUT_OF_BAND}, then remediate with udp_rx_offload_allow_unguarded_restart set to true.",
    ),
    ("suspicious", "no_control"): Meaning(
        "{bmc} is silent here, the way to it works, and no other machine could ask it: {adapter} may drop its replies.",
        "Name a host that reaches the BMC in udp_rx_offload_witnesses, or run the remediate playbook.",
    ),
    ("suspicious", UNGUARDED): Meaning(
        "{bmc} is silent here, and {adapter} may drop its replies. It was left alone, since its restart may cut the "
        "connection to this host.",
        f"{_OUT_OF_BAND}, then remediate with udp_rx_offload_allow_unguarded_restart set to true.",
    ),
    ("unknown", "undo_record_unreadable"): Meaning(
        "The undo record that the host keeps of {adapter} can't be understood, so that the adapter is not changed.",
        "Look at the adapter's undo.error in the facts of this host, then correct or remove the record.",
    ),
    ("unsupported", "no_keyword"): Meaning(
        "{bmc} is silent here, and {adapter} may drop its replies, but its driver has no setting for receive offload.",
        "Install a driver that has the setting, or reach the BMC through another adapter.",
    ),
    ("unsupported", "wider_only"): Meaning(
        "{bmc} is silent here, and {adapter} may drop its replies, but its driver can't switch off UDP receive alone.",
        "Remediate with udp_rx_offload_allow_wider set to true if that is acceptable, or update the driver.",
    ),
    ("unsupported", "team_member"): Meaning(
        "{bmc} is silent here, and {adapter} may drop its replies, but as a member of a team it is not changed.",
        "Change the members of the team by hand, one after the other.",
    ),
    ("other_cause", "offload_off"): Meaning(
        "{bmc} is silent here and answers elsewhere, but receive offload of {adapter} is off already.",
        "Look for the cause elsewhere: firewalls first, then a packet capture on the host.",
    ),
    ("other_cause", "class_not_chosen"): Meaning(
        "{bmc} is silent here and answers elsewhere; {adapter} is suspected, but only chosen classes are changed.",
        "Add suspected to udp_rx_offload_classes to have it tried on such adapters.",
    ),
    ("other_cause", "adapter_not_known"): Meaning(
        "{bmc} is silent here and answers elsewhere, but nothing says that {adapter} has this fault.",
        "Look for the cause elsewhere; if only this helps, add the adapter to udp_rx_offload_rules.",
    ),
    ("unreachable_from_host", "own_bmc"): Meaning(
        "{bmc} is this host's own and shares its port: a host never hears it that way.",
        "Ask it from another machine, and remove it from udp_rx_offload_bmc of this host.",
    ),
    ("unreachable_from_host", "no_route"): Meaning(
        "The host has no route to {bmc}.",
        "Add a route, or name a BMC that this host can reach.",
    ),
    ("unreachable_from_host", "blocked_outbound"): Meaning(
        "A firewall on the host blocks datagrams to {bmc}.",
        "Allow outbound UDP to the BMC's port.",
    ),
    ("unreachable_from_host", "no_way"): Meaning(
        "{bmc} answers elsewhere, but nothing shows that this host reaches it at all.",
        "Check routing and access lists between the host and the BMC.",
    ),
    ("bmc_silent", "silent_everywhere"): Meaning(
        "{bmc} answers nobody.",
        "Check the BMC: power, cable, address, IPMI over LAN enabled.",
    ),
    ("remediated", "cured"): Meaning(
        "{bmc} was silent, and answers since receive offload of {adapter} is off; elsewhere it answered throughout.",
        NOTHING,
    ),
    ("remediated", "no_control"): Meaning(
        "{bmc} was silent, and answers since receive offload of {adapter} is off; no other machine could ask it.",
        NOTHING,
    ),
    ("remediated", "earlier"): Meaning(
        "{bmc} answers, and an earlier run switched receive offload of {adapter} off.",
        NOTHING,
    ),
    ("enforced", "answered_before"): Meaning(
        "Receive offload of {adapter} was switched off, though {bmc} answered before.",
        NOTHING,
    ),
    ("enforced", "bmc_was_silent"): Meaning(
        "Receive offload of {adapter} was switched off; {bmc} answers since, but had been silent everywhere.",
        NOTHING,
    ),
    ("enforced", "not_proven"): Meaning(
        "Receive offload of {adapter} was switched off, but this host can't prove whether that helps.",
        "Name a BMC that this host can ask in udp_rx_offload_bmc, then run the verify playbook.",
    ),
    ("unknown", "port_unreachable"): Meaning(
        "Nothing listens on the IPMI port of {bmc}.",
        "Check the address, and whether IPMI over LAN is enabled on the BMC.",
    ),
    ("unknown", "answered_elsewhere"): Meaning(
        "The answer to {bmc} came from another address or port.",
        "Name the address that answers; the probe's result shows it.",
    ),
    ("unknown", "malformed"): Meaning(
        "What came back from {bmc} is no IPMI answer.",
        "Check what listens on that port; the probe's result shows the bytes.",
    ),
    ("unknown", "too_few"): Meaning(
        "Nothing came back from {bmc}, but it was asked less than three times.",
        "Ask at least three times.",
    ),
    ("unknown", "way_unread"): Meaning(
        "{bmc} is silent here, but how this host reaches it could not be read.",
        "Give the account the rights that the documentation lists.",
    ),
    ("unknown", "no_control"): Meaning(
        "{bmc} is silent here, and no other machine could ask it.",
        "Name a host that reaches the BMC in udp_rx_offload_witnesses.",
    ),
    ("at_risk", "answers"): Meaning(
        "{bmc} answers for now, but an adapter of this host is known to drop replies.",
        "Nothing for now. Mode enforce changes such hosts too.",
    ),
    ("at_risk", "probe_unavailable"): Meaning(
        "An adapter of this host is known to drop replies, but the host can't send probes.",
        "Give the account the right to a WinRM shell in full language mode, or remediate in mode enforce.",
    ),
    ("at_risk", "no_bmc"): Meaning(
        "An adapter of this host is known to drop replies, but no BMC was named to prove it.",
        "Name a BMC in udp_rx_offload_bmc, or remediate in mode enforce.",
    ),
    ("at_risk", UNGUARDED): Meaning(
        "An adapter of this host is known to drop replies. It was left alone: its restart may cut the connection.",
        f"{_OUT_OF_BAND}, then remediate with udp_rx_offload_allow_unguarded_restart set to true.",
    ),
    ("at_risk", "dormant"): Meaning(
        "Receive offload of {adapter} is off only until its next restart, or until task offload is enabled again.",
        "Run the remediate playbook after that; set the keyword itself to keep it off.",
    ),
    ("healthy", "offload_off"): Meaning(
        "{bmc} answers, and receive offload of {adapter} is off.",
        NOTHING,
    ),
    ("healthy", "answers"): Meaning(
        "{bmc} answers, and no adapter of this host is known to drop replies.",
        NOTHING,
    ),
    ("unknown", "probe_unavailable"): Meaning(
        "The host can't send probes, and no adapter of it is known to drop replies.",
        "Give the account the right to a WinRM shell in full language mode.",
    ),
    ("unknown", "no_bmc"): Meaning(
        "No BMC was named to ask, and no adapter of this host is known to drop replies.",
        "Name a BMC in udp_rx_offload_bmc.",
    ),
}

_GUARD_ELSEWHERE: Final = Meaning(
    "This host would be changed, but the restart of its adapter may cut the connection.",
    f"{_OUT_OF_BAND}, then remediate with udp_rx_offload_allow_unguarded_restart set to true.",
)


def explain(verdict: Verdict, subject: Subject) -> Meaning:
    """The sentence and the next step of a verdict, with the names filled in."""
    # In mode enforce any verdict may stand beside a refused restart; only the usual ones have a sentence of their own.
    meaning = MEANINGS.get((verdict.verdict, verdict.reason), _GUARD_ELSEWHERE)
    starts_with_name = meaning.sentence.startswith("{bmc}") and subject.bmc
    names = {
        "bmc": subject.bmc or "the BMC",
        "adapter": subject.adapter or "the adapter",
        "problem": subject.problem or "no details",
    }
    sentence = meaning.sentence.format(**names)
    # A name keeps its letter case.
    if not starts_with_name:
        sentence = sentence[0].upper() + sentence[1:]
    return Meaning(sentence, subject.remedy or meaning.next_step)
