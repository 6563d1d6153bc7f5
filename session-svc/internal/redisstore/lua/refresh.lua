#!lua flags=allow-oom
-- Takes one generation of a session for the next.
--
-- KEYS     s:{account}    the device sessions, a hash (sessions.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     session        id of the session
--          given          generation of the refresh token, from 1
--          ttl            ms that a session lives unless it is refreshed
--          grant_for      ms that a grant can speak for an ended session
--          most, keep     of events; none without the key
-- RETURNS  {outcome, session as it is kept}; the outcomes are those of session.Store.Refresh
local SESSION = '^(%d+) (%S+) (%d+) (%d+) (.*)$' -- expires, generation, refreshed, created, device

local sessions_key, events_key = KEYS[1], KEYS[2]
local session, given, ttl, grant_for, most_events, keep_events = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HGET', sessions_key, session) or ''
local expires, generation, _, created, device = found:match(SESSION)
if not expires or tonumber(expires) <= now then return {'missing', ''} end

-- A generation that is newer than the server knows is of a refresh that the server has lost, since
-- its seal is ours.
local behind = (tonumber(generation) or 0) - given
-- The answer that named the successor may be lost.
if behind == 1 then return {'refreshed', found} end
if behind > 1 then
  if events_key then
    events = {key = events_key, most = most_events, keep = keep_events, now = now}
  end
  redis.call('HSET', sessions_key, session, '0 0 ' .. now .. ' 0 ' .. device)
  tell('c', 'r', now, {session = session, device = device})
  return {'reused', ''}
end
local next = table.concat({now + ttl, given + 1, now, created, device}, ' ')
redis.call('HSET', sessions_key, session, next)
redis.call('PEXPIRE', sessions_key, ttl + grant_for)
return {'refreshed', next}
