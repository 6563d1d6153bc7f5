local struct = {}
function struct.pack(format, ...)
  local values, out, n = {...}, {}, 0
  for kind, size in format:gmatch('([IcB])(%d*)') do
    n = n + 1
    local value = values[n]
    if kind == 'c' then
      size = size == '0' and #value or tonumber(size)
      if #value < size then error('string too short') end
      out[n] = value:sub(1, size)
    else
      value, out[n] = tonumber(value), ''
      for _ = 1, tonumber(size) or 1 do
        out[n] = string.char(value % 256) .. out[n]
        value = math.floor(value / 256)
      end
    end
  end
  return table.concat(out)
end
function struct.size(format)
  local size = 0
  for _, n in format:gmatch('([IcB])(%d*)') do size = size + (tonumber(n) or 1) end
  return size
end
function struct.unpack(format, text, at)
  local out = {}
  at = at or 1
  for kind, size in format:gmatch('([IcB])(%d*)') do
    size = tonumber(size) or 1
    if kind == 'c' and size == 0 then size = table.remove(out) end
    if at + size - 1 > #text then error('data string too short') end
    if kind == 'c' then
      table.insert(out, text:sub(at, at + size - 1))
    else
      local value = 0
      for _, byte in ipairs({text:byte(at, at + size - 1)}) do value = value * 256 + byte end
      table.insert(out, value)
    end
    at = at + size
  end
  table.insert(out, at)
  return unpack(out)
end
