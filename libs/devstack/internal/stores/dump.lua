-- dump reads all keys in one step, so that what one script wrote together is kept together.
-- RETURNS {{key, type, expiry, value}, …}; expiry in Unix milliseconds or -1, value a string, a
--   hash's list of fields and values, or false for a type that is not kept
local entries = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local kind = redis.call('TYPE', key).ok
  local value = false
  if kind == 'string' then
    value = redis.call('GET', key)
  elseif kind == 'hash' then
    value = redis.call('HGETALL', key)
  end
  entries[#entries + 1] = {key, kind, redis.call('PEXPIRETIME', key), value}
end
return entries
