-- Renew a lease, or take a slot again for one that has lapsed. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 limit  4 lease, ms  5 remember, ms
-- RETURNS {outcome, now in ms, leases}, without the leases when it is 'renewed'; the outcomes are those of stream.Store.Renew
local floor, id, sid, lease = math.floor, ARGV[1], ARGV[2], tonumber(ARGV[4])
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local record = redis.call('GET', KEYS[1]) or ''
local function number(s, i)
  local a, b, c, d, e, f = s:byte(i, i + 5)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function bytes(n)
  return string.char(floor(n / 2 ^ 40), floor(n / 2 ^ 32) % 256, floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256)
end

local at, others, i = nil, 0, 1
while i <= #record do
  if record:sub(i + 7, i + 22) == id then
    at = i
  elseif record:byte(i) == 108 and number(record, i + 1) > now then -- 108 is l, for lease
    others = others + 1
  end
  i = i + 38 + record:byte(i + 37)
end
if not at or record:sub(at + 23, at + 30) ~= sid then return {'unknown', now, record} end
local ends, remember = number(record, at + 1), tonumber(ARGV[5])
if record:byte(at) ~= 108 then return {ends > now and 'ended' or 'unknown', now, record} end
if ends + remember <= now then return {'unknown', now, record} end
local expires = (redis.call('HGET', KEYS[2], sid) or ''):match('^%d+')
if not expires or tonumber(expires) <= now then return {'no_session', now, record} end
local lapsed = ends <= now
if lapsed and others >= tonumber(ARGV[3]) then return {'limit_reached', now, record} end
record = record:sub(1, at) .. bytes(now + lease) .. record:sub(at + 7)
redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', now + lease + remember))
if lapsed then return {'resumed', now, record} end
return {'renewed', now}
