# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Task definitions: what is read from them, and with which code Windows' refusals come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.lab.tasknodes import (
    INVALID_VALUE,
    MALFORMED,
    MISSING_NODE,
    TOO_MANY_NODES,
    UNEXPECTED_NODE,
    WRONG_NAMESPACE,
    TaskXmlError,
)
from tests.lab.taskvalues import ExecAction, Principal, Repetition, TaskSettings, duration_text, read_duration
from tests.lab.taskxml import NotSimulated, export_task, read_task

NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
EXEC = "<Actions><Exec><Command>reg.exe</Command></Exec></Actions>"
TIME = "<TimeTrigger><StartBoundary>2026-03-01T12:00:00Z</StartBoundary></TimeTrigger>"


def task(*parts: str, attributes: str = 'version="1.2"', actions: str = EXEC) -> str:
    """A definition with these sections and its actions."""
    return f'<Task {attributes} xmlns="{NAMESPACE}">{"".join(parts)}{actions}</Task>'


def triggers(inner: str) -> str:
    return task(f"<Triggers>{inner}</Triggers>")


def settings(inner: str) -> str:
    return task(f"<Settings>{inner}</Settings>")


FULL = f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="{NAMESPACE}">
  <RegistrationInfo><Author>somebody</Author><Description>what for</Description></RegistrationInfo>
  <Triggers>
    <TimeTrigger id="later">
      <Enabled>true</Enabled>
      <StartBoundary>2026-03-01T12:00:00Z</StartBoundary>
      <EndBoundary>2026-03-01T14:00:00Z</EndBoundary>
      <Repetition><Interval>PT1M</Interval><Duration>PT1H</Duration><StopAtDurationEnd>false</StopAtDurationEnd></Repetition>
      <ExecutionTimeLimit>PT5M</ExecutionTimeLimit>
    </TimeTrigger>
    <BootTrigger><EndBoundary>2026-03-01T14:00:00</EndBoundary><Delay>PT30S</Delay></BootTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT10M</ExecutionTimeLimit>
    <DeleteExpiredTaskAfter>PT1H</DeleteExpiredTaskAfter>
    <Priority>4</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec><Command>reg.exe</Command><Arguments>add "HKLM\\A B" /f</Arguments></Exec>
    <Exec><Command>cmd.exe</Command><WorkingDirectory>C:\\</WorkingDirectory></Exec>
  </Actions>
</Task>"""


def test_everything_is_read() -> None:
    definition, _tree = read_task(FULL)
    assert definition.registration == {"Author": "somebody", "Description": "what for"}
    later, boot = definition.triggers
    assert (later.kind, later.identifier, later.enabled) == ("TimeTrigger", "later", True)
    assert later.start == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert later.end == datetime(2026, 3, 1, 14, tzinfo=UTC)
    assert later.repetition == Repetition(timedelta(minutes=1), timedelta(hours=1))
    assert (later.time_limit, later.delay) == (timedelta(minutes=5), timedelta())
    assert (boot.kind, boot.delay, boot.start) == ("BootTrigger", timedelta(seconds=30), None)
    assert boot.end == datetime(2026, 3, 1, 14)  # noqa: DTZ001 - without a zone on purpose
    assert definition.principal == Principal("S-1-5-18", run_level="HighestAvailable", identifier="Author")
    assert definition.settings == TaskSettings(
        disallow_start_on_batteries=False,
        stop_on_batteries=False,
        start_when_available=True,
        time_limit=timedelta(minutes=10),
        delete_expired_after=timedelta(hours=1),
        priority=4,
    )
    assert definition.actions == (
        ExecAction("reg.exe", 'add "HKLM\\A B" /f'),
        ExecAction("cmd.exe", directory="C:\\"),
    )


def test_defaults_are_those_of_the_schema() -> None:
    definition, _tree = read_task(task())
    assert definition.settings == TaskSettings()
    assert definition.settings.time_limit == timedelta(hours=72)
    assert definition.settings.disallow_start_on_batteries
    assert not definition.settings.start_when_available
    assert (definition.triggers, definition.principal) == ((), Principal())


def test_a_time_limit_of_nothing_is_none_at_all() -> None:
    definition, _tree = read_task(settings("<ExecutionTimeLimit>PT0S</ExecutionTimeLimit>"))
    assert definition.settings.time_limit is None


@pytest.mark.parametrize(
    "inner",
    [
        (
            "<Enabled>true</Enabled><StartBoundary>2026-03-01T12:00:00</StartBoundary>"
            "<Repetition><Interval>PT1M</Interval></Repetition>"
        ),
        (
            "<Repetition><Interval>PT1M</Interval></Repetition>"
            "<StartBoundary>2026-03-01T12:00:00</StartBoundary><Enabled>true</Enabled>"
        ),
    ],
    ids=["the order of the schema", "the order that Windows exports"],
)
def test_both_orders_of_a_trigger(inner: str) -> None:
    definition, _tree = read_task(triggers(f"<TimeTrigger>{inner}</TimeTrigger>"))
    assert definition.triggers[0].repetition == Repetition(timedelta(minutes=1))


START = "<StartBoundary>2026-03-01T12:00:00</StartBoundary>"
REFUSED = {
    "no XML": ("Task", MALFORMED),
    "not closed": (task()[:-3], MALFORMED),
    "nothing": ("", MALFORMED),
    "entity": (f"<!DOCTYPE Task [<!ENTITY a 'b'>]>{task()}", MALFORMED),
    "another encoding": (f'<?xml version="1.0" encoding="UTF-8"?>{task()}', MALFORMED),
    "declaration not at the beginning": (f'\n<?xml version="1.0" encoding="UTF-16"?>{task()}', MALFORMED),
    "half a surrogate": (task(f"<RegistrationInfo><Author>{chr(0xD800)}</Author></RegistrationInfo>"), MALFORMED),
    "another root": (f'<Job xmlns="{NAMESPACE}">{EXEC}</Job>', UNEXPECTED_NODE),
    "no namespace": ("<Task><Actions><Exec><Command>a</Command></Exec></Actions></Task>", WRONG_NAMESPACE),
    "a child of another namespace": (task('<Settings xmlns="urn:x"/>'), WRONG_NAMESPACE),
    "version of the future": (task(attributes='version="1.7"'), INVALID_VALUE),
    "version that is none": (task(attributes='version="two"'), INVALID_VALUE),
    "unknown attribute": (task(attributes='version="1.2" note="x"'), UNEXPECTED_NODE),
    "unknown section": (task("<Trigger/>"), UNEXPECTED_NODE),
    "section twice": (task("<Settings/><Settings/>"), TOO_MANY_NODES),
    "text between sections": (task("text"), UNEXPECTED_NODE),
    "no actions": (task(actions=""), MISSING_NODE),
    "empty actions": (task(actions="<Actions/>"), MISSING_NODE),
    "no command": (task(actions="<Actions><Exec/></Actions>"), MISSING_NODE),
    "empty command": (task(actions="<Actions><Exec><Command/></Exec></Actions>"), INVALID_VALUE),
    "long command": (task(actions=EXEC.replace("reg.exe", "x" * 261)), INVALID_VALUE),
    "unknown action": (task(actions="<Actions><Run/></Actions>"), UNEXPECTED_NODE),
    "unknown part of an action": (task(actions=EXEC.replace("</Exec>", "<Args/></Exec>")), UNEXPECTED_NODE),
    "too many actions": (task(actions=f"<Actions>{EXEC[9:-10] * 33}</Actions>"), TOO_MANY_NODES),
    "context without principal": (task(actions=EXEC.replace("<Actions>", '<Actions Context="A">')), INVALID_VALUE),
    "unknown setting": (settings("<Restart>true</Restart>"), UNEXPECTED_NODE),
    "setting twice": (settings("<Enabled>true</Enabled><Enabled>true</Enabled>"), TOO_MANY_NODES),
    "setting of a later version": (
        settings("<UseUnifiedSchedulingEngine>true</UseUnifiedSchedulingEngine>"),
        UNEXPECTED_NODE,
    ),
    "no boolean": (settings("<Hidden>yes</Hidden>"), INVALID_VALUE),
    "no policy": (settings("<MultipleInstancesPolicy>Ignore</MultipleInstancesPolicy>"), INVALID_VALUE),
    "no duration": (settings("<ExecutionTimeLimit>10 minutes</ExecutionTimeLimit>"), INVALID_VALUE),
    "days among hours": (settings("<ExecutionTimeLimit>PT7D</ExecutionTimeLimit>"), INVALID_VALUE),
    "priority out of range": (settings("<Priority>11</Priority>"), INVALID_VALUE),
    "restart without count": (
        settings("<RestartOnFailure><Interval>PT1M</Interval></RestartOnFailure>"),
        MISSING_NODE,
    ),
    "expiry without an end": (settings("<DeleteExpiredTaskAfter>PT1H</DeleteExpiredTaskAfter>"), MISSING_NODE),
    "unknown trigger": (triggers("<OnceTrigger/>"), UNEXPECTED_NODE),
    "time trigger without a time": (triggers("<TimeTrigger/>"), MISSING_NODE),
    "no time": (triggers("<TimeTrigger><StartBoundary>noon</StartBoundary></TimeTrigger>"), INVALID_VALUE),
    "date alone": (triggers("<TimeTrigger><StartBoundary>2026-03-01</StartBoundary></TimeTrigger>"), INVALID_VALUE),
    "end before start": (
        triggers(f"<TimeTrigger>{START}<EndBoundary>2026-03-01T11:59:59</EndBoundary></TimeTrigger>"),
        INVALID_VALUE,
    ),
    "neither order": (
        triggers(f"<TimeTrigger><EndBoundary>2026-03-01T13:00:00</EndBoundary>{START}</TimeTrigger>"),
        UNEXPECTED_NODE,
    ),
    "part of another trigger": (triggers(f"<TimeTrigger>{START}<Delay>PT1M</Delay></TimeTrigger>"), UNEXPECTED_NODE),
    "part of a trigger twice": (triggers(f"<TimeTrigger>{START}{START}</TimeTrigger>"), TOO_MANY_NODES),
    "repetition without interval": (triggers(f"<TimeTrigger>{START}<Repetition/></TimeTrigger>"), MISSING_NODE),
    "repetition too fast": (
        triggers(f"<TimeTrigger>{START}<Repetition><Interval>PT59S</Interval></Repetition></TimeTrigger>"),
        INVALID_VALUE,
    ),
    "repetition too slow": (
        triggers(f"<TimeTrigger>{START}<Repetition><Interval>P32D</Interval></Repetition></TimeTrigger>"),
        INVALID_VALUE,
    ),
    "two principals": (task("<Principals><Principal/><Principal/></Principals>"), TOO_MANY_NODES),
    "empty user": (task("<Principals><Principal><UserId/></Principal></Principals>"), INVALID_VALUE),
    "no run level": (
        task("<Principals><Principal><RunLevel>Highest</RunLevel></Principal></Principals>"),
        INVALID_VALUE,
    ),
    "user and group": (
        task("<Principals><Principal><UserId>a</UserId><GroupId>b</GroupId></Principal></Principals>"),
        UNEXPECTED_NODE,
    ),
}


@pytest.mark.parametrize(("text", "code"), list(REFUSED.values()), ids=list(REFUSED))
def test_refused_definitions(text: str, code: int) -> None:
    with pytest.raises(TaskXmlError) as refusal:
        read_task(text)
    assert refusal.value.code == code


def test_the_error_names_line_column_and_element() -> None:
    with pytest.raises(TaskXmlError) as refusal:
        read_task(FULL.replace("<Priority>4<", "<Priority>x<"))
    assert str(refusal.value).splitlines()[1] == "(24,5):Priority:x"


def test_an_older_windows_knows_fewer_versions() -> None:
    later = task(attributes='version="1.4"')
    assert read_task(later, newest=(1, 4))[0].actions
    with pytest.raises(TaskXmlError):
        read_task(later, newest=(1, 3))


def test_settings_of_a_later_version_are_taken_from_that_version_on() -> None:
    text = settings("<UseUnifiedSchedulingEngine>true</UseUnifiedSchedulingEngine>")
    assert read_task(text.replace('version="1.2"', 'version="1.3"'))[0].settings == TaskSettings()


@pytest.mark.parametrize(
    "text",
    [
        triggers("<LogonTrigger/>"),
        triggers("<CalendarTrigger/>"),
        triggers(
            f"<TimeTrigger>{START}<Repetition><Interval>PT1M</Interval><StopAtDurationEnd>true</StopAtDurationEnd>"
            "</Repetition></TimeTrigger>"
        ),
        task(actions="<Actions><ComHandler/></Actions>"),
    ],
)
def test_what_the_lab_can_not_carry_out_is_said(text: str) -> None:
    with pytest.raises(NotSimulated):
        read_task(text)


def test_one_trigger_that_ends_is_enough_for_an_expiry() -> None:
    inner = "<EndBoundary>2026-03-01T13:00:00Z</EndBoundary>"
    text = task(
        f"<Triggers><TimeTrigger>{START}{inner}</TimeTrigger><BootTrigger/></Triggers>",
        "<Settings><DeleteExpiredTaskAfter>PT0S</DeleteExpiredTaskAfter></Settings>",
    )
    assert read_task(text)[0].settings.delete_expired_after == timedelta()


def test_data_may_be_anything() -> None:
    assert read_task(task('<Data><other xmlns="urn:x" a="b">text</other></Data>'))[0].actions


def test_export_can_be_registered_again() -> None:
    definition, tree = read_task(FULL)
    text = export_task(tree, "\\folder\\name")
    again, tree = read_task(text)
    assert text.startswith('<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2" xmlns=')
    assert again.registration == {**definition.registration, "URI": "\\folder\\name"}
    assert (again.triggers, again.settings, again.actions) == (
        definition.triggers,
        definition.settings,
        definition.actions,
    )
    assert export_task(tree, "\\folder\\name") == text


@pytest.mark.parametrize(
    ("text", "value", "written"),
    [
        ("PT1M", timedelta(minutes=1), "PT1M"),
        ("PT90S", timedelta(seconds=90), "PT1M30S"),
        ("P1DT2H", timedelta(days=1, hours=2), "P1DT2H"),
        ("P1M4DT2H5M", timedelta(days=34, hours=2, minutes=5), "P34DT2H5M"),
        ("P1Y", timedelta(days=365), "P365D"),
        ("PT0S", timedelta(), "PT0S"),
        ("PT0.5S", timedelta(milliseconds=500), "PT0S"),
    ],
)
def test_durations(text: str, value: timedelta, written: str) -> None:
    assert read_duration(text) == value
    assert duration_text(value) == written


@pytest.mark.parametrize("text", ["", "P", "PT", "P1DT", "1M", "P1W", "-PT1M", "pt1m", "PT1", "PT1.5M", " PT1M"])
def test_no_durations(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        read_duration(text)
