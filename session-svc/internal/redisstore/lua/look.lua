#!lua flags=allow-oom
-- Tells of the leases of an account that have lapsed, which no request tells of.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          events         a:{account}:events, what other systems are told
-- ARGV     lease          ms that a lease lives after a sign of life
--          most, keep     of events
-- RETURNS  {ms until the next lease lapses unless it is renewed, or 0; 1 if there are events that
--          some sink has not got, else 0}
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local TELLS = {l = true, h = true, p = true} -- of leases whose lapse no event has told

local leases_key, events_key = KEYS[1], KEYS[2]
local lease, most_events, keep_events = unpack(ARGV)
lease = tonumber(lease)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
events = {key = events_key, most = most_events, keep = keep_events, now = now}
local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)

local next_lapse, lapsed = 0, false
local _, _, at = struct.unpack(ACCOUNT, record)
while at <= #record do
  local state, seen, cover, stream, session, started, content, _, _, after =
    struct.unpack(LEASE, record, at)
  if TELLS[state] then
    local lapses = seen + math.max(lease, cover)
    if lapses > now then
      next_lapse = next_lapse == 0 and lapses or math.min(next_lapse, lapses)
    else
      record = record:sub(1, at - 1) .. state:upper() .. record:sub(at + 1)
      lapsed = true
      tell('l', '-', lapses,
        {session = session, stream = stream, content = content, started = started})
    end
  end
  at = after
end
if lapsed then redis.call('SET', leases_key, record, 'KEEPTTL') end

local last, first = unpack(redis.call('HMGET', events_key, 'last', 'first'))
local waits = last and tonumber(first) <= tonumber(last)
return {next_lapse == 0 and 0 or next_lapse - now, waits and 1 or 0}
