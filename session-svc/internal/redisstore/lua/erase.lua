#!lua flags=allow-oom
-- Forgets an account that is no more: its device sessions, and what it played. What other systems
-- are still to be told goes on its way.
--
-- KEYS     s:{account}    its device sessions, a hash (sessions.go)
--          a:{account}    what the account plays, one packed value (record.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     most, keep     of events; none without the key
-- RETURNS  {1}
local sessions_key, leases_key, events_key = KEYS[1], KEYS[2], KEYS[3]
local most_events, keep_events = unpack(ARGV)

-- Marks of what the server has lost, and of ends, are nothing of it.
local marks = 0
for _, mark in ipairs({'lost', 'gone', 'others', 'ends'}) do
  marks = marks + redis.call('HEXISTS', sessions_key, mark)
end
local known = redis.call('HLEN', sessions_key) > marks or redis.call('EXISTS', leases_key) == 1
redis.call('DEL', sessions_key, leases_key)
if events_key and known then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  events = {key = events_key, most = most_events, keep = keep_events, now = now}
  tell('x', '-', now, {})
end
redis.pcall('PUBLISH', leases_key, '')
return {1}
