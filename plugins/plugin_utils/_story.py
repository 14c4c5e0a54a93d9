# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the remediation.windows_nic collection: may change in any release.

"""The story of a diagnosis for a person: what was asked, heard and seen, and what follows from it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ansible_collections.remediation.windows_nic.plugins.plugin_utils._diagnosis import asked_from_others, packets_of
from ansible_collections.remediation.windows_nic.plugins.plugin_utils._meanings import TITLES

Result = Mapping[str, Any]
Paragraph = dict[str, str]

_HEARD: Final = {
    "answered": "it answered",
    "answered_with_error_code": "it answered, with an error code",
    "no_answer": "nothing came back",
    "no_route": "there is no route",
    "blocked_outbound": "a firewall of the asking machine kept the question from leaving",
    "port_unreachable": "nothing listens there, it says by ICMP",
    "answered_elsewhere": "an answer came from another address or port",
    "malformed": "what came back is no answer",
    "probe_unavailable": "it could not be asked",
}
_WORTH_TELLING: Final = (
    "task_offload_disabled",
    "npcap_overrides_offload",
    "npcap_version_unknown",
    "outbound_blocked",
    "local_port_in_use",
)
_FIREWALL: Final = {
    "passes": "The firewall's profiles keep no reply out.",
    "question_blocked": "A profile of the firewall lets nothing out that no rule allows.",
    "unknown": "The firewall's profiles could not be read.",
}


def tell(evidence: Mapping[str, Any], result: Result) -> list[Paragraph]:
    """Return the story of one host, as paragraphs with ``about`` and ``text``.

    Args:
        evidence: The registered results that the judgement was made from.
        result: The judgement.
    """
    paragraphs: list[Paragraph] = []
    probes = _probes(evidence, "probe")
    for judged in result["probes"]:
        before = next((each for each in probes if each["bmc"] == judged["bmc"]), None)
        if before is not None:
            paragraphs += _of_bmc(evidence, before, judged)
    paragraphs += _host(evidence, result)
    told = {packets_of(_step(evidence, "drops"), each["bmc"]).proof for each in result["probes"]}
    paragraphs.append({"about": "So", "text": f"{_title(result)} {_without(result['sentence'], told)}"})
    paragraphs.append({"about": "Next", "text": result["next_step"]})
    return paragraphs


def _title(result: Result) -> str:
    word = TITLES[result["verdict"]]
    sure = "" if result["confidence"] == "none" else f", {result['confidence']}"
    return f"{word[0].upper()}{word[1:]}{sure} ({result['reason']})."


def _without(sentence: str, told: Iterable[str]) -> str:
    """A sentence without the proof that was told above it."""
    for proof in told:
        sentence = sentence.removesuffix(proof).rstrip()
    return sentence


def _of_bmc(evidence: Mapping[str, Any], before: Result, judged: Result) -> list[Paragraph]:
    bmc = before["bmc"]
    named = bmc if bmc == before["address"] else f"{bmc} ({before['address']})"
    source = f" from {before['source_address']}" if before["source_address"] else ""
    times = f", {before['attempts']} times" if before["attempts"] else ""
    told = [{"about": "Asked", "text": f"{named}, UDP port {before['port']}{source}{times}: {_heard(before)}."}]
    elsewhere = [each for each in _controls(evidence) if each["bmc"] == bmc]
    others = [f"From {_vantage(each)} {_heard(each)}." for each in elsewhere]
    others += [
        f"From this host's address {each['source_address']} {_heard(each)}."
        for each in asked_from_others(_step(evidence, "sources"), bmc)
    ]
    if others:
        told.append({"about": "Elsewhere", "text": " ".join(others)})
    if before.get("path"):
        told.append({"about": "Way", "text": _way(before, evidence)})
    packets = packets_of(_step(evidence, "drops"), bmc)
    if packets.sentence:
        saved = f" Saved as {packets.file}." if packets.file else ""
        told.append({"about": "Packets", "text": packets.sentence + saved})
    if len(_probes(evidence, "probe")) > 1:
        told.append({"about": "Found", "text": f"{_title(judged)} {_without(judged['sentence'], {packets.proof})}"})
    return told


def _heard(probe: Result) -> str:
    words = _HEARD.get(probe["outcome"], str(probe["outcome"]))
    if probe["outcome"] == "answered" and probe["answers"] < probe["attempts"]:
        words += f" {probe['answers']} times"
    return words


def _vantage(probe: Result) -> str:
    return "the controller" if probe["vantage"] == "controller" else "a witness"


def _way(before: Result, evidence: Mapping[str, Any]) -> str:
    path = before["path"]
    if path["adapter"] is None:
        return "The host has no route there."
    below = [name for name in path["physical"] if name != path["adapter"]]
    through = path["adapter"] + (f", over {', '.join(below)}" if below else "")
    step = "On the link" if path["on_link"] else f"By way of {path['next_hop']}"
    neighbour = path["neighbour"]
    if neighbour is None:
        known = "it is not in the table of neighbours"
    else:
        known = f"its neighbour entry is {neighbour['state']}" + (f" ({neighbour['mac']})" if neighbour["mac"] else "")
    text = f"{step} through {through}; {known}; ICMP {path['icmp']}."
    errors = before.get("udp_errors") or {}
    if errors.get("before") is not None and errors.get("after") is not None:
        text += f" Windows counted {errors['after'] - errors['before']} UDP errors meanwhile."
    return text + _drivers(path["physical"], evidence)


def _drivers(names: Sequence[str], evidence: Mapping[str, Any]) -> str:
    facts = (_step(evidence, "facts") or {}).get("ansible_facts") or {}
    told = ""
    for adapter in facts.get("windows_nics") or ():
        if adapter["name"] in names:
            driver, offload = adapter["driver"], adapter["udp_ipv4_checksum"]
            which = " ".join(str(part) for part in (driver["file"], driver["version"]) if part)
            told += (
                f" {adapter['name']} is {adapter['description']}, {which or 'driver unknown'}; UDP checksum offload is"
                f" {offload['configured'] or 'not configured'}, in force {offload['active'] or 'unknown'}."
            )
    return told


def _host(evidence: Mapping[str, Any], result: Result) -> list[Paragraph]:
    found = (_step(evidence, "receive_path") or {}).get("receive_path")
    if not found or not result["probes"]:
        return []
    parts = [_FIREWALL[found["firewall"]["reply"]]]
    parts += [each["sentence"] for each in found["findings"] if each["code"] in _WORTH_TELLING]
    unread = ", ".join(each["what"] for each in found["not_read"])
    if unread:
        parts.append(f"Not read: {unread}.")
    return [{"about": "Host", "text": " ".join(parts)}]


def _controls(evidence: Mapping[str, Any]) -> list[Result]:
    return [probe for result in evidence.get("controls") or () for probe in (result or {}).get("probes") or ()]


def _probes(evidence: Mapping[str, Any], name: str) -> Sequence[Result]:
    return (_step(evidence, name) or {}).get("probes") or ()


def _step(evidence: Mapping[str, Any], name: str) -> Result | None:
    found = evidence.get(name)
    return found if found and not found.get("skipped") else None
