#!lua flags=allow-oom
-- Renew a lease, take a slot again for one that has lapsed, or put one back that was forgotten. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 limit  4 lease, ms  5 remember, ms  6 content of the ticket or ''  7 start of the ticket
--         8 '1' if the server itself is new
-- RETURNS {'renewed', now in ms, ms gained} or {outcome, now in ms, leases}; the outcomes are those of stream.Store.Renew
local floor, id, sid, lease, remember = math.floor, ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
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
local ends = at and number(record, at + 1)
if at and ends + (record:byte(at) == 108 and remember or 0) <= now then -- nobody asks for it any more
  record, at = record:sub(1, at - 1) .. record:sub(at + 38 + record:byte(at + 37)), nil
end
if at then
  if record:sub(at + 23, at + 30) ~= sid then return {'unknown', now, record} end
  if record:byte(at) ~= 108 then return {'ended', now, record} end
elseif ARGV[6] == '' then
  return {'unknown', now, record}
end
local session = redis.call('HMGET', KEYS[2], sid, 'm')
if tonumber((session[1] or '0'):match('^%d+')) <= now then return {'no_session', now, record} end
if not at and ARGV[8] ~= '1' and tonumber((session[2] or '0'):match('^%d+')) + lease <= now then return {'unknown', now, record} end
local again = not at or ends <= now
if again and others >= tonumber(ARGV[3]) then return {'limit_reached', now, record} end
if at then
  record = record:sub(1, at) .. bytes(now + lease) .. record:sub(at + 7)
else
  local name = session[1]:match('^%S+ %S+ %S+ %S+ (.*)$')
  record = record .. 'l' .. bytes(now + lease) .. id .. sid .. ARGV[7] .. string.char(16 + #name) .. ARGV[6] .. '\0\0\0\0' .. name
end
redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', now + lease + remember))
if not again then return {'renewed', now, now + lease - ends} end
redis.call('PUBLISH', KEYS[1], '')
return {'resumed', now, record}
