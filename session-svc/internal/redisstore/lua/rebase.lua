#!lua flags=allow-oom
-- Lays the times of an account's leases on a clock that was set back, or on that of another server:
-- what lived at the last sign of life lives on for what it had left then; what had lapsed stays so.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
-- ARGV     lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end or lapse
-- RETURNS  {ms by which they were moved}
local LEASE = '>c1I6c16c8I6c12c4Bc0'

local leases_key = KEYS[1]
local lease, remember = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('GET', leases_key) or ''

local streams, latest, at = {}, now, 1
while at <= #record do
  local e = {}
  e.state, e.seen, e.stream, e.session, e.started,
    e.content, e.player, e.name, at = struct.unpack(LEASE, record, at)
  latest = math.max(latest, e.seen)
  table.insert(streams, e)
end
local ahead = latest - now
if ahead == 0 then return {0} end
for n, e in ipairs(streams) do
  streams[n] = struct.pack(LEASE, e.state, math.max(0, e.seen - ahead), e.stream, e.session,
    e.started, e.content, e.player, #e.name, e.name)
end
redis.call('SET', leases_key, table.concat(streams), 'PX', lease + remember)
return {ahead}
