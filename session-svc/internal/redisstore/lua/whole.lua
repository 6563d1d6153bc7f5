#!lua flags=allow-oom
-- Tells whether this server has all that its predecessor had, since that one was stopped in order.
-- The note of that was the predecessor's last write, and counts once, for this server alone.
--
-- KEYS     promoted:stopped     the note
--          promoted:<server>:0  since when this server has been known; 0 if it lacks nothing
-- ARGV     kept                 ms that it is kept
-- RETURNS  1 if the server lacks nothing, else 0
local note_key, since_key = KEYS[1], KEYS[2]
local kept = ARGV[1]

if redis.call('DEL', note_key) == 1 then redis.call('SET', since_key, 0, 'PX', kept) end
return redis.call('GET', since_key) == '0' and 1 or 0
