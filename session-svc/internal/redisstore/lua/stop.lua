#!lua flags=allow-oom
-- Ends a stream of any session of the account.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
-- ARGV     stream         id of the lease
--          session        id of the session that asks
--          by             name of who asks
--          lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end or lapse
-- RETURNS  {outcome, now, 0, record, {}}; the outcomes are those of stream.Store.Stop
local LEASE = '>c1I6c16c8I6c12c4Bc0'

local leases_key = KEYS[1]
local stream, session, by, lease, remember = unpack(ARGV)
lease, remember = tonumber(lease), tonumber(remember)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('GET', leases_key) or ''

local at = 1
while at <= #record do
  local state, seen, id, holder, started, content, player, _, after =
    struct.unpack(LEASE, record, at)
  if id == stream then
    local lapses = seen + (state == 'l' and lease or 0)
    if lapses + remember <= now then break end
    if state ~= 'l' then return {'ended', now, 0, record, {}} end
    local reason = holder == session and 's' or 't'
    record = record:sub(1, at - 1)
      .. struct.pack(LEASE, reason, now, id, holder, started, content, player, #by, by)
      .. record:sub(after)
    redis.call('SET', leases_key, record, 'PX', lease + remember)
    redis.call('PUBLISH', leases_key, '')
    return {'done', now, 0, record, {}}
  end
  at = after
end
return {'unknown', now, 0, record, {}}
