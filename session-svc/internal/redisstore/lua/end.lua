-- End device sessions, and their streams with them. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 session id  2 '1' to end all but this one  3 name of who ends them  4 lease, ms  5 remember, ms
-- RETURNS {}
local floor, others = math.floor, ARGV[2] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local function bytes(n)
  return string.char(floor(n / 2 ^ 40), floor(n / 2 ^ 32) % 256, floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256)
end

-- Ended sessions stay as such, so that they are not adopted, until the next is opened. What is unknown is not adopted after all have ended.
local mark = redis.call('HGET', KEYS[2], 'm')
if mark and others then redis.call('HSET', KEYS[2], 'm', mark:match('^%d+') .. ' 0') end
local adopting = mark and tonumber(mark:match('%d+$')) > now and redis.call('HLEN', KEYS[2]) < 1000
for _, id in ipairs(others and redis.call('HKEYS', KEYS[2]) or {ARGV[1]}) do
  local ended = id ~= 'm' and (not others or id ~= ARGV[1])
  if ended and (adopting or redis.call('HEXISTS', KEYS[2], id) == 1) then redis.call('HSET', KEYS[2], id, '0 0 0 0 ') end
end
-- Streams of sessions that have expired end too: whoever is not kept is ended.
local record, out, i, changed = redis.call('GET', KEYS[1]) or '', {}, 1, false
while i <= #record do
  local after = i + 38 + record:byte(i + 37)
  local text = record:sub(i, after - 1)
  if (text:sub(24, 31) == ARGV[1]) ~= others and text:byte(1) == 108 then -- 108 is l, for lease
    changed, text = true, 'e' .. bytes(now + tonumber(ARGV[5])) .. text:sub(8, 37) .. string.char(#ARGV[3]) .. ARGV[3]
  end
  out[#out + 1] = text
  i = after
end
if changed then
  redis.call('SET', KEYS[1], table.concat(out), 'PXAT', string.format('%.0f', now + tonumber(ARGV[4]) + tonumber(ARGV[5])))
  redis.call('PUBLISH', KEYS[1], '')
end
return {}
