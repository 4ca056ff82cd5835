-- now_ms returns the time in ms: the given one, or that of Redis when it is empty. Redis is one clock for all daemons:
-- by their own, two that differ would disagree on the grace and on a code's life.
local function now_ms(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- text returns a whole number as text. Lua itself writes a long one with an exponent.
local function text(number) return string.format('%d', number) end
