#!lua
-- Takes back the ends of sessions of another issuer's account that are recorded elsewhere, where
-- this server may have forgotten some, and notes that it has them all.
--
-- KEYS     s:{account}    the device sessions, a hash (sessions.go)
-- ARGV     question       of open.lua, which was asked before the records were read
--          ends           packed: when all sessions but one ended, Unix ms, and which; 0 for never;
--                         then when a session ended and which, again and again
--          leeway         ms that the clock of the records may be behind
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
-- RETURNS  {1 if the answer is to the question as it is, else 0: something may have been forgotten
--          since, so that open.lua must be asked again}
local END = '>I6c8' -- when, session
local SESSION = '^(%d+) %S+ (%d+) (%d+) ' -- expires, refreshed, created

local sessions_key = KEYS[1]
local question, ends, leeway, began = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local known_at = tonumber(question:match('^%d+'))
if redis.call('HGET', sessions_key, 'ends') ~= question or known_at < tonumber(began) then
  return {0}
end

-- Whoever signed in again since then lives on. What was ended counts as refreshed then.
local function finish(id, at)
  local found = redis.call('HGET', sessions_key, id)
  local expires, ended, created = (found or '0 0 0 0 '):match(SESSION)
  local again = expires ~= '0' and tonumber(created) > at + leeway
  if not again and (expires ~= '0' or tonumber(ended) < at) then
    redis.call('HSET', sessions_key, id, '0 0 ' .. at .. ' 0 ')
  end
end

local others_at, but, next_at = struct.unpack(END, ends)
local found_at = (redis.call('HGET', sessions_key, 'others') or '0'):match('^%d+')
if others_at > tonumber(found_at) then
  redis.call('HSET', sessions_key, 'others', others_at .. ' ' .. but)
  for _, id in ipairs(redis.call('HKEYS', sessions_key)) do
    if #id == #but and id ~= but then finish(id, others_at) end
  end
end
while next_at <= #ends do
  local at, id
  at, id, next_at = struct.unpack(END, ends, next_at)
  finish(id, at)
end
redis.call('HSET', sessions_key, 'ends', math.max(now, tonumber(began)))
return {1}
