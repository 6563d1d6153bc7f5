#!lua flags=allow-oom
-- Takes back a device session that the server may have forgotten, as a token speaks for it.
--
-- KEYS     s:{account}    the device sessions, a hash (sessions.go)
-- ARGV     session        id of the session
--          device         a name to show, since its own is lost
--          ttl            ms that a session lives unless it is refreshed
--          witness        'token' if an access token speaks for it, 'grant' if a grant does
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
--          token_for      ms that an access token can speak for a session
--          grant_for      ms that a grant can
-- RETURNS  {now, 1 if the session lives now, else 0}
local SESSION = '^(%d+) (%S+) (%d+) (%d+) (.*)$' -- expires, generation, refreshed, created, device

local sessions_key = KEYS[1]
local session, device, ttl, witness, began, token_for, grant_for = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- When the server may last have forgotten something of the account. One that it has never heard of
-- it has forgotten just now.
local heard, lost, gone = unpack(redis.call('HMGET', sessions_key, 'heard', 'lost', 'gone'))
if not heard and not lost then
  lost = now
  redis.call('HSET', sessions_key, 'lost', lost)
end
heard, lost, began = tonumber(heard or 0), tonumber(lost or 0), tonumber(began)
local forgot = math.max(lost, began > heard and began or 0)

local found = redis.call('HGET', sessions_key, session)
local expires, generation, refreshed, created, name = (found or ''):match(SESSION)
if found then
  if tonumber(expires) <= now then return {now, 0} end
  if generation ~= 'grant' or witness == 'grant' then return {now, 1} end
else
  -- It may have ended as one of those whose ends are not kept.
  local speaks_for = witness == 'grant' and grant_for or token_for
  if forgot + token_for <= now or tonumber(gone or 0) + speaks_for > now then return {now, 0} end
  refreshed, created, name = now, now, device
end
local adopted = table.concat({now + ttl, witness, refreshed, created, name}, ' ')
redis.call('HSET', sessions_key, session, adopted)
redis.call('PEXPIRE', sessions_key, ttl + grant_for)
return {now, 1}
