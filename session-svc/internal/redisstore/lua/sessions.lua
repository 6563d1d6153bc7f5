#!lua flags=no-writes
-- Reads one device session of an account, or all.
--
-- KEYS     s:{account}    the device sessions, a hash (sessions.go)
-- ARGV     session        id of the session, or '' for all
-- RETURNS  {now, {field, value, …}} of the hash; a value of the session's may be missing
local sessions_key = KEYS[1]
local session = ARGV[1]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if session == '' then return {now, redis.call('HGETALL', sessions_key)} end
local found, confirmed = unpack(redis.call('HMGET', sessions_key, session, '+' .. session))
return {now, found and {session, found, '+' .. session, confirmed or nil} or {}}
