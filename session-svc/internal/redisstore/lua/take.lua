#!lua flags=allow-oom
-- Takes the next events of an account for a sink. Until it has told of them (sent.lua), or its time
-- is over, no other relay takes any for that sink.
--
-- KEYS     a:{account}:events  what other systems are told (outbox.go)
-- ARGV     sink           its name
--          relay          id of the relay that asks
--          hold           ms that it may take
--          count          how many it takes at most
-- RETURNS  {'none'}, {'busy', ms until another relay's time is over}, or
--          {'taken', now, number before the first one, events}; those that gave way are missing
local events_key = KEYS[1]
local sink, relay, hold, count = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last, first, sent, held =
  unpack(redis.call('HMGET', events_key, 'last', 'first', 'to:' .. sink, 'by:' .. sink))
if not last then return {'none'} end
local holder, till = (held or ''):match('^(%S+) (%d+)$')
if holder and holder ~= relay and tonumber(till) > now and till - now <= tonumber(hold) then
  return {'busy', till - now}
end
sent = math.max(tonumber(sent or 0), first - 1)
if sent >= tonumber(last) then
  if held then redis.call('HDEL', events_key, 'by:' .. sink) end
  return {'none'}
end
redis.call('HSET', events_key, 'by:' .. sink, relay .. ' ' .. now + hold)
local numbers = {}
for n = sent + 1, math.min(sent + count, last) do table.insert(numbers, n) end
return {'taken', now, sent, redis.call('HMGET', events_key, unpack(numbers))}
