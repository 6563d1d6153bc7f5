#!lua
-- Open a device session. The layout of a session, and of the mark, is in sessions.go.
-- KEYS    1 device sessions of one account
-- ARGV    1 session id  2 name  3 time to live, ms  4 sessions at most  5 '1' if the account signed in before  6 how long to adopt, ms
--         7 sessions known at most  8 how long a grant speaks for what has ended, ms
-- RETURNS {now in ms, session}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(n) return string.format('%.0f', n) end
local found = redis.call('HGET', KEYS[1], ARGV[1])
if found then return {now, found} end -- repeated

local mark = redis.call('HGET', KEYS[1], 'm')
if not mark then -- we never heard of the account
  mark = ARGV[5] == '1' and text(now) .. ' ' .. text(now + ARGV[6]) .. ' 0' or '-' .. text(now) .. ' 0 0'
  redis.call('HSET', KEYS[1], 'm', mark)
end
local lost, gone = (mark .. ' 0'):match('^(%S+ %d+) (%d+)')
local all, count, oldest, oldname, since, forgotten = redis.call('HGETALL', KEYS[1]), 0, nil, nil, nil, tonumber(gone)
for n = 1, #all, 2 do
  local expires, refreshed, name = all[n + 1]:match('^(%d+) %S+ (%d+) ?%d* ?(.*)$') -- refreshed is when it ended, of an ended one
  if all[n] == 'm' then -- the mark is no session
  elseif tonumber(expires) > now then
    count = count + 1
    if not since or tonumber(refreshed) < since then oldest, since, oldname = all[n], tonumber(refreshed), name end
  else
    local ended = math.max(expires, refreshed)
    if ended + ARGV[8] <= now then -- nothing speaks for it any more
      redis.call('HDEL', KEYS[1], all[n])
    elseif #all > 2 * ARGV[7] then
      redis.call('HDEL', KEYS[1], all[n])
      forgotten = math.max(forgotten, ended)
    end
  end
end
if forgotten > tonumber(gone) then redis.call('HSET', KEYS[1], 'm', lost .. ' ' .. text(forgotten)) end
if count >= tonumber(ARGV[4]) then redis.call('HSET', KEYS[1], oldest, '0 0 ' .. text(now) .. ' 0 ' .. oldname) end -- its streams can't be renewed any more
local session = table.concat({text(now + ARGV[3]), '1', text(now), text(now), ARGV[2]}, ' ')
redis.call('HSET', KEYS[1], ARGV[1], session)
redis.call('PEXPIRE', KEYS[1], ARGV[3] + ARGV[8])
return {now, session}
