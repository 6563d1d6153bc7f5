#!lua flags=allow-oom
-- Notes which events of an account a sink has got, and forgets those that all sinks have.
--
-- KEYS     a:{account}:events  what other systems are told (outbox.go)
-- ARGV     sink           its name
--          relay          id of the relay that asks
--          number         of the last event that the sink has got
--          most, keep     of events
--          sinks          the names of all
-- RETURNS  {1 if the sink has got all, else 0}
local events_key = KEYS[1]
local sink, relay, number, most, keep = unpack(ARGV, 1, 5)
local CHUNK = 500

local last, first, sent, held, refused = unpack(redis.call('HMGET', events_key, 'last', 'first',
  'to:' .. sink, 'by:' .. sink, 'refused'))
if not last then return {1} end
last, first = tonumber(last), tonumber(first)
number = math.max(tonumber(number), tonumber(sent or 0))
redis.call('HSET', events_key, 'to:' .. sink, number)
if held and held:match('^%S+') == relay then redis.call('HDEL', events_key, 'by:' .. sink) end

local least = last
for n = 6, #ARGV do
  local got = redis.call('HGET', events_key, 'to:' .. ARGV[n])
  least = math.min(least, math.max(tonumber(got or 0), first - 1))
end
if least == last then -- what is left is small again
  redis.call('DEL', events_key)
  redis.call('HSET', events_key, 'last', last, 'first', last + 1)
  if refused then redis.call('HSET', events_key, 'refused', refused) end
  redis.call('PEXPIRE', events_key, keep)
elseif least >= first then
  for from = math.max(first, last - most), least, CHUNK do
    local numbers = {}
    for n = from, math.min(from + CHUNK - 1, least) do table.insert(numbers, n) end
    redis.call('HDEL', events_key, unpack(numbers))
  end
  redis.call('HSET', events_key, 'first', least + 1)
end
return {number >= last and 1 or 0}
