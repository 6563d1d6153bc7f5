#!lua
-- Sets how many streams an account may play at once, from now on.
--
-- KEYS     s:{account}    its device sessions, a hash (sessions.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     limit          from 1
--          grant_for      ms that a grant can speak for a session
--          how            'set', or 'recall' if one that is set stays
--          most, keep     of events; none without the key
-- RETURNS  {1}
local sessions_key, events_key = KEYS[1], KEYS[2]
local limit, grant_for, how, most_events, keep_events = unpack(ARGV)

if how == 'recall' and redis.call('HEXISTS', sessions_key, 'limit') == 1 then return {1} end
if events_key and how == 'set' and redis.call('HGET', sessions_key, 'limit') ~= limit then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  events = {key = events_key, most = most_events, keep = keep_events, now = now}
  tell('p', '-', now, {limit = limit})
end
redis.call('HSET', sessions_key, 'limit', limit)
if redis.call('TTL', sessions_key) < 0 then redis.call('PEXPIRE', sessions_key, grant_for) end
return {1}
