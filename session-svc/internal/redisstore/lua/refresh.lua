-- Take one generation of a session for the next. The layout of a session is in sessions.go.
-- KEYS    1 device sessions of one account
-- ARGV    1 session id  2 generation  3 time to live, ms  4 grace, ms
-- RETURNS {outcome, session}; the outcomes are those of session.Store.Refresh
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local session = redis.call('HGET', KEYS[1], ARGV[1]) or ''
local expires, policy, generation, refreshed, created, name = session:match('^(%d+) (%a) (%d+) (%d+) (%d+) (.*)$')
if not expires or tonumber(expires) <= now then return {'missing', ''} end
local behind = tonumber(generation) - tonumber(ARGV[2])
if behind == 1 and now < tonumber(refreshed) + tonumber(ARGV[4]) then return {'refreshed', session} end -- repeated
if behind ~= 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return {'reused', ''}
end
session = table.concat({string.format('%.0f', now + tonumber(ARGV[3])), policy, generation + 1, string.format('%.0f', now), created, name}, ' ')
redis.call('HSET', KEYS[1], ARGV[1], session)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {'refreshed', session}
