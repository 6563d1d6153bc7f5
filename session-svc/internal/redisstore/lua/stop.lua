#!lua flags=allow-oom
-- Ends a stream of any session of the account.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     stream         id of the lease
--          session        id of the session that asks
--          by             name of who asks
--          lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end
--          resume         ms that it is known after its lapse
--          keep           ms that the record is kept
--          most, keep     of events; none without the key
-- RETURNS  {outcome, now, 0, record}; the outcomes are those of stream.Store.Stop
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local LEASES = {l = 'l', h = 'h', L = 'l', H = 'h', p = 'p', P = 'p'} -- of leases, live or lapsed
local TOLD = {L = true, H = true, P = true} -- those that lapsed, as an event has told

local leases_key, events_key = KEYS[1], KEYS[2]
local stream, session, by, lease, remember, resume, keep, most_events, keep_events = unpack(ARGV)
lease = tonumber(lease)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if events_key then
  events = {key = events_key, most = most_events, keep = keep_events, now = now}
end
local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)

local _, _, at = struct.unpack(ACCOUNT, record)
while at <= #record do
  local state, seen, cover, id, holder, started, content, player, _, after =
    struct.unpack(LEASE, record, at)
  if id == stream then
    local lapses = seen + (LEASES[state] and math.max(lease, cover) or 0)
    if lapses + (LEASES[state] and resume or remember) <= now then break end
    if not LEASES[state] then return {'ended', now, 0, record} end
    local reason = holder == session and 's' or 't'
    local ended = {session = holder, stream = id, content = content, started = started}
    if lapses <= now and not TOLD[state] then tell('l', '-', lapses, ended) end
    ended.by = by
    tell('e', reason, now, ended)
    record = record:sub(1, at - 1)
      .. struct.pack(LEASE, reason, now, math.max(0, lapses - now), id, holder, started, content,
        player, #by, by)
      .. record:sub(after)
    redis.call('SET', leases_key, record, 'PX', keep)
    redis.pcall('PUBLISH', leases_key, '')
    redis.pcall('PUBLISH', 'ends', id)
    return {'done', now, 0, record}
  end
  at = after
end
return {'unknown', now, 0, record}
