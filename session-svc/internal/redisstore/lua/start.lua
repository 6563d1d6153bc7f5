#!lua
-- Starts a stream: purges what has lapsed, decides, writes.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     stream         id of the new lease
--          named          how many bytes of the id name the start: another id with them repeats it
--          session        id of the session that asks
--          content        what it plays
--          player         '\0\0\0\0' is a player without a name
--          device         its name to show
--          limit          how many live leases the account may hold, unless the hash knows better
--          lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end
--          resume         ms that it is known after its lapse
--          keep           ms that the record is kept
--          replace        id of a stream to end in the same step, or ''
--          cooldown       ms that a new lease is safe from eviction, or '' if the plan evicts none
--          most_known     how many ended and lapsed streams are kept
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
--          start_every    ms between two starts, in the long run
--          start_burst    how many starts may come at once
--          deadline       Unix ms of this server after which nobody waits for the answer
--          window         ms before it in which the start can have been sent
--          most, keep     of events; none without the key
-- RETURNS  {outcome, now, limit, record, sessions, gained, wait}; what comes last may be missing
--          outcome        one of stream.Store.Start, or 'set_back': rebase.lua comes first,
--                         or 'late': nobody waits any more, or the server's clock is another one
--          limit          that counted
--          sessions       of limit_reached, the sessions of all leases in the record, in its order
--          gained         ms by which the lease lives longer
--          wait           of too_many_starts, ms until the next is taken
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local LEASES = {l = 'l', h = 'h', L = 'l', H = 'h', p = 'p', P = 'p'} -- of leases, live or lapsed
local TOLD = {L = true, H = true, P = true} -- those that lapsed, as an event has told
local SESSION = '^(%d+) (%S+) (%d+) (%d+) (.*)$' -- expires, generation, refreshed, created, device
local NO_PLAYER = '\0\0\0\0'
local REFUSALS_EVERY = 1000 -- ms between two that other systems are told of
local MOST_TIMES = 65535

local leases_key, sessions_key, events_key = KEYS[1], KEYS[2], KEYS[3]
local stream, named, session, content, player, device = unpack(ARGV, 1, 6)
local limit, lease, remember, resume, keep = unpack(ARGV, 7, 11)
local replace, cooldown, most_known, began = unpack(ARGV, 12, 15)
local start_every, start_burst, deadline, window, most_events, keep_events = unpack(ARGV, 16)
lease, named, deadline = tonumber(lease), tonumber(named), tonumber(deadline)
local start = stream:sub(1, named)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > deadline or deadline - now > tonumber(window) then return {'late', now} end
local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)
local found, heard, lost, plan, confirmed =
  unpack(redis.call('HMGET', sessions_key, session, 'heard', 'lost', 'limit', '+' .. session))
local expires, _, _, created, session_device = (found or ''):match(SESSION)
local name = device == session_device and '' or device -- the session has it
limit = tonumber(plan or limit)

-- All that is known of the account, in the order of the starts; of its live leases, those that this
-- start replaces, and its rivals.
local known, replaced, rivals, holders = {}, {}, {}, {}
local own, names_known = nil, replace == ''
local spent, started, at = struct.unpack(ACCOUNT, record)
while at <= #record do
  local e = {at = at}
  e.state, e.seen, e.cover, e.stream, e.session, e.started,
    e.content, e.player, e.name, at = struct.unpack(LEASE, record, at)
  if e.seen > now then return {'set_back', now} end
  local lapses = e.seen + (LEASES[e.state] and math.max(lease, e.cover) or 0)
  if LEASES[e.state] then table.insert(holders, e.session) end
  e.lapses = lapses
  e.live = lapses > now and not TOLD[e.state]
  if lapses + (LEASES[e.state] and resume or remember) > now then
    names_known = names_known or e.stream == replace
    if not own and e.stream:sub(1, named) == start then
      own = e
      own.after = at
    else
      table.insert(known, e)
      local same_player = player ~= NO_PLAYER and e.player == player and e.session == session
      if e.live then
        table.insert((same_player or e.stream == replace) and replaced or rivals, e)
      end
    end
  end
end

if own and not LEASES[own.state] then return {'ended', now, limit, record} end
if tonumber(expires or 0) <= now then return {'no_session', now, limit, record} end
-- The end of a session that is older than the server may be lost.
local sure_since = math.max(tonumber(created), tonumber(confirmed or 0))
if sure_since < tonumber(began) then return {'no_session', now, limit, record} end
if own and (own.session ~= session or own.content ~= content
  or own.player ~= player or own.name ~= name) then
  return {'conflict', now, limit, record}
end
if own and own.live then
  if own.stream ~= stream and own.cover == 0 then -- now two know it: undo.lua leaves it alone
    record = record:sub(1, own.at - 1)
      .. struct.pack(LEASE, own.state, own.seen, 1, own.stream, own.session, own.started,
        own.content, own.player, #own.name, own.name)
      .. record:sub(own.after)
    redis.call('SET', leases_key, record, 'PX', keep)
  end
  return {'repeated', now, limit, record}
end
if own then stream = own.stream end
if not names_known then return {'unknown', now, limit, record} end

-- A server that may have forgotten leases less than a lease ago grants none. An account that it has
-- never heard of is one that it has just forgotten. A clock that was set back is no reason to wait.
if not heard and not lost then
  lost = now
  redis.call('HSET', sessions_key, 'lost', lost)
end
local forgot = math.max(tonumber(lost or 0), tonumber(began))
if events_key then
  events = {key = events_key, most = most_events, keep = keep_events, now = now}
end

-- Tells of a refusal, once a second; the next one says how many there were.
local function refuse(reason)
  if not events then return end
  local last, times = (redis.call('HGET', events.key, 'refused') or '0 0'):match('^(%d+) (%d+)$')
  times = times + 1
  if now - last >= REFUSALS_EVERY or now < tonumber(last) then
    tell('f', reason, now, {
      session = session, content = content, device = device, limit = limit, active = #rivals,
      times = math.min(times, MOST_TIMES),
    })
    last, times = now, 0
  end
  redis.call('HSET', events.key, 'refused', last .. ' ' .. times)
end

if math.abs(now - forgot) < lease then
  refuse('h')
  return {'held', now, limit, record}
end

local excess = #rivals - limit + 1
for n = 1, excess do
  if cooldown == '' or rivals[n].started + cooldown > now then
    refuse('l')
    local sessions = redis.call('HMGET', sessions_key, unpack(holders))
    return {'limit_reached', now, limit, record, sessions}
  end
end

-- Each start is paid for with start_every; start_burst of them may be owed.
started = math.max(started, now) + start_every
local wait = started - now - start_burst * start_every
if wait > 0 then
  refuse('t')
  return {'too_many_starts', now, limit, record, {}, 0, wait}
end

-- Lapses that nobody told of yet, before what takes their slots.
local function lapse(e)
  if e and LEASES[e.state] and not TOLD[e.state] and e.lapses <= now then
    tell('l', '-', e.lapses, e)
    e.state = e.state:upper()
  end
end
if events then
  for _, e in ipairs(known) do lapse(e) end
  lapse(own)
end

local function finish(e, reason)
  if events then
    tell('e', reason, now, {
      session = e.session, stream = e.stream, content = e.content, started = e.started, by = device,
    })
  end
  e.state, e.seen, e.cover, e.name, e.live = reason, now, e.lapses - now, device, false
end
for n = 1, excess do finish(rivals[n], 'v') end
for _, e in ipairs(replaced) do finish(e, 'r') end

local packed, past = {}, 0
local function pack(e)
  table.insert(packed, 1, struct.pack(LEASE, e.state, e.seen, e.cover, e.stream, e.session,
    e.started, e.content, e.player, #e.name, e.name))
end
pack({
  state = 'l', seen = now, cover = 0, stream = stream, session = session, started = now,
  content = content, player = player, name = name,
})
for n = #known, 1, -1 do -- the newest of what is past are kept
  if not known[n].live then past = past + 1 end
  if known[n].live or past <= tonumber(most_known) then pack(known[n]) end
end
record = struct.pack(ACCOUNT, spent, started) .. table.concat(packed)
if events then
  local granted = {
    session = session, stream = stream, content = content, started = now, device = device,
    limit = limit, active = 1,
  }
  for _, e in ipairs(known) do
    if e.live then granted.active = granted.active + 1 end
  end
  tell(own and 'r' or 's', '-', now, granted)
  if granted.active > limit then tell('v', '-', now, granted) end
end
redis.call('SET', leases_key, record, 'PX', keep)
redis.pcall('PUBLISH', leases_key, '')
for n = 1, excess do table.insert(replaced, rivals[n]) end
for _, e in ipairs(replaced) do redis.pcall('PUBLISH', 'ends', e.stream) end
return {'granted', now, limit, record, {}, lease}
