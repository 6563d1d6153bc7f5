-- Renew a lease where leases are packed as lean_start.lua says.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 limit  4 lease, ms  5 remember, ms
-- RETURNS {'renewed', now in ms, ms gained} or {outcome, now in ms, leases}
local floor, id, sid, lease, remember = math.floor, ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = (time[1] - 1577836800) * 1000 + floor(time[2] / 1000)
local record = redis.call('GET', KEYS[1]) or ''
local function number(s, i)
  local a, b, c, d, e = s:byte(i, i + 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
end
local function bytes(n) return string.char(floor(n / 2 ^ 32), floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256) end

local at, others, i = nil, 0, 1
while i <= #record do
  if record:sub(i + 6, i + 21) == id then
    at = i
  elseif record:byte(i) == 108 and number(record, i + 1) > now then -- 108 is l, for lease
    others = others + 1
  end
  i = i + 36 + record:byte(i + 35)
end
if not at or record:sub(at + 22, at + 29) ~= sid then return {'unknown', now, record} end
local ends = number(record, at + 1)
if record:byte(at) ~= 108 then return {ends > now and 'ended' or 'unknown', now, record} end
if ends + remember <= now then return {'unknown', now, record} end
local session = redis.call('HMGET', KEYS[2], sid, 'm')
if tonumber((session[1] or '0'):match('^%d+')) <= now + 1577836800000 then return {'no_session', now, record} end
if ends <= now and others >= tonumber(ARGV[3]) then return {'limit_reached', now, record} end
record = record:sub(1, at) .. bytes(now + lease) .. record:sub(at + 6)
redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', now + 1577836800000 + lease + remember))
if ends > now then return {'renewed', now, now + lease - ends} end
redis.call('PUBLISH', KEYS[1], '')
return {'resumed', now, record}
