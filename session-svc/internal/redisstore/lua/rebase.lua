#!lua flags=allow-oom
-- Lay the times of an account's leases on a clock that was set back, or on that of another server: what lived at the last decision lives on
-- for what it had left then, and what had lapsed stays lapsed. The layout of a lease is in record.go.
-- KEYS    1 leases of one account
-- ARGV    1 lease, ms  2 remember, ms
-- RETURNS {by how many ms they were moved}
local floor, lease = math.floor, tonumber(ARGV[1])
local time = redis.call('TIME')
local now = (time[1] - 1577836800) * 1000 + floor(time[2] / 1000) -- times count from 2020
local record = redis.call('GET', KEYS[1]) or ''
local function number(s, i)
  local a, b, c, d, e = s:byte(i, i + 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
end
local function bytes(n) return string.char(floor(n / 2 ^ 32), floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256) end

local by, i = 0, 1
while i <= #record do -- the last decision was a lease before the latest lapse
  if record:byte(i) == 108 then by = math.max(by, number(record, i + 1) - lease - now) end -- 108 is l, for lease
  i = i + 36 + record:byte(i + 35)
end
if by == 0 then return {0} end
local out, i = {}, 1
while i <= #record do
  local after = i + 36 + record:byte(i + 35)
  out[#out + 1] = record:sub(i, i) .. bytes(math.max(0, number(record, i + 1) - by)) .. record:sub(i + 6, after - 1)
  i = after
end
redis.call('SET', KEYS[1], table.concat(out), 'PXAT', string.format('%.0f', now + 1577836800000 + lease + tonumber(ARGV[2])))
return {by}
