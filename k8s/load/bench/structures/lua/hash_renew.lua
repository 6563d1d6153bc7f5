-- Renew a lease where leases are one hash (hash_start.lua).
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 stream id  2 session id  3 limit  4 lease, ms  5 remember, ms
-- RETURNS {'renewed', now in ms, ms gained} or {outcome, now in ms, {stream id, lease, …}}
local id, sid, lease, remember = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local head = '>c1I6c8I6' -- as hash_start.lua has it
local function refused(outcome) return {outcome, now, redis.call('HGETALL', KEYS[1])} end
local text = redis.call('HGET', KEYS[1], id)
if not text then return refused('unknown') end
local state, ends, owner, start, after = struct.unpack(head, text)
if state ~= 'l' then return refused(ends > now and 'ended' or 'unknown') end
if owner ~= sid or ends + remember <= now then return refused('unknown') end
local session = redis.call('HMGET', KEYS[2], sid, 'm')
if tonumber(session[1] or 0) <= now then return refused('no_session') end
if ends <= now then
  local live = 0
  for _, each in ipairs(redis.call('HVALS', KEYS[1])) do
    local its, till = struct.unpack(head, each)
    if its == 'l' and till > now then live = live + 1 end
  end
  if live >= tonumber(ARGV[3]) then return refused('limit_reached') end
end
redis.call('HSET', KEYS[1], id, struct.pack(head, 'l', now + lease, sid, start) .. text:sub(after))
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', now + lease + remember))
if ends > now then return {'renewed', now, now + lease - ends} end
redis.call('PUBLISH', KEYS[1], '')
return refused('resumed')
