#!lua flags=allow-oom
-- Lays the times of an account's leases on a clock that was set back, or on that of another server:
-- what lived at the last sign of life lives on for what it had left then; what had lapsed stays so.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
-- ARGV     keep           ms that the record is kept
-- RETURNS  {ms by which they were moved}
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'

local leases_key = KEYS[1]
local keep = ARGV[1]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)

local streams, latest = {}, now
local spent, starts, at = struct.unpack(ACCOUNT, record)
while at <= #record do
  local e = {}
  e.state, e.seen, e.cover, e.stream, e.session, e.started,
    e.content, e.player, e.name, at = struct.unpack(LEASE, record, at)
  latest = math.max(latest, e.seen)
  table.insert(streams, e)
end
local ahead = latest - now
if ahead == 0 then return {0} end
for n, e in ipairs(streams) do
  streams[n] = struct.pack(LEASE, e.state, math.max(0, e.seen - ahead), e.cover, e.stream,
    e.session, e.started, e.content, e.player, #e.name, e.name)
end
local moved = struct.pack(ACCOUNT, math.max(0, spent - ahead), math.max(0, starts - ahead))
redis.call('SET', leases_key, moved .. table.concat(streams), 'PX', keep)
return {ahead}
