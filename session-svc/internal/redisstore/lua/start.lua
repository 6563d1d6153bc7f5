#!lua
-- Start a stream: purge what has lapsed, decide, write. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 content, player, device  4 limit  5 lease, ms  6 remember, ms  7 id to replace or ''
--         8 cooldown, ms, or '' if the plan does not evict  9 ends remembered at most
-- RETURNS {outcome, now in ms, leases}; the outcomes are those of stream.Store.Start
local floor, id, sid, detail, lease, remember = math.floor, ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6])
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
local all, live, replaced, known, i = {}, {}, {}, ARGV[7] == '', 1
while i <= #record do
  local size = 38 + record:byte(i + 37)
  local e = {at = i, size = size, state = record:byte(i), ends = number(record, i + 1), id = record:sub(i + 7, i + 22)}
  i = i + size
  if e.ends + (e.state == 108 and remember or 0) > now then -- else nobody asks for it any more; 108 is l, for lease
    known = known or e.id == ARGV[7]
    if e.id == id then
      if e.state ~= 108 then return {'ended', now, record} end
      if record:sub(e.at + 38, i - 1) ~= detail then return {'conflict', now, record} end
      if e.ends > now then return {'repeated', now, record} end
    else
      all[#all + 1] = e
      if e.state == 108 and e.ends > now then
        local player = record:sub(e.at + 50, e.at + 53)
        local same = player ~= '\0\0\0\0' and player == detail:sub(13, 16) and record:sub(e.at + 23, e.at + 30) == sid
        table.insert((same or e.id == ARGV[7]) and replaced or live, e)
      end
    end
  end
end
local session = redis.call('HMGET', KEYS[2], sid, 'm')
if tonumber((session[1] or '0'):match('^%d+')) <= now then return {'no_session', now, record} end
if not known then return {'unknown', now, record} end
if tonumber((session[2] or '0'):match('^%d+')) + lease > now then return {'held', now, record} end
local excess = #live - tonumber(ARGV[4]) + 1
for n = 1, excess do -- the order of the record is that of the starts
  local e = live[n]
  if ARGV[8] == '' or not e or number(record, e.at + 31) + tonumber(ARGV[8]) > now then return {'limit_reached', now, record} end
end
local out, remembered = {}, 0
for n = 1, excess do live[n].why = 'v' end
for _, e in ipairs(replaced) do e.why = 'r' end
for n = #all, 1, -1 do
  local e, text = all[n], record:sub(all[n].at, all[n].at + all[n].size - 1)
  if e.why then text = e.why .. bytes(now + remember) .. text:sub(8, 37) .. string.char(#detail - 16) .. detail:sub(17) end
  if e.why or e.state ~= 108 or e.ends <= now then remembered = remembered + 1 end
  if remembered <= tonumber(ARGV[9]) or (not e.why and e.state == 108 and e.ends > now) then table.insert(out, 1, text) end
end
out[#out + 1] = 'l' .. bytes(now + lease) .. id .. sid .. bytes(now) .. string.char(#detail) .. detail
record = table.concat(out)
redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', now + lease + remember))
redis.call('PUBLISH', KEYS[1], '')
return {'granted', now, record}
