-- Start a stream where leases are a sorted set by expiry, beside a hash of details.
-- KEYS    1 expiries: stream id → when its lease lapses  2 details: stream id → (below)
--         3 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 content, player, device  4 limit  5 lease, ms
--         6 remember, ms  7 id to replace or ''  8 cooldown, ms, or '' if the plan does not evict
--         9 ends remembered at most
-- RETURNS {outcome, now in ms, {stream id, detail, …} of the live leases}
-- A detail is 'l', session id 8, start in ms 13, and ARGV[3]; of an ended stream its reason, then
-- when it is forgotten in ms 13, and who ended it.
local id, sid, detail, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lease, remember, replace = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local cooldown, most = tonumber(ARGV[8]), tonumber(ARGV[9])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function ms(n) return string.format('%.0f', n) end
local function forget(ids)
  if #ids > 0 then
    redis.call('ZREM', KEYS[1], unpack(ids))
    redis.call('HDEL', KEYS[2], unpack(ids))
  end
end

forget(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ms(now - remember)))
local all, ended = redis.call('HGETALL', KEYS[2]), {}
local details = {}
for n = 1, #all, 2 do
  local each, text = all[n], all[n + 1]
  if text:sub(1, 1) == 'l' then
    details[each] = text
  else
    ended[#ended + 1] = {id = each, till = tonumber(text:sub(2, 14))}
  end
end
table.sort(ended, function(a, b) return a.till > b.till end)
local gone, known = {}, replace == '' or details[replace]
for n, e in ipairs(ended) do
  if e.till <= now or n >= most then
    gone[#gone + 1] = e.id
  elseif e.id == id then
    return {'ended', now, all}
  end
  known = known or e.id == replace
end
local ids = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ms(now), '+inf')
local live, replaced, found = {}, {}, details[id]
if found and found:sub(23) ~= detail then return {'conflict', now, all} end
for _, each in ipairs(ids) do
  local d = details[each]
  if each == id then return {'repeated', now, all} end
  local player = d:sub(35, 38)
  local same = player ~= '\0\0\0\0' and player == detail:sub(13, 16) and d:sub(2, 9) == sid
  local its_list = (same or each == replace) and replaced or live
  table.insert(its_list, {id = each, start = tonumber(d:sub(10, 22))})
end
local session = redis.call('HMGET', KEYS[3], sid, 'm')
if tonumber(session[1] or 0) <= now then return {'no_session', now, all} end
if not known then return {'unknown', now, all} end
if tonumber(session[2] or 0) + lease > now then return {'held', now, all} end
table.sort(live, function(a, b) return a.start < b.start end)
local over = #live - limit + 1
for n = 1, over do
  if not cooldown or not live[n] or live[n].start + cooldown > now then
    return {'limit_reached', now, all}
  end
end
for n = 1, over do table.insert(replaced, {id = live[n].id, why = 'v'}) end
forget(gone)
for _, e in ipairs(replaced) do
  redis.call('ZREM', KEYS[1], e.id)
  redis.call('HSET', KEYS[2], e.id, (e.why or 'r') .. ms(now + remember) .. detail:sub(17))
end
redis.call('ZADD', KEYS[1], ms(now + lease), id)
redis.call('HSET', KEYS[2], id, 'l' .. sid .. ms(now) .. detail)
redis.call('PEXPIREAT', KEYS[1], ms(now + lease + remember))
redis.call('PEXPIREAT', KEYS[2], ms(now + lease + remember))
redis.call('PUBLISH', KEYS[1], '')
return {'granted', now, redis.call('HGETALL', KEYS[2])}
