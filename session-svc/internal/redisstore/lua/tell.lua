-- What scripts have before them that write down events (scripts.go). A script whose caller wants
-- events sets what is here; others write none.
local events -- {key, most, keep, now}: a:{account}:events (outbox.go), how many are kept, for how
             -- many ms, and the time
local EVENT = '>c1c1I6I2I2I2c8c16c12I6Bc0Bc0'
local NO_SESSION = '\0\0\0\0\0\0\0\0'
local NO_CONTENT = '\0\0\0\0\0\0\0\0\0\0\0\0'
local NO_STREAM = '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'

-- Writes down an event. The oldest one gives way where there are too many.
local function tell(kind, reason, at, e)
  if not events then return end
  local n = redis.call('HINCRBY', events.key, 'last', 1)
  if n == 1 then
    n = events.now -- which is later than all numbers that were forgotten
    redis.call('HSET', events.key, 'last', n, 'first', n)
  end
  local device, by = e.device or '', e.by or ''
  redis.call('HSET', events.key, n, struct.pack(EVENT, kind, reason, at,
    e.limit or 0, e.active or 0, e.times or 0, e.session or NO_SESSION, e.stream or NO_STREAM,
    e.content or NO_CONTENT, e.started or 0, #device, device, #by, by))
  redis.call('HDEL', events.key, n - events.most)
  redis.call('PEXPIRE', events.key, events.keep)
end
