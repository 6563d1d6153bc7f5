#!lua flags=allow-oom
-- Ends device sessions, and their streams with them.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     session        id of the session to end, or of the one to keep
--          which          'one', or 'others' to end all but it
--          by             name of who ends them
--          keep           ms that the record is kept
--          grant_for      ms that a grant can speak for a session
--          most_kept      how many sessions are kept, beyond which one that isn't known is not
--          lease          ms that a lease lives after a sign of life
--          most, keep     of events; none without the key
-- RETURNS  {'done', now, 0, record}
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local LEASES = {l = 'l', h = 'h', L = 'l', H = 'h', p = 'p', P = 'p'} -- of leases, live or lapsed
local TOLD = {L = true, H = true, P = true} -- those that lapsed, as an event has told
local SESSION = '^(%d+) %S+ %d+ %d+ (.*)$' -- expires and device, of what a session has

local leases_key, sessions_key, events_key = KEYS[1], KEYS[2], KEYS[3]
local session, which, by, keep, grant_for, most_kept = unpack(ARGV, 1, 6)
local lease, most_events, keep_events = unpack(ARGV, 7)
lease = tonumber(lease)
local others = which == 'others'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if events_key then
  events = {key = events_key, most = most_events, keep = keep_events, now = now}
end

-- An account that the server has never heard of is one that it has just forgotten.
local heard, lost = unpack(redis.call('HMGET', sessions_key, 'heard', 'lost'))
if not heard and not lost then redis.call('HSET', sessions_key, 'lost', now) end

-- An ended session stays as one that expired in 1970, so that nobody has to ask what became of it.
local function finish(id)
  if events then
    local expires, device = (redis.call('HGET', sessions_key, id) or ''):match(SESSION)
    if tonumber(expires or 0) > now then
      tell('c', 'o', now, {session = id, device = device, by = by})
    end
  end
  redis.call('HSET', sessions_key, id, '0 0 ' .. now .. ' 0 ')
end
if others then
  for _, id in ipairs(redis.call('HKEYS', sessions_key)) do
    if #id == #session and id ~= session then finish(id) end
  end
  redis.call('HSET', sessions_key, 'others', now .. ' ' .. session) -- also those not seen here yet
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
    local gone = {session = holder, stream = id, content = content, started = started}
    local lapses = seen + math.max(lease, cover)
    if lapses <= now and not TOLD[state] then tell('l', '-', lapses, gone) end
    gone.by = by
    tell('e', 'e', now, gone)
    state, seen, cover, name = 'e', now, math.max(0, lapses - now), by
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
