#!lua flags=allow-oom
-- Take one generation of a session for the next. The layout of a session is in sessions.go.
-- KEYS    1 device sessions of one account
-- ARGV    1 session id  2 generation  3 time to live, ms  4 grace, ms  5 how long a grant speaks for what has ended, ms
-- RETURNS {outcome, session}; the outcomes are those of session.Store.Refresh
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local session = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local expires, generation, refreshed, created, name = session:match('^(%d+) (%d+) (%d+) (%d+) (.*)$') -- not of generation -1
if not expires or tonumber(expires) <= now then return {'missing', ''} end
local behind = tonumber(generation) - tonumber(ARGV[2])
if behind == 1 and now < tonumber(refreshed) + tonumber(ARGV[4]) then return {'refreshed', session} end -- repeated
if behind > 0 then -- less than 0 is a refresh that this server has lost: we sealed the token
  redis.call('HSET', KEYS[1], ARGV[1], '0 0 ' .. string.format('%.0f', now) .. ' 0 ' .. name)
  return {'reused', ''}
end
session = table.concat({string.format('%.0f', now + ARGV[3]), ARGV[2] + 1, string.format('%.0f', now), created, name}, ' ')
redis.call('HSET', KEYS[1], ARGV[1], session)
redis.call('PEXPIRE', KEYS[1], ARGV[3] + ARGV[5])
return {'refreshed', session}
