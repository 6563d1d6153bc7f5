-- End a stream where leases are one hash (hash_start.lua).
-- KEYS    1 leases of one account
-- ARGV    1 stream id  2 id of the session that asks  3 its name  4 lease, ms  5 remember, ms
-- RETURNS {outcome, now in ms, {stream id, lease, …}}
local id, remember = ARGV[1], tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local head = '>c1I6c8I6' -- as hash_start.lua has it
local function answer(outcome) return {outcome, now, redis.call('HGETALL', KEYS[1])} end
local text = redis.call('HGET', KEYS[1], id)
if not text then return answer('unknown') end
local state, ends, owner, start = struct.unpack(head, text)
if state ~= 'l' then return answer(ends > now and 'ended' or 'unknown') end
if ends + remember <= now then return answer('unknown') end
local why = owner == ARGV[2] and 's' or 't'
redis.call('HSET', KEYS[1], id, struct.pack(head, why, now + remember, owner, start) .. ARGV[3])
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', now + tonumber(ARGV[4]) + remember))
redis.call('PUBLISH', KEYS[1], '')
return answer('done')
