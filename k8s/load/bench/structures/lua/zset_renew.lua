-- Renew a lease where leases are a sorted set by expiry, beside a hash of details (zset_start.lua).
-- KEYS    1 expiries  2 details  3 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 limit  4 lease, ms  5 remember, ms
-- RETURNS {'renewed', now in ms, ms gained} or {outcome, now in ms, {stream id, detail, …}}
local id, sid, lease, remember = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function refused(outcome) return {outcome, now, redis.call('HGETALL', KEYS[2])} end
local detail = redis.call('HGET', KEYS[2], id)
if not detail then return refused('unknown') end
if detail:sub(1, 1) ~= 'l' then
  return refused(tonumber(detail:sub(2, 14)) > now and 'ended' or 'unknown')
end
local ends = tonumber(redis.call('ZSCORE', KEYS[1], id))
if detail:sub(2, 9) ~= sid or ends + remember <= now then return refused('unknown') end
local session = redis.call('HMGET', KEYS[3], sid, 'm')
if tonumber(session[1] or 0) <= now then return refused('no_session') end
local after = '(' .. string.format('%.0f', now)
if ends <= now and redis.call('ZCOUNT', KEYS[1], after, '+inf') >= tonumber(ARGV[3]) then
  return refused('limit_reached')
end
local till = string.format('%.0f', now + lease + remember)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + lease), id)
redis.call('PEXPIREAT', KEYS[1], till)
redis.call('PEXPIREAT', KEYS[2], till)
if ends > now then return {'renewed', now, now + lease - ends} end
redis.call('PUBLISH', KEYS[1], '')
return refused('resumed')
