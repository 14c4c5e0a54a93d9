# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""What was seen of one host and one BMC, and what the operator allows: the words of it, and what follows at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._diagnosis import Cause, OtherSource

Host = Literal[
    "read",
    "unreachable",
    "lost",  # unreachable since this run changed an adapter
    "lost_before",  # unreachable when an adapter was to be changed, and nothing was changed yet
    "unreadable",
    "undone_by_guard",  # cut off by the restart of an adapter, and brought back by the guard on it
    "guard_left",  # changed, but its guard can't be removed and will take the change back
    "not_restored",  # an original value could not be put back
    "second_round_failed",  # changed and heard, but switching receive offload on and off again broke off
]

Heard = Literal[
    "not_asked",
    "unavailable",  # the host can't send probes: no right to a shell, Constrained Language Mode
    "no_route",
    "blocked_outbound",
    "port_unreachable",
    "answered_elsewhere",
    "malformed",
    "too_few",  # nothing came back, but fewer than three attempts were made
    "silent",  # at least three attempts, and nothing ever came back
    "answers_once",
    "answers",  # at least twice
]

Control = Literal["none", "silent", "answers"]
"""The same BMC asked from elsewhere: nobody could ask, everybody who asked heard nothing, somebody heard it."""

Way = Literal["unread", "unproven", "proven"]
"""Whether datagrams get from the host to the BMC and back: ICMP answered, or a neighbour was resolved on the link."""

Adapter = Literal[
    "unfinished",  # an earlier run changed it and broke off before that was confirmed; a guard may be left on it
    "candidate",  # of a chosen class, with receive offload on, and its driver can do without
    "pending",  # set already, but the driver was not restarted since
    "perhaps_pending",  # likewise, or in force: the driver does not tell, or tells of the old value after its restart
    "restoring",  # the original value is back in the registry, and waits for the adapter's restart
    "record_unreadable",  # would be a candidate, but its undo record can't be understood, so that it is not changed
    "no_keyword",
    "wider_only",  # only by a change that takes more than UDP receive, which was not allowed
    "team_member",
    "off",
    "dormant",  # off now, but on again after a restart, or with the global switch
    "class_not_chosen",  # suspected of the fault, but that class is not to be changed
    "not_known",  # nothing says that this hardware has the fault
]
"""The adapter that the way from the host to the BMC leads through."""

Change = Literal["none", "pending", "made", "undone"]
"""What this run did to the adapter; pending means that the restart was left to the operator."""

Earlier = Literal[
    "none",
    "changed",  # a change that is still there
    "drift",  # a change that was there, and that something took back: receive offload is on again
    "not_cured",  # the record that a change did not cure this driver
    "undone_by_guard",  # the record that a change of this driver cut the host off
]
"""What an earlier run left on the host."""

Refusal = Literal[
    "none",
    "guard_held",  # another run, or its leftover, holds the guard of the adapter
    "guard_not_set",
    "guard_not_possible",  # no guard can be written for this adapter
    "guard_in_the_way",  # a guard of an earlier run is there and can't be removed
    "restart_risky",  # the preflight found what the restart may break
    "restart_unguarded",  # the restart may cut the connection, and nobody wants a guard or goes without
    "guard_not_trusted",  # a host like this one was tried out, and its guard did not work
    "write_restarts",  # no restart is wanted, and on a host like this one writing the value alone is one
]
"""Why this run, which wanted to change an adapter, left it as it was."""

Repeated = Literal[
    "none",
    "refused",  # it was not begun
    "begun",  # receive offload is on again, and what was heard then speaks for going on
    "unclear",  # with it on again the BMC was neither clearly heard nor clearly silent
    "heard_on",  # heard with it on again
    "not_again",  # not heard when it was off again
    "twice",  # silent with it on again and heard with it off again, and heard elsewhere all the time
    "twice_alone",  # likewise, but nobody else could ask each time
]
"""What came of the second round of a full proof: receive offload on again, and off again."""

Mode = Literal["report", "prove", "enforce"]


@dataclass(frozen=True, slots=True)
class Observations:
    """What was seen of one host and one BMC, and what the operator allows.

    ``after``, ``way_after`` and ``control_after`` speak of the time after this run's change; ``way_after`` is proven
    only where the way leads through an adapter that was changed. ``in_force`` is false where the driver says that it
    still works with receive offload after its restart. ``cured_for_another`` tells that the same change made another
    BMC heard, which had been silent. ``other_candidate`` tells of a candidate that the way to this BMC does not lead
    through. ``cause`` is what the packets of the probe show, and ``other_source`` what was heard from other addresses
    of the same adapter. ``overridden`` is true where something else than its settings has, or may have, switched the
    adapter's offload off, so that an answer proves nothing about its driver. ``repeated`` is what came of a second
    round, after a change that made the BMC heard. ``obstacle`` is what speaks against a change before it is tried, such
    as that it would restart an adapter which may carry the connection, without a guard
    and without leave. ``refusal`` is what came of trying.
    """

    host: Host = "read"
    before: Heard = "not_asked"
    control_before: Control = "none"
    way: Way = "unread"
    own_bmc: bool = False
    adapter: Adapter = "not_known"
    other_candidate: bool = False
    earlier: Earlier = "none"
    change: Change = "none"
    after: Heard = "not_asked"
    way_after: Way = "unread"
    control_after: Control = "none"
    in_force: bool = True
    cured_for_another: bool = False
    mode: Mode = "prove"
    change_without_control: bool = True
    obstacle: Refusal = "none"
    refusal: Refusal = "none"
    cause: Cause = "none"
    other_source: OtherSource = "none"
    overridden: bool = False
    repeated: Repeated = "none"

    @property
    def changed(self) -> bool:
        """This run changed the adapter and restarted it, whether or not it undid that."""
        return self.change in ("made", "undone")

    @property
    def silent(self) -> bool:
        """Never heard before any change of this run."""
        return self.before == "silent"

    @property
    def heard(self) -> bool:
        """Heard at least once before any change of this run."""
        return self.before in ("answers", "answers_once")

    @property
    def way_proven(self) -> bool:
        """Silence would be the host's own: the way works, and it leads to another machine's BMC.

        A host can't reach its own BMC through a port that both share, so its silence there is no evidence.
        """
        return self.way == "proven" and not self.own_bmc

    @property
    def unchanged_silent(self) -> bool:
        """Silent, and nothing was changed in this run."""
        return self.silent and not self.changed

    @property
    def unheard(self) -> bool:
        """Silent although the way works, and nothing was changed in this run."""
        return self.unchanged_silent and self.way_proven

    @property
    def only_here(self) -> bool:
        """This host doesn't hear the BMC, and another machine does."""
        return self.unheard and self.control_before == "answers"

    @property
    def perhaps_only_here(self) -> bool:
        """This host doesn't hear the BMC, and nobody is known to hear it as little."""
        return self.unheard and self.control_before != "silent"

    @property
    def silent_throughout(self) -> bool:
        """Silent before the change, although the way worked, and after it."""
        return self.changed and self.silent and self.way_proven and self.after == "silent"

    @property
    def still_silent(self) -> bool:
        """Silent before and after the change, although it is in force, and the way works through that very adapter.

        A change that made another BMC heard is no failure, whatever this one does.
        """
        return self.silent_throughout and self.way_after == "proven" and self.in_force and not self.cured_for_another

    @property
    def heard_since(self) -> bool:
        """Silent before the change, and heard at least once after it."""
        return self.changed and self.silent and self.after in ("answers", "answers_once")

    @property
    def now_heard(self) -> bool:
        """Silent before the change, and heard more than once after it."""
        return self.heard_since and self.after == "answers"

    @property
    def other_wanted(self) -> bool:
        """Something else than the adapter on the way would be changed."""
        return self.mode == "enforce" and self.other_candidate

    @property
    def restart_missing(self) -> bool:
        """The value is there, and nothing shows that it is in force: neither the driver nor an answer."""
        return self.adapter == "pending" or (self.adapter == "perhaps_pending" and not self.heard)

    @property
    def clear_before(self) -> bool:
        """Before any change it was clear whether the host hears the BMC."""
        return self.heard or (self.silent and self.way_proven)

    @property
    def clear_after(self) -> bool:
        """After the change it was clear whether the host hears the BMC."""
        return self.after in ("answers", "answers_once", "silent")

    @property
    def at_risk(self) -> bool:
        """An adapter of a chosen class works with receive offload on, whether or not it could be changed."""
        return self.other_candidate or self.adapter in ("candidate", "wider_only", "team_member", "record_unreadable")

    @property
    def marked_bad(self) -> bool:
        """The packets show that the driver marks good replies bad, and nothing was changed in this run.

        They need no control, and no other proof of the way: the replies themselves came along it.
        """
        return self.cause == "driver_marked_bad" and not self.heard and not self.changed

    @property
    def shown(self) -> Cause:
        """What the packets show of a silence that nothing was changed about in this run."""
        return self.cause if self.before in ("silent", "too_few") and not self.changed else "none"

    @property
    def heard_all_the_same(self) -> bool:
        """Heard without any change of this run, on an adapter whose offload something else may have switched off."""
        return self.overridden and self.heard and not self.changed and not self.at_risk
