#!lua flags=allow-oom
-- Renew a lease, take a slot again for one that has lapsed, or put one back that was forgotten. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 limit  4 lease, ms  5 remember, ms  6 content and player of the ticket, or ''  7 start of the ticket
--         8 when the server began, ms, or 0: what is older may be lost
-- RETURNS {'renewed', now in ms, ms gained} or {outcome, now in ms, leases, sessions of these}; the outcomes are those of stream.Store.Renew,
--         and set_back if the clock was: then rebase.lua comes first. The sessions only where it is limit_reached
local floor, id, sid, lease, remember = math.floor, ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = (time[1] - 1577836800) * 1000 + floor(time[2] / 1000) -- times count from 2020 but for the sessions' and the answer's
local unix = now + 1577836800000
local record = redis.call('GET', KEYS[1]) or ''
local function number(s, i)
  local a, b, c, d, e = s:byte(i, i + 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
end
local function bytes(n) return string.char(floor(n / 2 ^ 32), floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256) end

local at, others, i = nil, 0, 1
while i <= #record do
  local ends = record:byte(i) == 108 and number(record, i + 1) or 0 -- 108 is l, for lease
  if ends - lease > now then return {'set_back', unix, ''} end
  if record:sub(i + 6, i + 21) == id then
    at = i
  elseif ends > now then
    others = others + 1
  end
  i = i + 36 + record:byte(i + 35)
end
local ends = at and number(record, at + 1)
if at and ends + (record:byte(at) == 108 and remember or 0) <= now then -- nobody asks for it any more
  record, at = record:sub(1, at - 1) .. record:sub(at + 36 + record:byte(at + 35)), nil
end
if at then
  if record:sub(at + 22, at + 29) ~= sid then return {'unknown', unix, record} end
  if record:byte(at) ~= 108 then return {'ended', unix, record} end
elseif ARGV[6] == '' then
  return {'unknown', unix, record}
end
local session = redis.call('HMGET', KEYS[2], sid, 'm')
if tonumber((session[1] or '0'):match('^%d+')) <= unix then return {'no_session', unix, record} end
if not at and math.max(tonumber(ARGV[8]), tonumber((session[2] or '0'):match('^%S+'))) + lease <= unix then return {'unknown', unix, record} end
local again = not at or ends <= now
if again and others >= tonumber(ARGV[3]) then
  local sids, n = {}, 1
  while n <= #record do
    if record:byte(n) == 108 then sids[#sids + 1] = record:sub(n + 22, n + 29) end
    n = n + 36 + record:byte(n + 35)
  end
  return {'limit_reached', unix, record, redis.call('HMGET', KEYS[2], 'm', unpack(sids))}
end
record = at and record:sub(1, at) .. bytes(now + lease) .. record:sub(at + 6)
  or record .. 'l' .. bytes(now + lease) .. id .. sid .. ARGV[7] .. string.char(#ARGV[6]) .. ARGV[6]
redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', unix + lease + remember))
if not again then return {'renewed', unix, now + lease - ends} end
redis.call('PUBLISH', KEYS[1], '')
return {'resumed', unix, record}
