#!lua flags=allow-oom
-- Renews a lease, takes a slot again for one that lapsed, or puts back one that the server lost.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
-- ARGV     stream         id of the lease
--          session        id of the session that asks
--          limit          how many live leases the account may hold
--          lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end or lapse
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
--          content        what a signed ticket says of the lease, or ''
--          player, started  the same
-- RETURNS  {outcome, now, gained, record, sessions}
--          outcome        one of stream.Store.Renew, or 'set_back': rebase.lua comes first
--          gained         ms by which the lease lives longer
--          record         '' of renewed, which is asked for most
--          sessions       of limit_reached, the sessions of all leases in the record, in its order
local LEASE = '>c1I6c16c8I6c12c4Bc0'

local leases_key, sessions_key = KEYS[1], KEYS[2]
local stream, session = ARGV[1], ARGV[2]
local limit, lease, remember = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local began, content, player, started = tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('GET', leases_key) or ''

local own, rivals, holders = nil, 0, {}
local at = 1
while at <= #record do
  local state, seen, id, holder, since, playing, by, name, after =
    struct.unpack(LEASE, record, at)
  if seen > now then return {'set_back', now, 0, '', {}} end
  if state == 'l' then table.insert(holders, holder) end
  if id == stream then
    own = {
      at = at, after = after, state = state, session = holder, seen = seen,
      lapses = seen + (state == 'l' and lease or 0),
      started = since, content = playing, player = by, name = name,
    }
  elseif state == 'l' and seen + lease > now then
    rivals = rivals + 1
  end
  at = after
end

local known = own and own.lapses + remember > now
if known and own.session ~= session then return {'unknown', now, 0, record, {}} end
if known and own.state ~= 'l' then return {'ended', now, 0, record, {}} end
if not known and content == '' then return {'unknown', now, 0, record, {}} end

local found, heard, lost = unpack(redis.call('HMGET', sessions_key, session, 'heard', 'lost'))
local expires = tonumber((found or '0'):match('^%d+'))
if expires <= now then return {'no_session', now, 0, record, {}} end
if not known then
  if not heard and not lost then lost = now end -- an account never heard of is one just forgotten
  local forgot = math.max(tonumber(lost or 0), began)
  if forgot + lease <= now then return {'unknown', now, 0, record, {}} end
end
local renewed = known and own.lapses > now
if not renewed and rivals >= limit then
  return {'limit_reached', now, 0, record, redis.call('HMGET', sessions_key, unpack(holders))}
end

if not known then
  if own then record = record:sub(1, own.at - 1) .. record:sub(own.after) end
  own = {
    at = #record + 1, after = #record + 1,
    started = started, content = content, player = player, name = '',
  }
end
record = record:sub(1, own.at - 1)
  .. struct.pack(LEASE, 'l', now, stream, session, own.started, own.content, own.player,
    #own.name, own.name)
  .. record:sub(own.after)
redis.call('SET', leases_key, record, 'PX', lease + remember)
if renewed then return {'renewed', now, now - own.seen, '', {}} end
redis.call('PUBLISH', leases_key, '')
return {'resumed', now, lease, record, {}}
