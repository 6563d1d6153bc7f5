#!lua
-- Opens a device session: of a sign-in, or of a token or grant of another issuer's account.
--
-- KEYS     s:{account}    the device sessions, a hash (sessions.go)
--          events         a:{account}:events, what other systems are told; or none
-- ARGV     session        id of the new session
--          device         its name to show
--          ttl            ms that a session lives unless it is refreshed
--          most_living    how many sessions may live; one more ends the one not refreshed longest
--          most_kept      how many are kept with the ended ones; beyond, these are forgotten early
--          sign_in        'later' if the account is known to have signed in before, else 'first'
--          remember       ms that the end of a session is kept
--          grant_for      ms that a grant, or a token of another issuer, can speak for a session
--          signed_in      of another issuer's account, Unix ms: when the device signed in there,
--                         with the leeway taken off; '' of a sign-in here
--          issued         the same: when what speaks for the session was issued
--          lost, memory   if the hash has this lost, the server has forgotten nothing since memory
--          began          when this server began, Unix ms: it may lack what is older; 0 if not
--          name           of the question for the ends that are recorded, if there is none yet
--          most, keep     of events; none without the key
-- RETURNS  {now, session as it is kept, lost or 0, question}
--          question       '', or what recall.lua must be told: ends may be missing here, so
--                         nobody can say yet whether the session lives
local SESSION = '^(%d+) (%S+) (%d+) (%d+) (.*)$' -- expires, generation, refreshed, created, device

local sessions_key, events_key = KEYS[1], KEYS[2]
local session, device, ttl, most_living, most_kept, sign_in = unpack(ARGV, 1, 6)
local remember, grant_for, signed_in, issued, found_lost, memory, began = unpack(ARGV, 7, 13)
local name, most_events, keep_events = unpack(ARGV, 14)
signed_in, issued = tonumber(signed_in), tonumber(issued)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found, heard, lost, gone, others, ends = unpack(redis.call(
  'HMGET', sessions_key, session, 'heard', 'lost', 'gone', 'others', 'ends'))
if not heard and not lost then
  if sign_in == 'later' then lost = now end
  redis.call('HSET', sessions_key, sign_in == 'later' and 'lost' or 'heard', now)
elseif lost and lost == found_lost then
  lost = memory
  redis.call('HSET', sessions_key, 'lost', lost)
end
lost = tonumber(lost or 0)

local expires, _, ended = (found or ''):match(SESSION)
expires, ended, gone = tonumber(expires or 0), tonumber(ended or 0), tonumber(gone or 0)
if found and not signed_in then return {now, found, lost, ''} end -- a repeated call

-- A session of another issuer's account opens again if it has expired, and if it was ended, by what
-- is newer than that.
if signed_in then
  local others_at, but = (others or '0 '):match('^(%d+) (.*)$')
  others_at = session == but and 0 or tonumber(others_at)
  local forgotten = not found and (issued <= gone or signed_in <= others_at)
  if forgotten or found and expires == 0 and signed_in <= ended then
    return {now, '0 0 ' .. math.max(ended, gone, others_at) .. ' 0 ', lost, ''}
  end

  -- An account without the mark was never heard of, or was forgotten; one whose mark is older than
  -- the server may lack what was ended before that began.
  local known_at, question = (ends or '0'):match('^(%d+)(.*)$')
  if tonumber(known_at) < tonumber(began) or not ends then
    known_at = math.max(now, tonumber(began))
    question = ' ' .. name
    redis.call('HSET', sessions_key, 'ends', known_at .. question)
    redis.call('PEXPIRE', sessions_key, ttl + grant_for)
  end
  if question ~= '' then return {now, '0 0 0 0 ', lost, known_at .. question} end

  if expires > now then
    if began ~= '0' then -- nobody else could say whether it was ended
      redis.call('HSET', sessions_key, '+' .. session, math.max(now, tonumber(began)))
    end
    return {now, found, lost, ''}
  end
end

if events_key then
  events = {key = events_key, most = most_events, keep = keep_events, now = now}
end

local fields = redis.call('HGETALL', sessions_key)
local living, past, oldest = 0, {}, nil
for n = 1, #fields, 2 do
  local expires, _, refreshed, _, name = fields[n + 1]:match(SESSION) -- nil of what is no session
  if expires and #fields[n] == #session then
    local s = {id = fields[n], device = name}
    s.expires, s.refreshed = tonumber(expires), tonumber(refreshed)
    if s.expires <= now then
      table.insert(past, s)
    else
      living = living + 1
      if not oldest or s.refreshed < oldest.refreshed then oldest = s end
    end
  end
end

local crowded = living + #past >= tonumber(most_kept)
for _, s in ipairs(past) do
  local ended = math.max(s.expires, s.refreshed) -- what was ended counts as refreshed then
  if crowded or ended + remember <= now then
    redis.call('HDEL', sessions_key, s.id, '+' .. s.id)
    if signed_in and s.expires == 0 then gone = math.max(gone, ended) end
  end
end
if gone > 0 then redis.call('HSET', sessions_key, 'gone', gone) end
if crowded then redis.call('HDEL', sessions_key, 'ends') end -- the records know more now
if living >= tonumber(most_living) then -- the streams of what ends here can't be renewed any more
  redis.call('HSET', sessions_key, oldest.id, '0 0 ' .. now .. ' 0 ' .. oldest.device)
  tell('c', 'c', now, {session = oldest.id, device = oldest.device})
end

local opened = table.concat({now + ttl, 1, now, now, device}, ' ')
redis.call('HSET', sessions_key, session, opened)
redis.call('PEXPIRE', sessions_key, ttl + grant_for)
tell('o', '-', now, {session = session, device = device})
return {now, opened, lost, ''}
