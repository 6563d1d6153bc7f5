#!lua
-- Starts a stream: purges what has lapsed, decides, writes.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
-- ARGV     stream         id of the new lease
--          session        id of the session that asks
--          content        what it plays
--          player         '\0\0\0\0' is a player without a name
--          device         its name to show
--          limit          how many live leases the account may hold
--          lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end or lapse
--          replace        id of a stream to end in the same step, or ''
--          cooldown       ms that a new lease is safe from eviction, or '' if the plan evicts none
--          most_known     how many ended and lapsed streams are kept
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
-- RETURNS  {outcome, now, gained, record, sessions}
--          outcome        one of stream.Store.Start, or 'set_back': rebase.lua comes first
--          gained         ms by which the lease lives longer
--          sessions       of limit_reached, the sessions of all leases in the record, in its order
local LEASE = '>c1I6c16c8I6c12c4Bc0'
local SESSION = '^(%d+) (%S+) (%d+) (%d+) (.*)$' -- expires, generation, refreshed, created, device
local NO_PLAYER = '\0\0\0\0'

local leases_key, sessions_key = KEYS[1], KEYS[2]
local stream, session, content, player, device = unpack(ARGV, 1, 5)
local limit, lease, remember = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local replace, cooldown = ARGV[9], ARGV[10]
local most_known, began = tonumber(ARGV[11]), tonumber(ARGV[12])

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('GET', leases_key) or ''
local found, heard, lost = unpack(redis.call('HMGET', sessions_key, session, 'heard', 'lost'))
local expires, _, _, _, session_device = (found or ''):match(SESSION)
local name = device == session_device and '' or device -- the session has it

-- All that is known of the account, in the order of the starts; of its live leases, those that this
-- start replaces, and its rivals.
local known, replaced, rivals, holders = {}, {}, {}, {}
local own, names_known = nil, replace == ''
local at = 1
while at <= #record do
  local e = {}
  e.state, e.seen, e.stream, e.session, e.started,
    e.content, e.player, e.name, at = struct.unpack(LEASE, record, at)
  if e.seen > now then return {'set_back', now, 0, '', {}} end
  local lapses = e.seen + (e.state == 'l' and lease or 0)
  if e.state == 'l' then table.insert(holders, e.session) end
  e.live = lapses > now
  if lapses + remember > now then
    names_known = names_known or e.stream == replace
    if e.stream == stream then
      own = e
    else
      table.insert(known, e)
      local same_player = player ~= NO_PLAYER and e.player == player and e.session == session
      if e.live then
        table.insert((same_player or e.stream == replace) and replaced or rivals, e)
      end
    end
  end
end

if own and own.state ~= 'l' then return {'ended', now, 0, record, {}} end
if tonumber(expires or 0) <= now then return {'no_session', now, 0, record, {}} end
if own and (own.session ~= session or own.content ~= content
  or own.player ~= player or own.name ~= name) then
  return {'conflict', now, 0, record, {}}
end
if own and own.live then return {'repeated', now, 0, record, {}} end
if not names_known then return {'unknown', now, 0, record, {}} end

-- A server that may have forgotten leases less than a lease ago grants none. An account that it has
-- never heard of is one that it has just forgotten. A clock that was set back is no reason to wait.
if not heard and not lost then
  lost = now
  redis.call('HSET', sessions_key, 'lost', lost)
end
local forgot = math.max(tonumber(lost or 0), began)
if math.abs(now - forgot) < lease then return {'held', now, 0, record, {}} end

local excess = #rivals - limit + 1
for n = 1, excess do
  if cooldown == '' or rivals[n].started + cooldown > now then
    return {'limit_reached', now, 0, record, redis.call('HMGET', sessions_key, unpack(holders))}
  end
end

local function finish(e, reason)
  e.state, e.seen, e.name, e.live = reason, now, device, false
end
for n = 1, excess do finish(rivals[n], 'v') end
for _, e in ipairs(replaced) do finish(e, 'r') end

local packed, past = {}, 0
local function pack(e)
  table.insert(packed, 1, struct.pack(LEASE,
    e.state, e.seen, e.stream, e.session, e.started, e.content, e.player, #e.name, e.name))
end
pack({
  state = 'l', seen = now, stream = stream, session = session, started = now,
  content = content, player = player, name = name,
})
for n = #known, 1, -1 do -- the newest of what is past are kept
  if not known[n].live then past = past + 1 end
  if known[n].live or past <= most_known then pack(known[n]) end
end
record = table.concat(packed)
redis.call('SET', leases_key, record, 'PX', lease + remember)
redis.call('PUBLISH', leases_key, '')
return {'granted', now, lease, record, {}}
