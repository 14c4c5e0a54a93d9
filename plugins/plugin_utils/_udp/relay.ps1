# Copyright (c) 2026 the remediation.windows_nic contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Sends the datagrams it is given and returns what came back. It knows no protocol and judges nothing.
# In:  {version, source, wait_ms, settle_ms, sends: [{hex, address, port, after_ms}]}, sends in order of after_ms
# Out: {version, replies: [{send, hex, address, port, ms}], errors: [{send, code, ms}]} or {version, error, code, mode}
# after_ms and ms count from the start. It listens until wait_ms after the last send, but stops settle_ms after each
# target has answered as often as it was asked. Each target has its own socket: an ICMP error or a stranger's reply
# belongs to one target. "send" is the last send on that socket.
param([string]$RequestLine)
$sockets = @()
try {
  $request = ConvertFrom-Json -InputObject $RequestLine
  $source = [Net.IPAddress]::Any
  if ($request.source) { $source = [Net.IPAddress]$request.source }
  $sends = @($request.sends)
  $targets = @{}
  foreach ($send in $sends) {
    $name = "$($send.address):$($send.port)"
    if ($targets[$name]) { continue }
    do {
      $socket = [Net.Sockets.Socket]::new('InterNetwork', 'Dgram', 'Udp')
      $sockets += $socket
      $socket.Bind([Net.IPEndPoint]::new($source, 0))
      # A network card may divert what arrives at these ports to its management controller.
    } while (623, 664 -contains $socket.LocalEndPoint.Port)
    $targets[$name] = @{ Name = $name; Socket = $socket; Last = 0; Due = 0 }
  }
  $replies = @()
  $errors = @()
  $buffer = [byte[]]::new(2048)
  [Net.EndPoint]$peer = [Net.IPEndPoint]::new($source, 0)
  $next = 0
  $end = [long]::MaxValue
  $clock = [Diagnostics.Stopwatch]::StartNew()
  while (($now = $clock.ElapsedMilliseconds) -lt $end) {
    $until = $end
    if ($next -lt $sends.Count) { $until = $sends[$next].after_ms }
    try {
      if ($until -le $now) {
        $send = $sends[$next]
        $target = $targets["$($send.address):$($send.port)"]
        $target.Last = $next++
        $target.Due++
        if ($next -eq $sends.Count) { $end = $now + $request.wait_ms }
        [byte[]]$bytes = $send.hex -split '(..)' -ne '' | ForEach-Object { [Convert]::ToByte($_, 16) }
        $to = [Net.IPEndPoint]::new([Net.IPAddress]$send.address, $send.port)
        [void]$target.Socket.SendTo($bytes, $to)
        continue
      }
      $readable = [Collections.ArrayList]$sockets
      [Net.Sockets.Socket]::Select($readable, $null, $null, [int](1000 * [Math]::Min($until - $now, 1000)))
      foreach ($target in $targets.Values) {
        if (-not $readable.Contains($target.Socket)) { continue }
        $size = $target.Socket.ReceiveFrom($buffer, [ref]$peer)
        if ($target.Due -gt 0 -and "$peer" -eq $target.Name) { $target.Due-- }
        if ($replies.Count -ge 256) { continue }
        $hex = [BitConverter]::ToString($buffer, 0, $size) -replace '-'
        $replies += '{"send":' + $target.Last + ',"hex":"' + $hex + '","address":"' + $peer.Address +
          '","port":' + $peer.Port + ',"ms":' + $clock.ElapsedMilliseconds + '}'
      }
    } catch [Net.Sockets.SocketException] {
      $target.Due--
      $code = [int]$_.Exception.GetBaseException().SocketErrorCode
      $errors += '{"send":' + $target.Last + ',"code":' + $code + ',"ms":' + $clock.ElapsedMilliseconds + '}'
    }
    if ($next -eq $sends.Count -and -not ($targets.Values | Where-Object { $_.Due -gt 0 })) {
      $end = [Math]::Min($end, $clock.ElapsedMilliseconds + $request.settle_ms)
    }
  }
  $answer = '{"version":1,"replies":[' + ($replies -join ',') + '],"errors":[' + ($errors -join ',') + ']}'
} catch {
  $cause = $_.Exception.GetBaseException()
  $answer = '{"version":1,"error":"' + $cause.GetType().FullName + '","code":' + [int]$cause.SocketErrorCode +
    ',"mode":"' + $ExecutionContext.SessionState.LanguageMode + '"}'
} finally {
  foreach ($socket in $sockets) { $socket.Close() }
}
# The pipeline would fold long lines.
[Console]::Out.WriteLine($answer)
