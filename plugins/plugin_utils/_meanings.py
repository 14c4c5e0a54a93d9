# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What each verdict and reason means for a person: one sentence, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._verdict import VerdictWord

NOTHING: Final = "Nothing to do."
_UNGUARDED: Final = (
    "have another way to the host at hand and remediate with udp_rx_offload_allow_unguarded_restart set to true."
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """``sentence`` may name ``{bmc}``, ``{adapter}`` and ``{problem}``; ``next_step`` is for people too."""

    sentence: str
    next_step: str


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
    ("unreachable", "lost_before_change"): Meaning(
        "The host was lost before anything of {adapter} was changed: {problem}",
        "Check name, network, WinRM service and credentials, then run this again.",
    ),
    ("unknown", "undone_by_guard"): Meaning(
        "The restart of {adapter} cut this host off; the guard on it brought it back, with the value from before.",
        "Find out why this restart cuts the host off; after a driver update, or with udp_rx_offload_retry, it is tried"
        " again.",
    ),
    ("unknown", "guard_not_removed"): Meaning(
        "{adapter} was changed, but its guard could not be removed and will put the value from before back: {problem}",
        "Delete the scheduled task on the host, then run this again.",
    ),
    ("unknown", "not_restored"): Meaning(
        "The original value of {adapter} was not put back: {problem}",
        "Do what the message says, then run the rollback playbook.",
    ),
    ("unknown", "second_round_failed"): Meaning(
        "With receive offload of {adapter} off the BMC answered; the second round of the proof broke off: {problem}",
        "Run the remediate playbook: it switches receive offload off where this run has left it on.",
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
    ("inconclusive", "second_round_begun"): Meaning(
        "{bmc} was silent, and answered with receive offload of {adapter} off. It is on again for the second round of a"
        " proof, which has not ended.",
        "Run the remediate playbook, which switches it off again.",
    ),
    ("inconclusive", "heard_with_offload"): Meaning(
        "{bmc} was silent, answered with receive offload of {adapter} off, and answered with it on again as well: the"
        " restart may have cured it, and not the setting.",
        "Run the diagnose playbook when it is silent again. The original value is back, unless another BMC needs the"
        " change.",
    ),
    ("inconclusive", "not_repeated"): Meaning(
        "{bmc} answered when receive offload of {adapter} was switched off, and was not clearly heard when it was"
        " switched off a second time. The change was kept.",
        "Run the verify playbook; look whether the BMC itself falls silent now and then.",
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
    ("inconclusive", "unfinished"): Meaning(
        "A change of {adapter} broke off before it was confirmed.",
        "Run the remediate playbook to finish it, or the rollback playbook to take it back.",
    ),
    ("restart_pending", "set_before"): Meaning(
        "Receive offload of {adapter} was already off in the registry, but nothing shows that this is in force.",
        "Restart the adapter or the host, then run the verify playbook.",
    ),
    ("restart_pending", "restore_left"): Meaning(
        "The original value of {adapter} is back in the registry, and takes effect with the adapter's restart.",
        "Restart the adapter or the host, or run the rollback playbook with restarts allowed.",
    ),
    ("affected", "drift"): Meaning(
        "{bmc} is silent here again, and the way to it works: an earlier run had switched receive offload of {adapter}"
        " off, and it is on again.",
        "Run the remediate playbook; a driver update may have brought the value back.",
    ),
    ("affected", "replies_marked_bad"): Meaning(
        "{bmc} answers, and its replies reach this host: {adapter} marks them bad, so that Windows drops them.",
        "Run the remediate playbook. Where nothing was known of the adapter, add the rule that the summary shows to"
        " udp_rx_offload_rules first.",
    ),
    ("affected", "replies_dropped"): Meaning(
        "{bmc} is silent here and answers elsewhere, the way to it works: {adapter} drops its replies.",
        "Run the remediate playbook.",
    ),
    ("suspicious", "drift"): Meaning(
        "{bmc} is silent here and no other machine could ask it: an earlier run had switched receive offload of"
        " {adapter} off, and it is on again.",
        "Run the remediate playbook; a driver update may have brought the value back.",
    ),
    ("suspicious", "no_control"): Meaning(
        "{bmc} is silent here, the way to it works, and no other machine could ask it: {adapter} may drop its replies.",
        "Name a host that reaches the BMC in udp_rx_offload_witnesses, or run the remediate playbook.",
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
        "{bmc} is silent here, though it answers, but receive offload of {adapter} is off already.",
        "Run the diagnose playbook to look for another cause. Where it finds the driver wrong all the same, update it.",
    ),
    ("other_cause", "corrupt_reply"): Meaning(
        "The replies of {bmc} reach this host damaged, and Windows is right to drop them.",
        "Look at what is on the way, such as address translation, and at the card. No setting of this host helps.",
    ),
    ("other_cause", "firewall"): Meaning(
        "The replies of {bmc} reach this host, and a filter in it drops them.",
        "Look at security programs on the host and at its firewall rules; the replies must be let in.",
    ),
    ("other_cause", "late_reply"): Meaning(
        "The replies of {bmc} come when nobody waits for them any more.",
        "Set udp_rx_offload_wait_ms higher, and let programs that ask this BMC wait longer.",
    ),
    ("other_cause", "nothing_arrived"): Meaning(
        "{bmc} is silent here, and no reply of it reaches this host's adapter, so that its driver drops none.",
        "Check access lists and packet filters between the host and the BMC, in both directions.",
    ),
    ("unknown", "nothing_arrived"): Meaning(
        "{bmc} is silent here, no reply of it reaches this host's adapter, and no other machine could ask it.",
        "Name a host that reaches the BMC in udp_rx_offload_witnesses.",
    ),
    ("unknown", "lost_in_host"): Meaning(
        "{bmc} is silent here, and its replies are lost in this host for another reason than a bad checksum.",
        "Look at the packets that drop_evidence saves, and at the drivers that filter on this host.",
    ),
    ("unknown", "answered_later"): Meaning(
        "{bmc} was silent here at first, and answered while the packets were watched.",
        "Run this again; look for packet loss if the answers stay mixed.",
    ),
    ("other_cause", "source_address"): Meaning(
        "{bmc} answers another address of the same adapter of this host, so that {adapter} does not drop its replies.",
        "Check access lists that let only some addresses reach the BMC, and routes back to this one.",
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
        "Check the BMC: power, cable, address, IPMI over LAN enabled. If it answers others, name one of them in"
        " udp_rx_offload_witnesses, or set udp_rx_offload_ask_from_controller to false where a firewall is between.",
    ),
    ("remediated", "proven_twice"): Meaning(
        "{bmc} was silent, answered with receive offload of {adapter} off, was silent with it on again, and answers"
        " with it off again; elsewhere it answered throughout.",
        NOTHING,
    ),
    ("remediated", "twice_without_control"): Meaning(
        "{bmc} was silent, answered with receive offload of {adapter} off, was silent with it on again, and answers"
        " with it off again; no other machine could ask it each time.",
        NOTHING,
    ),
    ("remediated", "marks_gone"): Meaning(
        "{bmc} was silent, since {adapter} marked its replies bad, and answers since receive offload is off.",
        NOTHING,
    ),
    ("unknown", "offload_overridden"): Meaning(
        "{bmc} answers, but this host's offload is switched off by something else than its adapter's settings, so that"
        " nobody knows what {adapter} would do.",
        "Enable task offload, or update or remove Npcap, then run this again.",
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
    ("remediated", "finished"): Meaning(
        "{bmc} answers, and the change of {adapter}, which an earlier run had left half done, is finished.",
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
    ("at_risk", "drift"): Meaning(
        "An earlier run had switched receive offload of {adapter} off, and it is on again.",
        "Nothing for now. Mode enforce switches it off again without proof.",
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

FOUND: Final[dict[VerdictWord, str]] = {
    "affected": "{bmc} is silent here, though it answers: {adapter} drops its replies.",
    "suspicious": "{bmc} is silent here, and {adapter} may drop its replies.",
    "at_risk": "An adapter of this host is known to drop replies.",
    "inconclusive": "A change of {adapter} broke off before it was confirmed.",
}
"""What was found on a host that is left as it is for one of the reasons of :data:`REFUSED`, with the same names."""

REFUSED: Final[dict[str, Meaning]] = {
    "restart_unguarded": Meaning(
        "It was left alone, since its restart may cut the connection to this host.",
        f"Set udp_rx_offload_guard to auto, or {_UNGUARDED}",
    ),
    "guard_not_trusted": Meaning(
        "It was left alone, since its restart may cut the connection to this host, and on a host like this one no guard"
        " was seen to work.",
        f"Look at docs/qualify.md, and at the profile in udp_rx_offload_host_profile; or {_UNGUARDED}",
    ),
    "write_restarts": Meaning(
        "It was left alone, since no restart is wanted, and on a host like this one writing the value alone was one.",
        "Set udp_rx_offload_restart to if_needed, so that the restart is guarded.",
    ),
    "undone_earlier": Meaning(
        "It was left alone, since an earlier restart of it cut this host off and a guard had to bring it back.",
        "Find out why this restart cuts the host off; after a driver update, or with udp_rx_offload_retry, it is tried"
        " again.",
    ),
    "guard_held": Meaning(
        "It was left alone, since another run guards it: {problem}",
        "Wait until that run has ended or its guard has fired, then run this again.",
    ),
    "guard_not_set": Meaning(
        "It was left alone, since no guard could be set on this host: {problem}",
        f"Let the account register scheduled tasks, or {_UNGUARDED}",
    ),
    "guard_not_possible": Meaning(
        "It was left alone, since no guard can be written for it: {problem}",
        f"Give the connection a plain name, or {_UNGUARDED}",
    ),
    "guard_in_the_way": Meaning(
        "It was left alone, since the guard of an earlier run can't be removed from it: {problem}",
        "Delete the scheduled task on the host, then run this again.",
    ),
    "restart_risky": Meaning(
        "It was left alone, since its restart may do harm: {problem}",
        "Put that right, or name the codes in udp_rx_offload_accept_risks to restart it all the same.",
    ),
}
"""The reasons that stand in place of a row's; the sentence comes after what was found."""
