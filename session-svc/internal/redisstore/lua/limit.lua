#!lua
-- Sets how many streams an account may play at once, from now on.
--
-- KEYS     s:{account}    its device sessions, a hash (sessions.go)
-- ARGV     limit          from 1
--          grant_for      ms that a grant can speak for a session
-- RETURNS  {1}
local sessions_key = KEYS[1]
local limit, grant_for = unpack(ARGV)

redis.call('HSET', sessions_key, 'limit', limit)
if redis.call('TTL', sessions_key) < 0 then redis.call('PEXPIRE', sessions_key, grant_for) end
return {1}
