#!lua
-- Opens a device session.
--
-- KEYS     s:{account}    the device sessions, a hash (sessions.go)
-- ARGV     session        id of the new session
--          device         its name to show
--          ttl            ms that a session lives unless it is refreshed
--          most_living    how many sessions may live; one more ends the one not refreshed longest
--          most_kept      how many are kept with the ended ones; beyond, these are forgotten early
--          sign_in        'later' if the account is known to have signed in before, else 'first'
--          remember       ms that the end of a session is kept
--          grant_for      ms that a grant can speak for a session
-- RETURNS  {now, session as it is kept}
local SESSION = '^(%d+) (%S+) (%d+) (%d+) (.*)$' -- expires, generation, refreshed, created, device

local sessions_key = KEYS[1]
local session, device, ttl, most_living, most_kept, sign_in = unpack(ARGV, 1, 6)
local remember, grant_for = unpack(ARGV, 7)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HGET', sessions_key, session)
if found then return {now, found} end -- a repeated call

local heard, lost = unpack(redis.call('HMGET', sessions_key, 'heard', 'lost'))
if not heard and not lost then
  redis.call('HSET', sessions_key, sign_in == 'later' and 'lost' or 'heard', now)
end

local fields = redis.call('HGETALL', sessions_key)
local living, past, oldest = 0, {}, nil
for n = 1, #fields, 2 do
  local expires, _, refreshed, _, name = fields[n + 1]:match(SESSION) -- nil of the others
  if expires then
    local s = {id = fields[n], device = name}
    s.expires, s.refreshed = tonumber(expires), tonumber(refreshed)
    if s.expires <= now then
      table.insert(past, s)
    else
      living = living + 1
      if not oldest or s.refreshed < oldest.refreshed then oldest = s end
    end
  end
end

local crowded = living + #past >= tonumber(most_kept)
for _, s in ipairs(past) do
  local ended = math.max(s.expires, s.refreshed) -- what was ended counts as refreshed then
  if crowded or ended + remember <= now then redis.call('HDEL', sessions_key, s.id, '+' .. s.id) end
end
if living >= tonumber(most_living) then -- the streams of what ends here can't be renewed any more
  redis.call('HSET', sessions_key, oldest.id, '0 0 ' .. now .. ' 0 ' .. oldest.device)
end

local opened = table.concat({now + ttl, 1, now, now, device}, ' ')
redis.call('HSET', sessions_key, session, opened)
redis.call('PEXPIRE', sessions_key, ttl + grant_for)
return {now, opened}
