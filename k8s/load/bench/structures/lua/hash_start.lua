-- Start a stream where leases are one hash. Below hash-max-listpack-value, 64 bytes, Redis keeps
-- it packed by itself.
-- KEYS    1 leases: stream id → (below)  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 content, player, device  4 limit  5 lease, ms
--         6 remember, ms  7 id to replace or ''  8 cooldown, ms, or '' if the plan does not evict
--         9 ends remembered at most
-- RETURNS {outcome, now in ms, {stream id, lease, …}}
-- A lease is a head and ARGV[3]; that of an ended stream a head and who ended it.
local id, sid, detail, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local lease, remember, replace = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local cooldown, most = tonumber(ARGV[8]), tonumber(ARGV[9])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local head = '>c1I6c8I6' -- state (l: leased), when it lapses or is forgotten, session, start
local after = struct.size(head) + 1
local all = redis.call('HGETALL', KEYS[1])
local live, replaced, past, gone, known = {}, {}, {}, {}, replace == ''
for n = 1, #all, 2 do
  local e, text = all[n], all[n + 1]
  local state, ends, owner, start = struct.unpack(head, text)
  local leased, its = state == 'l', text:sub(after)
  if ends + (leased and remember or 0) <= now then
    gone[#gone + 1] = e
  else
    known = known or e == replace
    if e == id then
      if not leased then return {'ended', now, all} end
      if its ~= detail then return {'conflict', now, all} end
      if ends > now then return {'repeated', now, all} end
    elseif leased and ends > now then
      local player = its:sub(13, 16)
      local same = player ~= '\0\0\0\0' and player == detail:sub(13, 16) and owner == sid
      local its_list = (same or e == replace) and replaced or live
      table.insert(its_list, {id = e, why = 'r', owner = owner, start = start})
    else
      past[#past + 1] = {id = e, ends = ends}
    end
  end
end
local session = redis.call('HMGET', KEYS[2], sid, 'm')
if tonumber(session[1] or 0) <= now then return {'no_session', now, all} end
if not known then return {'unknown', now, all} end
if tonumber(session[2] or 0) + lease > now then return {'held', now, all} end
table.sort(live, function(a, b) return a.start < b.start end)
table.sort(past, function(a, b) return a.ends > b.ends end)
local over = #live - limit + 1
for n = 1, over do
  if not cooldown or not live[n] or live[n].start + cooldown > now then
    return {'limit_reached', now, all}
  end
end
for n = 1, over do
  live[n].why = 'v'
  replaced[#replaced + 1] = live[n]
end
for n = most - #replaced + 1, #past do gone[#gone + 1] = past[n].id end
if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
for _, e in ipairs(replaced) do
  local ended = struct.pack(head, e.why, now + remember, e.owner, e.start) .. detail:sub(17)
  redis.call('HSET', KEYS[1], e.id, ended)
end
redis.call('HSET', KEYS[1], id, struct.pack(head, 'l', now + lease, sid, now) .. detail)
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', now + lease + remember))
redis.call('PUBLISH', KEYS[1], '')
return {'granted', now, redis.call('HGETALL', KEYS[1])}
