# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Records with PktMon what becomes of the datagrams of one run of the relay. Judges nothing and leaves nothing behind.
# In:  {version, address, port, packet_bytes, file_mb, max_events, relay}; relay is the relay's own request as text, or
#      null to do no more than remove what a run that was killed has left.
# Out: {version, unavailable, detail, relay, events: [{id, us, values: [text]}], events_left_out, cleaned, left_behind}
# A capture or filter that is not ours is never touched. Ours are known by their name. What programs print is
# translated, so that only exit codes, numbers, and names and options that somebody typed are looked at.
param([string]$RequestLine)
$relay = {
#relay
}
$name = 'remediation.windows_nic'
$system = [Environment]::SystemDirectory
$pktmon = [IO.Path]::Combine($system, 'PktMon.exe')
# Only administrators can write there, so that nobody can have put a link in place of the file.
$folder = [IO.Path]::Combine($system, 'LogFiles', 'WMI')
$file = [IO.Path]::Combine($folder, "$name.etl")
$options = '--capture', '--comp', '--type', '--pkt-size', '--flags', '--file-name', '--file-size'
$provider = '4d4f80d9-c8bd-4d73-bb5b-19c90402c5ac'
$wanted = 20, 160, 170, 180, 190

function Deny($code, $detail) { throw @{ Code = $code; Detail = $detail } }

function Invoke-Tool($program, $arguments) {
  $lines = @(& $program $arguments 2>&1 | ForEach-Object { "$_" -replace [char]0 } | Where-Object { $_.Trim() })
  @{ Code = $LASTEXITCODE; Lines = $lines; Text = $lines -join ' ' }
}

function Invoke-PktMon($step, $arguments) {
  $result = Invoke-Tool $pktmon $arguments
  if ($result.Code -ne 0) { Deny 'failed' "pktmon $step ended with exit code $($result.Code)" }
}

# What is there of anybody. A capture that only counts has no session, but status then has more than its one line.
function Get-Found {
  $session = Invoke-Tool ([IO.Path]::Combine($system, 'logman.exe')) @('query', 'PktMon', '-ets')
  $status = Invoke-Tool $pktmon @('status')
  $filters = (Invoke-Tool $pktmon @('filter', 'list')).Lines
  $rows = @($filters | Where-Object { $_ -match '^\s*\d+\s+\S' })
  $own = @($rows | Where-Object { ($_.Trim() -split '\s+')[1] -eq $name })
  $capture = $session.Code -eq 0 -or $status.Lines.Count -gt 1
  @{
    Capture = $capture
    OwnCapture = $capture -and ("$($session.Text)$($status.Text)" -replace '\s').Contains("$name.etl")
    # A table that is not understood has a line of hyphens all the same, and is somebody's.
    OtherFilter = $rows.Count -gt $own.Count -or (-not $rows -and $filters -match '^[\s-]*--[\s-]*$')
    OwnFilter = $own.Count -gt 0
    OwnFile = [IO.File]::Exists($file)
  }
}

# Removes what is ours, and names it.
function Remove-Own($found, $started) {
  if ($found.OwnCapture -or $started) {
    Invoke-PktMon 'stop' @('stop')
    'capture'
  }
  # Filters can only be removed all at once, and a capture of somebody else may be using them.
  if ($found.OwnFilter -and -not $found.OtherFilter -and ($found.OwnCapture -or $started -or -not $found.Capture)) {
    Invoke-PktMon 'filter remove' @('filter', 'remove')
    'filter'
  }
  if ($found.OwnFile) {
    [IO.File]::Delete($file)
    'file'
  }
}

function Read-Event($most) {
  $lines = [Collections.ArrayList]::new()
  $packets = 0
  $leftOut = 0
  $reader = [Diagnostics.Eventing.Reader.EventLogReader]::new($file, [Diagnostics.Eventing.Reader.PathType]::FilePath)
  try {
    while ($record = $reader.ReadEvent()) {
      if ("$($record.ProviderId)" -ne $provider -or $wanted -notcontains $record.Id) { continue }
      if (160, 170 -contains $record.Id) { $packets++ }
      if ($lines.Count -ge $most) {
        $leftOut++
        continue
      }
      $values = foreach ($property in $record.Properties) {
        if ($property.Value -is [byte[]]) { [BitConverter]::ToString($property.Value) -replace '-' }
        else { Format-Text $property.Value }
      }
      $us = [long](($record.TimeCreated.ToUniversalTime().Ticks - 621355968000000000) / 10)
      [void]$lines.Add('{"id":' + $record.Id + ',"us":' + $us + ',"values":["' + ($values -join '","') + '"]}')
    }
  } finally {
    $reader.Dispose()
  }
  @{ Lines = $lines -join ','; Packets = $packets; LeftOut = $leftOut }
}

# The text as it can stand in JSON and in any code page.
function Format-Text($text) { "$text" -replace '[^ !#-\[\]-~]', '?' }

function Format-Code($codes) { '[' + (@($codes | ForEach-Object { '"' + $_ + '"' }) -join ',') + ']' }

$heard = 'null'
$events = @{ Lines = ''; Packets = 0; LeftOut = 0 }
$cleaned = @()
$leftBehind = @()
$started = $false
$lock = $null
$refusal = $null
try {
  $request = ConvertFrom-Json -InputObject $RequestLine
  if (-not [IO.File]::Exists($pktmon)) { Deny 'no_pktmon' 'this version of Windows has no PktMon.exe' }
  $user = [Security.Principal.WindowsPrincipal][Security.Principal.WindowsIdentity]::GetCurrent()
  if (-not $user.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Deny 'not_allowed' 'the account is no administrator here, or not with its full rights'
  }
  $help = (Invoke-Tool $pktmon @('start', 'help')).Text
  $missing = @($options | Where-Object { -not $help.Contains($_) })
  if ($missing) { Deny 'old_grammar' "pktmon start does not know $($missing -join ' ')" }
  try {
    # Held while we run, and gone with this process, however that ends.
    $lock = [IO.FileStream]::new([IO.Path]::Combine($folder, "$name.lock"), [IO.FileMode]::OpenOrCreate,
      [IO.FileAccess]::ReadWrite, [IO.FileShare]::None, 1, [IO.FileOptions]::DeleteOnClose)
  } catch {
    # ERROR_SHARING_VIOLATION
    if ($_.Exception.GetBaseException().HResult -ne -2147024864) { throw }
    Deny 'capture_running' 'another capture of this collection is at work'
  }
  $found = Get-Found
  $cleaned = @(Remove-Own $found $false)
  if ($cleaned) { $found = Get-Found }
  if ($request.relay) {
    if ($found.Capture) { Deny 'capture_running' 'a capture of somebody else is running' }
    if ($found.OtherFilter -or $found.OwnFilter) { Deny 'filters_present' 'somebody else has set filters' }
    Invoke-PktMon 'filter add' @('filter', 'add', $name, '-i', $request.address, '-t', 'UDP', '-p', $request.port)
    Invoke-PktMon 'start' @('start', '--capture', '--comp', 'all', '--type', 'all', '--pkt-size', $request.packet_bytes,
      '--flags', '0x01A', '--file-name', $file, '--file-size', $request.file_mb)
    $started = $true
    # The relay prints its answer.
    $console = [Console]::Out
    $paper = [IO.StringWriter]::new()
    [Console]::SetOut($paper)
    try { [void](& $relay $request.relay) } finally { [Console]::SetOut($console) }
    if ("$paper".Trim()) { $heard = "$paper".Trim() }
    Invoke-PktMon 'stop' @('stop')
    $started = $false
    $events = Read-Event $request.max_events
    if ($events.Packets -eq 0) { Deny 'no_events' 'the capture has recorded no packet at all' }
  }
} catch {
  $refusal = $_.TargetObject
  if ($refusal -isnot [hashtable]) {
    $cause = $_.Exception.GetBaseException()
    $refusal = @{ Code = 'failed'; Detail = "the capture ended with $($cause.GetType().FullName) $($cause.HResult)" }
  }
} finally {
  if ($lock) {
    try {
      [void](Remove-Own (Get-Found) $started)
      $started = $false
    } catch {
      # What has been recorded counts all the same, and what is left is named next.
    }
    $found = Get-Found
    if ($found.OwnCapture -or $started) { $leftBehind += 'capture' }
    if ($found.OwnFilter) { $leftBehind += 'filter' }
    if ($found.OwnFile) { $leftBehind += 'file' }
    $lock.Dispose()
  }
}
$said = 'null,"detail":null'
if ($refusal) { $said = '"' + $refusal.Code + '","detail":"' + (Format-Text $refusal.Detail) + '"' }
# The pipeline would fold long lines.
[Console]::Out.WriteLine('{"version":1,"unavailable":' + $said + ',"relay":' + $heard + ',"events":[' + $events.Lines +
  '],"events_left_out":' + $events.LeftOut + ',"cleaned":' + (Format-Code $cleaned) + ',"left_behind":' +
  (Format-Code $leftBehind) + '}')
