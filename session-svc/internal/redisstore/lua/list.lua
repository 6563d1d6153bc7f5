#!lua flags=no-writes
-- Lists the leases of an account.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
-- RETURNS  {outcome, now, 0, record, sessions}
--          outcome        'done', or 'set_back': rebase.lua comes first
--          sessions       the sessions of all leases in the record, in its order
local LEASE = '>c1I6c16c8I6c12c4Bc0'

local leases_key, sessions_key = KEYS[1], KEYS[2]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('GET', leases_key) or ''

local holders, at = {}, 1
while at <= #record do
  local state, seen, _, holder, _, _, _, _, after =
    struct.unpack(LEASE, record, at)
  if seen > now then return {'set_back', now, 0, '', {}} end
  if state == 'l' then table.insert(holders, holder) end
  at = after
end
local sessions = #holders > 0 and redis.call('HMGET', sessions_key, unpack(holders)) or {}
return {'done', now, 0, record, sessions}
