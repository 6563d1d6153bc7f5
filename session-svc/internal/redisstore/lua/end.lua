#!lua flags=allow-oom
-- Ends device sessions, and their streams with them.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
-- ARGV     session        id of the session to end, or of the one to keep
--          which          'one', or 'others' to end all but it
--          by             name of who ends them
--          lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end or lapse
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
--          token_for      ms that an access token can speak for a session
--          grant_for      ms that a grant can
--          most_ended     how many ends of unknown sessions are kept
-- RETURNS  {'done', now, 0, record, {}}
local LEASE = '>c1I6c16c8I6c12c4Bc0'

local leases_key, sessions_key = KEYS[1], KEYS[2]
local session, which, by, lease, remember = unpack(ARGV, 1, 5)
local began, token_for, grant_for, most_ended = unpack(ARGV, 6)
local others = which == 'others'

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- When the server may last have forgotten something of the account, as adopt.lua has it.
local heard, lost = unpack(redis.call('HMGET', sessions_key, 'heard', 'lost'))
if not heard and not lost then
  lost = now
  redis.call('HSET', sessions_key, 'lost', lost)
end
heard, lost, began = tonumber(heard or 0), tonumber(lost or 0), tonumber(began)
local forgot = math.max(lost, began > heard and began or 0)
local adopts = forgot + token_for > now

-- An ended session stays as one that expired in 1970, so that it is not adopted. Where an end is
-- not kept, its time is.
local function finish(id)
  redis.call('HSET', sessions_key, id, '0 0 ' .. now .. ' 0 ')
end
if others then
  for _, id in ipairs(redis.call('HKEYS', sessions_key)) do
    if #id == #session and id ~= session then finish(id) end
  end
  redis.call('HSET', sessions_key, 'gone', now)
elseif redis.call('HEXISTS', sessions_key, session) == 1
  or adopts and redis.call('HLEN', sessions_key) < tonumber(most_ended) then
  finish(session)
elseif adopts then
  redis.call('HSET', sessions_key, 'gone', now)
end
if redis.call('TTL', sessions_key) < 0 then redis.call('PEXPIRE', sessions_key, grant_for) end

-- Streams of sessions that have expired end too: what is not kept is ended.
local record = redis.call('GET', leases_key) or ''
local streams, changed, at = {}, false, 1
while at <= #record do
  local state, seen, id, holder, started, content, player, name, after =
    struct.unpack(LEASE, record, at)
  if state == 'l' and (holder == session) ~= others then
    state, seen, name, changed = 'e', now, by, true
  end
  table.insert(streams,
    struct.pack(LEASE, state, seen, id, holder, started, content, player, #name, name))
  at = after
end
if changed then
  record = table.concat(streams)
  redis.call('SET', leases_key, record, 'PX', lease + remember)
  redis.call('PUBLISH', leases_key, '')
end
return {'done', now, 0, record, {}}
