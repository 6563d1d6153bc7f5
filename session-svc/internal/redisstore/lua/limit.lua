#!lua
-- Sets how many streams an account may play at once, from now on.
--
-- KEYS     s:{account}    its device sessions, a hash (sessions.go)
-- ARGV     limit          from 1
--          grant_for      ms that a grant can speak for a session
--          how            'set', or 'recall' if one that is set stays
-- RETURNS  {1}
local sessions_key = KEYS[1]
local limit, grant_for, how = unpack(ARGV)

if how == 'recall' and redis.call('HEXISTS', sessions_key, 'limit') == 1 then return {1} end
redis.call('HSET', sessions_key, 'limit', limit)
if redis.call('TTL', sessions_key) < 0 then redis.call('PEXPIRE', sessions_key, grant_for) end
return {1}
