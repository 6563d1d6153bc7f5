#!lua flags=allow-oom
-- Takes back a start whose answer nobody got: its slot is free again, as if it had never been
-- taken. What has given a sign of life since, or was told to a client that repeated the start,
-- stays.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     stream         id that the start would have given
--          keep           ms that the record is kept
--          start_every    ms that the start was paid for with
--          most, keep     of events; none without the key
-- RETURNS  {1 if there was something to take back, else 0}
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'

local leases_key, events_key = KEYS[1], KEYS[2]
local stream, keep, start_every, most_events, keep_events = unpack(ARGV)
if events_key then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  events = {key = events_key, most = most_events, keep = keep_events, now = now}
end

local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)
local spent, starts, first = struct.unpack(ACCOUNT, record)
local at = first
while at <= #record do
  local state, seen, cover, id, session, started, content, _, _, after =
    struct.unpack(LEASE, record, at)
  if id == stream then
    if state ~= 'l' or seen ~= started or cover ~= 0 then return {0} end
    record = struct.pack(ACCOUNT, spent, math.max(0, starts - start_every))
      .. record:sub(first, at - 1)
      .. record:sub(after)
    redis.call('SET', leases_key, record, 'PX', keep)
    if events then
      tell('e', 'u', events.now, {
        session = session, stream = id, content = content, started = started,
      })
    end
    redis.pcall('PUBLISH', leases_key, '')
    return {1}
  end
  at = after
end
return {0}
