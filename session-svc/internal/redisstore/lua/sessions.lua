#!lua flags=no-writes
-- Read one device session of an account, or all.
-- KEYS    1 device sessions of one account
-- ARGV    1 session id, or '' for all
-- RETURNS {now in ms, {id, session, …}}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] == '' then return {now, redis.call('HGETALL', KEYS[1])} end
local session = redis.call('HGET', KEYS[1], ARGV[1])
return {now, session and {ARGV[1], session} or {}}
