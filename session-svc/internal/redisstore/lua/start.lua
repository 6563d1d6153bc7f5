#!lua
-- Start a stream: purge what has lapsed, decide, write. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 content, player, device  4 limit  5 lease, ms  6 remember, ms  7 id to replace or ''
--         8 cooldown, ms, or '' if the plan does not evict  9 ends remembered at most
-- RETURNS {outcome, now in ms, leases, sessions of these}; the outcomes are those of stream.Store.Start, and set_back if the clock was: then
--         rebase.lua comes first. The sessions only where it is limit_reached
local floor, id, sid, detail, lease, remember = math.floor, ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = (time[1] - 1577836800) * 1000 + floor(time[2] / 1000) -- times count from 2020 but for the sessions' and the answer's
local unix = now + 1577836800000
local record = redis.call('GET', KEYS[1]) or ''
local function number(s, i)
  local a, b, c, d, e = s:byte(i, i + 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
end
local function bytes(n) return string.char(floor(n / 2 ^ 32), floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256) end
local session, name = redis.call('HMGET', KEYS[2], sid, 'm'), detail:sub(17)
if (session[1] or ''):match('^%S+ %S+ %S+ %S+ (.*)$') == name then detail = detail:sub(1, 16) end -- it is kept there
local all, sids, live, replaced, known, own, i = {}, {}, {}, {}, ARGV[7] == '', nil, 1
while i <= #record do
  local size = 36 + record:byte(i + 35)
  local e = {at = i, size = size, state = record:byte(i), ends = number(record, i + 1), id = record:sub(i + 6, i + 21)}
  if e.state == 108 then sids[#sids + 1] = record:sub(i + 22, i + 29) end -- 108 is l, for lease
  if e.state == 108 and e.ends - lease > now then return {'set_back', unix, ''} end
  i = i + size
  if e.ends + (e.state == 108 and remember or 0) > now then -- else nobody asks for it any more
    known = known or e.id == ARGV[7]
    if e.id == id then
      own = e
    else
      all[#all + 1] = e
      if e.state == 108 and e.ends > now then
        local player = record:sub(e.at + 48, e.at + 51)
        local same = player ~= '\0\0\0\0' and player == detail:sub(13, 16) and record:sub(e.at + 22, e.at + 29) == sid
        table.insert((same or e.id == ARGV[7]) and replaced or live, e)
      end
    end
  end
end
if own and own.state ~= 108 then return {'ended', unix, record} end
if tonumber((session[1] or '0'):match('^%d+')) <= unix then return {'no_session', unix, record} end
if own and record:sub(own.at + 22, own.at + 29) .. record:sub(own.at + 36, own.at + own.size - 1) ~= sid .. detail then return {'conflict', unix, record} end
if own and own.ends > now then return {'repeated', unix, record} end
if not known then return {'unknown', unix, record} end
if math.abs(unix - (session[2] or '0'):match('^%S+')) < lease then return {'held', unix, record} end -- also by a clock that was set back
local excess, out, remembered = #live - tonumber(ARGV[4]) + 1, {}, 0
for n = 1, excess do -- the order of the record is that of the starts
  local e = live[n]
  if ARGV[8] == '' or not e or number(record, e.at + 30) + tonumber(ARGV[8]) > now then
    return {'limit_reached', unix, record, redis.call('HMGET', KEYS[2], 'm', unpack(sids))}
  end
end
for n = 1, excess do live[n].why = 'v' end
for _, e in ipairs(replaced) do e.why = 'r' end
for n = #all, 1, -1 do
  local e, text = all[n], record:sub(all[n].at, all[n].at + all[n].size - 1)
  if e.why then text = e.why .. bytes(now + remember) .. text:sub(7, 35) .. string.char(#name) .. name end
  if e.why or e.state ~= 108 or e.ends <= now then remembered = remembered + 1 end
  if remembered <= tonumber(ARGV[9]) or (not e.why and e.state == 108 and e.ends > now) then table.insert(out, 1, text) end
end
record = table.concat(out) .. 'l' .. bytes(now + lease) .. id .. sid .. bytes(now) .. string.char(#detail) .. detail
redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', unix + lease + remember))
redis.call('PUBLISH', KEYS[1], '')
return {'granted', unix, record}
