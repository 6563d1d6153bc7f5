-- End a stream where leases are a sorted set by expiry, beside a hash of details (zset_start.lua).
-- KEYS    1 expiries  2 details, of one account
-- ARGV    1 stream id  2 id of the session that asks  3 its name  4 lease, ms  5 remember, ms
-- RETURNS {outcome, now in ms, {stream id, detail, …}}
local id, remember = ARGV[1], tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local detail = redis.call('HGET', KEYS[2], id)
if not detail then return {'unknown', now, {}} end
if detail:sub(1, 1) ~= 'l' then
  local outcome = tonumber(detail:sub(2, 14)) > now and 'ended' or 'unknown'
  return {outcome, now, redis.call('HGETALL', KEYS[2])}
end
if tonumber(redis.call('ZSCORE', KEYS[1], id)) + remember <= now then
  return {'unknown', now, {}}
end
local why = detail:sub(2, 9) == ARGV[2] and 's' or 't'
local till = string.format('%.0f', now + tonumber(ARGV[4]) + remember)
redis.call('ZREM', KEYS[1], id)
redis.call('HSET', KEYS[2], id, why .. string.format('%.0f', now + remember) .. ARGV[3])
redis.call('PEXPIREAT', KEYS[1], till)
redis.call('PEXPIREAT', KEYS[2], till)
redis.call('PUBLISH', KEYS[1], '')
return {'done', now, redis.call('HGETALL', KEYS[2])}
