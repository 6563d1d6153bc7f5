#!lua flags=allow-oom
-- Takes back a device session that the server has forgotten, as it is recorded elsewhere, and
-- confirms one whose end the server may lack.
--
-- KEYS     s:{account}    the device sessions, a hash (sessions.go)
-- ARGV     session        id of the session
--          device         its name to show
--          expires        when it expires unless it is refreshed, Unix ms
--          generation     of its refresh token that is good, 0 if that is not known
--          refreshed      when it was refreshed last, Unix ms
--          created        when it was opened, Unix ms
--          ttl            ms that a session lives unless it is refreshed
--          grant_for      ms that a grant can speak for a session
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
-- RETURNS  {now, 1 if the session lives now, else 0}
local sessions_key = KEYS[1]
local session, device, expires, generation, refreshed, created = unpack(ARGV, 1, 6)
local ttl, grant_for, began = unpack(ARGV, 7)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- An account that the server has never heard of is one that it has just forgotten.
local found, heard, lost = unpack(redis.call('HMGET', sessions_key, session, 'heard', 'lost'))
if not heard and not lost then redis.call('HSET', sessions_key, 'lost', now) end
local known_until = tonumber((found or '-1'):match('^%S+'))
-- One that has expired, and not ended, was refreshed since: the server lacks that too.
if not found or known_until ~= 0 and known_until <= now then
  known_until = tonumber(expires)
  local recorded = table.concat({expires, generation, refreshed, created, device}, ' ')
  redis.call('HSET', sessions_key, session, recorded)
end
local lives = known_until > now
if lives and began ~= '0' then
  redis.call('HSET', sessions_key, '+' .. session, math.max(now, tonumber(began)))
end
redis.call('PEXPIRE', sessions_key, ttl + grant_for)
return {now, lives and 1 or 0}
