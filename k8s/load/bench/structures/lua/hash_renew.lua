-- Renew a lease where leases are one hash (hash_start.lua).
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 limit  4 lease, ms  5 remember, ms
-- RETURNS {'renewed', now in ms, ms gained} or {outcome, now in ms, {stream id, lease, …}}
local floor, id, sid, lease, remember = math.floor, ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local function number(s, i)
  local a, b, c, d, e, f = s:byte(i, i + 5)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function bytes(n)
  return string.char(floor(n / 2 ^ 40), floor(n / 2 ^ 32) % 256, floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256)
end
local function refused(outcome) return {outcome, now, redis.call('HGETALL', KEYS[1])} end
local text = redis.call('HGET', KEYS[1], id)
if not text then return refused('unknown') end
local ends = number(text, 2)
if text:byte(1) ~= 108 then return refused(ends > now and 'ended' or 'unknown') end -- 108 is l, for lease
if text:sub(8, 15) ~= sid or ends + remember <= now then return refused('unknown') end
local session = redis.call('HMGET', KEYS[2], sid, 'm')
if tonumber((session[1] or '0'):match('^%d+')) <= now then return refused('no_session') end
if ends <= now then
  local live = 0
  for _, each in ipairs(redis.call('HVALS', KEYS[1])) do
    if each:byte(1) == 108 and number(each, 2) > now then live = live + 1 end
  end
  if live >= tonumber(ARGV[3]) then return refused('limit_reached') end
end
redis.call('HSET', KEYS[1], id, 'l' .. bytes(now + lease) .. text:sub(8))
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', now + lease + remember))
if ends > now then return {'renewed', now, now + lease - ends} end
redis.call('PUBLISH', KEYS[1], '')
return refused('resumed')
