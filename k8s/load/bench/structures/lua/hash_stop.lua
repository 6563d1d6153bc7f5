-- End a stream where leases are one hash (hash_start.lua).
-- KEYS    1 leases of one account
-- ARGV    1 stream id  2 id of the session that asks  3 its name  4 lease, ms  5 remember, ms
-- RETURNS {outcome, now in ms, {stream id, lease, …}}
local floor, id, remember = math.floor, ARGV[1], tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local function number(s, i)
  local a, b, c, d, e, f = s:byte(i, i + 5)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function bytes(n)
  return string.char(floor(n / 2 ^ 40), floor(n / 2 ^ 32) % 256, floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256)
end
local function answer(outcome) return {outcome, now, redis.call('HGETALL', KEYS[1])} end
local text = redis.call('HGET', KEYS[1], id)
if not text then return answer('unknown') end
local ends = number(text, 2)
if text:byte(1) ~= 108 then return answer(ends > now and 'ended' or 'unknown') end -- 108 is l, for lease
if ends + remember <= now then return answer('unknown') end
redis.call('HSET', KEYS[1], id, (text:sub(8, 15) == ARGV[2] and 's' or 't') .. bytes(now + remember) .. text:sub(8, 21) .. ARGV[3])
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', now + tonumber(ARGV[4]) + remember))
redis.call('PUBLISH', KEYS[1], '')
return answer('done')
