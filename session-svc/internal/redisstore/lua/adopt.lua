#!lua flags=allow-oom
-- Take back a device session that was forgotten. The layout of a session, and of the mark, is in sessions.go.
-- KEYS    1 device sessions of one account
-- ARGV    1 session id  2 name  3 time to live, ms  4 how long to adopt, ms  5 generation: 0 for any, -1 for none
--         6 when the server began, ms, or 0: what is older may be lost  7 how long a grant speaks for what has ended, ms
-- RETURNS {1 if the session lives now, else 0}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(n) return string.format('%.0f', n) end
local mark = redis.call('HGET', KEYS[1], 'm')
local lost, adopting, gone = ((mark or '-1 0') .. ' 0'):match('^(%S+) (%d+) (%d+)')
local since = not mark and now or math.min(now, ARGV[6]) -- when the memory may have been lost
if (tonumber(lost) < 0 and -lost or lost + 2000) < since then -- replicas agree on it within 2 s
  adopting = since + ARGV[4]
  redis.call('HSET', KEYS[1], 'm', text(since) .. ' ' .. text(adopting) .. ' ' .. gone)
end
local found = redis.call('HGET', KEYS[1], ARGV[1])
local expires, generation, rest = (found or '0 0 '):match('^(%d+) (%S+) (.*)$')
if found and not (tonumber(expires) > now and generation == '-1' and ARGV[5] == '0') then return {tonumber(expires) > now and 1 or 0} end
local speaks = ARGV[5] == '0' and ARGV[4] or ARGV[7] -- for how long such a token can, after an end
if not found and (tonumber(adopting) <= now or gone + speaks > now) then return {0} end
if not found then rest = text(now) .. ' ' .. text(now) .. ' ' .. ARGV[2] end
redis.call('HSET', KEYS[1], ARGV[1], text(now + ARGV[3]) .. ' ' .. ARGV[5] .. ' ' .. rest)
redis.call('PEXPIRE', KEYS[1], ARGV[3] + ARGV[7])
return {1}
