-- Open a device session. The layout of a session is in sessions.go.
-- KEYS    1 device sessions of one account
-- ARGV    1 session id  2 policy, name  3 time to live, ms  4 sessions at most
-- RETURNS {now in ms, session}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HGET', KEYS[1], ARGV[1])
if found then return {now, found} end -- repeated

local all, count = redis.call('HGETALL', KEYS[1]), 0
local oldest, since
for n = 1, #all, 2 do
  local expires, refreshed = all[n + 1]:match('^(%d+) %a %d+ (%d+)')
  if tonumber(expires) <= now then
    redis.call('HDEL', KEYS[1], all[n])
  else
    count = count + 1
    if not since or tonumber(refreshed) < since then oldest, since = all[n], tonumber(refreshed) end
  end
end
if count >= tonumber(ARGV[4]) then redis.call('HDEL', KEYS[1], oldest) end -- its streams can't be renewed any more
local policy, name = ARGV[2]:sub(1, 1), ARGV[2]:sub(2)
local at = string.format('%.0f', now)
local session = string.format('%.0f', now + tonumber(ARGV[3])) .. ' ' .. policy .. ' 1 ' .. at .. ' ' .. at .. ' ' .. name
redis.call('HSET', KEYS[1], ARGV[1], session)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {now, session}
