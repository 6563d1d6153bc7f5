#!lua flags=allow-oom
-- Ends device sessions, and their streams with them.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
-- ARGV     session        id of the session to end, or of the one to keep
--          which          'one', or 'others' to end all but it
--          by             name of who ends them
--          keep           ms that the record is kept
--          grant_for      ms that a grant can speak for a session
--          most_kept      how many sessions are kept, beyond which one that isn't known is not
-- RETURNS  {'done', now, 0, record}
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local LEASES = {l = true, h = true, p = true} -- the states of leases, live or lapsed

local leases_key, sessions_key = KEYS[1], KEYS[2]
local session, which, by, keep, grant_for, most_kept = unpack(ARGV)
local others = which == 'others'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- An account that the server has never heard of is one that it has just forgotten.
local heard, lost = unpack(redis.call('HMGET', sessions_key, 'heard', 'lost'))
if not heard and not lost then redis.call('HSET', sessions_key, 'lost', now) end

-- An ended session stays as one that expired in 1970, so that nobody has to ask what became of it.
local function finish(id)
  redis.call('HSET', sessions_key, id, '0 0 ' .. now .. ' 0 ')
end
if others then
  for _, id in ipairs(redis.call('HKEYS', sessions_key)) do
    if #id == #session and id ~= session then finish(id) end
  end
  redis.call('HSET', sessions_key, 'gone', now) -- those that were not seen here yet
elseif redis.call('HEXISTS', sessions_key, session) == 1
  or redis.call('HLEN', sessions_key) < tonumber(most_kept) then
  finish(session)
end
if redis.call('TTL', sessions_key) < 0 then redis.call('PEXPIRE', sessions_key, grant_for) end

-- Streams of sessions that have expired end too: what is not kept is ended.
local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)
local streams, ended = {}, {}
local spent, starts, at = struct.unpack(ACCOUNT, record)
while at <= #record do
  local state, seen, cover, id, holder, started, content, player, name, after =
    struct.unpack(LEASE, record, at)
  if LEASES[state] and (holder == session) ~= others then
    state, seen, cover, name = 'e', now, 0, by
    table.insert(ended, id)
  end
  table.insert(streams,
    struct.pack(LEASE, state, seen, cover, id, holder, started, content, player, #name, name))
  at = after
end
if #ended > 0 then
  record = struct.pack(ACCOUNT, spent, starts) .. table.concat(streams)
  redis.call('SET', leases_key, record, 'PX', keep)
  redis.pcall('PUBLISH', leases_key, '')
  for _, id in ipairs(ended) do redis.pcall('PUBLISH', 'ends', id) end
end
return {'done', now, 0, record}
