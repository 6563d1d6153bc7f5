#!lua flags=allow-oom
-- End device sessions, and their streams with them. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 session id  2 '1' to end all but this one  3 name of who ends them  4 lease, ms  5 remember, ms  6 how long to adopt, ms
--         7 when the server began, ms, or 0: what is older may be lost  8 how long a grant speaks for what has ended, ms
-- RETURNS {now in ms, leases}
local floor, others = math.floor, ARGV[2] == '1'
local time = redis.call('TIME')
local now, epoch = time[1] * 1000 + floor(time[2] / 1000), 1577836800000 -- the leases' times count from 2020
local function text(n) return string.format('%.0f', n) end
local function bytes(n) return string.char(floor(n / 2 ^ 32), floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256) end

-- The mark as adopt.lua has it.
local mark = redis.call('HGET', KEYS[2], 'm')
local lost, adopting, gone = ((mark or '-1 0') .. ' 0'):match('^(%S+) (%d+) (%d+)')
local since = not mark and now or math.min(now, ARGV[7])
if (tonumber(lost) < 0 and -lost or lost + 2000) < since then lost, adopting = text(since), text(since + ARGV[6]) end
if others then gone = text(now) end
-- Ended sessions stay as such, so that they are not adopted.
local ids = {}
if others then
  ids = redis.call('HKEYS', KEYS[2])
elseif redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 or (tonumber(adopting) > now and redis.call('HLEN', KEYS[2]) < 1000) then
  ids = {ARGV[1]}
elseif tonumber(adopting) > now then
  gone = text(now)
end
for _, id in ipairs(ids) do
  if id ~= 'm' and not (others and id == ARGV[1]) then redis.call('HSET', KEYS[2], id, '0 0 ' .. text(now) .. ' 0 ') end
end
local renewed = lost .. ' ' .. adopting .. ' ' .. gone
if renewed ~= mark then redis.call('HSET', KEYS[2], 'm', renewed) end
if redis.call('TTL', KEYS[2]) < 0 then redis.call('PEXPIRE', KEYS[2], ARGV[8]) end
-- Streams of sessions that have expired end too: whoever is not kept is ended.
local record, out, i, changed = redis.call('GET', KEYS[1]) or '', {}, 1, false
while i <= #record do
  local after = i + 36 + record:byte(i + 35)
  local entry = record:sub(i, after - 1)
  if (entry:sub(23, 30) == ARGV[1]) ~= others and entry:byte(1) == 108 then -- 108 is l, for lease
    changed, entry = true, 'e' .. bytes(now - epoch + tonumber(ARGV[5])) .. entry:sub(7, 35) .. string.char(#ARGV[3]) .. ARGV[3]
  end
  out[#out + 1] = entry
  i = after
end
if changed then
  record = table.concat(out)
  redis.call('SET', KEYS[1], record, 'PXAT', text(now + tonumber(ARGV[4]) + tonumber(ARGV[5])))
  redis.call('PUBLISH', KEYS[1], '')
end
return {now, record}
