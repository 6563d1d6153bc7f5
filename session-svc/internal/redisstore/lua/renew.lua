#!lua flags=allow-oom
-- Renews leases, one each of some accounts, takes slots again for those that lapsed, or puts back
-- what the server lost. Counts what a stream was sent: it holds its slot until that is played, and
-- its account may be sent so much and no more. Of one that is paused, bounds how long it holds its
-- slot.
--
-- KEYS, of each account:
--          a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
--          events         a:{account}:events, what other systems are told; or none, of any
-- ARGV, once:
--          most, keep     of events; '' without their keys
--          lease          ms that a lease lives after a sign of life
--          remember       ms that a stream is known after its end
--          resume         ms that it is known after its lapse
--          keep           ms that the record is kept
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
--          most_ahead     ms of film at most that hold a slot
--          factor         thousandths of play that each slot may be sent, in the long run
--          burst          ms of film that each slot may be sent beyond
--       of each account:
--          stream         id of the lease
--          session        id of the session that asks
--          limit          how many live leases the account may hold, unless the hash knows better
--          content        what a signed ticket says of the lease, or ''
--          player, started  the same
--          sign           of life: 'heartbeat' or 'fetch'; or 'pause', which prolongs nothing
--          idle           ms since the sign of life
--          sent           ms of film that the stream was sent since its sender last renewed it
--          want           ms of film that are to be sent next; below 0, ms that may be sent and
--                         won't be, if the stream has ended: the account gets them back
--          hold           ms that a pause holds the slot, from its first sign on
-- RETURNS, for each account, an error or
--          {outcome, now, limit, record, sessions, gained, wait, credit, ahead, holds}; last ones
--          may miss
--          outcome        one of stream.Store.Renew, or 'set_back': rebase.lua comes first
--          limit          that counted
--          record         '' of renewed, which is asked for most
--          sessions       of limit_reached, the sessions of all leases in the record, in its order
--          gained         ms by which the lease lives longer
--          wait           ms until the rest of what is wanted may be sent
--          credit         ms of film that may be sent, at most want
--          ahead          ms of film that were sent and are not played yet
--          holds          ms that the lease lives without another sign of life
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local LIFE = '>c1I6I3' -- its beginning: state, seen, cover
local OWNER = '>c16c8' -- behind that: stream, session
local FIXED = '>c1I6I3c16c8I6c12c4B' -- all but the name
local LEASES = {l = 'l', h = 'h', L = 'l', H = 'h', p = 'p', P = 'p'} -- of leases, live or lapsed
local TOLD = {L = true, H = true, P = true} -- those that lapsed, as an event has told

local most_events, keep_events, lease, remember, resume, keep, began, most_ahead, factor, burst =
  unpack(ARGV, 1, 10)
local shared, each = 10, 11 -- of the arguments
lease = tonumber(lease)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function renew(leases_key, sessions_key, events_key, stream, session, limit, content, player,
    started, sign, idle, sent, want, hold)
  want = tonumber(want)
  local pauses = sign == 'pause'
  local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)
  local found, heard, lost, plan, confirmed =
    unpack(redis.call('HMGET', sessions_key, session, 'heard', 'lost', 'limit', '+' .. session))
  limit = tonumber(plan or limit)
  local rate = limit * factor / 1000 -- ms of film that the account may be sent in a ms

  -- Renewals are asked for most, so that only the stream's own part is read as a whole.
  local own, rivals, leases = nil, 0, {}
  local spent, starts, first = struct.unpack(ACCOUNT, record)
  local at, life, fixed = first, struct.size(LIFE), struct.size(FIXED)
  local own_at = (record:find(stream, first, true) or 0) - life
  while at <= #record do
    local state, seen, cover = struct.unpack(LIFE, record, at)
    if seen > now then return {'set_back', now} end
    local lapses = seen + (LEASES[state] and math.max(lease, cover) or 0)
    local after = at + fixed + record:byte(at + fixed - 1)
    if at == own_at then
      local _, holder = struct.unpack(OWNER, record, at + life)
      own = {state = state, seen = seen, lapses = lapses, played = seen + cover, session = holder,
        after = after}
    elseif LEASES[state] and lapses > now and not TOLD[state] then
      rivals = rivals + 1
    end
    if LEASES[state] then table.insert(leases, at + life) end
    at = after
  end

  local known = own and own.lapses + (LEASES[own.state] and resume or remember) > now
  if known and own.session ~= session then return {'unknown', now, limit, record} end
  if known and not LEASES[own.state] then
    if want < 0 then
      spent = math.max(0, spent + math.ceil(want / rate))
      record = struct.pack(ACCOUNT, spent, starts) .. record:sub(first)
      redis.call('SET', leases_key, record, 'PX', keep)
    end
    return {'ended', now, limit, record}
  end
  if not known and content == '' then return {'unknown', now, limit, record} end

  local expires, created = (found or '0 0 0 0'):match('^(%d+) %S+ %d+ (%d+)')
  if tonumber(expires) <= now then return {'no_session', now, limit, record} end
  -- The end of a session that is older than the server may be lost.
  local sure_since = math.max(tonumber(created), tonumber(confirmed or 0))
  if sure_since < tonumber(began) then return {'no_session', now, limit, record} end
  if not known then
    if not heard and not lost then lost = now end -- an account never heard of is one just forgotten
    local forgot = math.max(tonumber(lost or 0), tonumber(began))
    if forgot + lease <= now then return {'unknown', now, limit, record} end
  end
  local renewed = known and own.lapses > now and not TOLD[own.state]
  if pauses and known and not renewed then
    return {'renewed', now, limit, '', {}, 0, 0, 0, 0, own.lapses - now}
  end
  if not renewed and rivals >= limit then
    for n, at in ipairs(leases) do
      local _, holder = struct.unpack(OWNER, record, at)
      leases[n] = holder
    end
    local sessions = redis.call('HMGET', sessions_key, unpack(leases))
    return {'limit_reached', now, limit, record, sessions}
  end

  events = nil -- of the account before
  if events_key and not renewed then
    events = {key = events_key, most = most_events, keep = keep_events, now = now}
    for _, at in ipairs(leases) do -- lapses that nobody told of yet, before what takes a slot
      at = at - life
      local state, seen, cover, id, holder, since, playing = struct.unpack(LEASE, record, at)
      local lapses = seen + math.max(lease, cover)
      if lapses <= now and not TOLD[state] and (known or id ~= stream) then
        record = record:sub(1, at - 1) .. state:upper() .. record:sub(at + 1)
        tell('l', '-', lapses, {session = holder, stream = id, content = playing, started = since})
      end
    end
  end

  if not known then
    if own then record = record:sub(1, own_at - 1) .. record:sub(own.after) end
    own_at = #record + 1
    own = {state = 'l', seen = 0, lapses = now, played = now}
    record = record
      .. struct.pack(LEASE, 'l', 0, 0, stream, session, started, content, player, 0, '')
  end

  -- One that is older than a lease is none any more.
  local seen = math.max(own.seen, now - math.min(idle, lease))
  -- A stream that sends heartbeats lives by them alone, and one that says that it is paused by
  -- that.
  local state = sign == 'heartbeat' and 'h' or pauses and 'p' or LEASES[own.state]
  local ahead = 0
  if state == 'l' then
    ahead = math.min(tonumber(most_ahead), math.max(0, own.played - now) + sent)
  end
  local played = now + ahead
  if pauses then
    played = now + hold
    if own.state == 'p' then played = math.min(own.lapses, played) end
    seen = math.min(now, played - lease) -- where the hold is shorter than a lease
  elseif state == 'p' then
    played = math.max(own.played, played)
  end

  -- What the account was sent is paid off at the time spent; no more than the burst of all its
  -- slots may be owed.
  local left = math.floor(limit * burst - math.max(0, spent - now) * rate)
  local credit = math.max(0, math.min(want, left))
  local wait = math.ceil(math.max(0, want - credit) / rate)
  spent = math.max(spent, now) + math.ceil(credit / rate)

  record = struct.pack(ACCOUNT, spent, starts)
    .. record:sub(first, own_at - 1)
    .. struct.pack(LIFE, state, seen, played - seen)
    .. record:sub(own_at + life)
  redis.call('SET', leases_key, record, 'PX', keep)
  local holds = math.max(seen + lease, played) - now
  local gained = now + holds - math.max(now, own.lapses)
  if renewed then
    if holds <= 0 then redis.pcall('PUBLISH', leases_key, '') end -- its slot is free
    return {'renewed', now, limit, '', {}, gained, wait, credit, ahead, holds}
  end
  if events then
    local _, _, _, _, _, since, playing = struct.unpack(LEASE, record, own_at)
    local resumed = {
      session = session, stream = stream, content = playing, started = since, limit = limit,
      active = rivals + 1,
    }
    tell('r', '-', now, resumed)
    if rivals + 1 > limit then tell('v', '-', now, resumed) end
  end
  redis.pcall('PUBLISH', leases_key, '')
  return {'resumed', now, limit, record, {}, gained, wait, credit, ahead, holds}
end

local keys = most_events == '' and 2 or 3
local answers = {}
for n = 0, #KEYS / keys - 1 do
  local key, arg = n * keys, shared + n * each
  local decided, answer = pcall(renew, KEYS[key + 1], KEYS[key + 2], keys == 3 and KEYS[key + 3],
    unpack(ARGV, arg + 1, arg + each))
  answers[n + 1] = (decided or type(answer) == 'table') and answer or {err = answer}
end
return answers
