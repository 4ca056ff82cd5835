-- Which of some commands may the user not run?
-- KEYS  1 a scratch key
-- ARGV  commands with their arguments, the key left out: "HSET f 1" (TIME takes none)
-- returns the first command that is refused, or an empty string
local refused = ''
for _, call in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(call, '%S+') do
    words[#words + 1] = word
  end
  if words[1] ~= 'TIME' then table.insert(words, 2, KEYS[1]) end
  local answer = redis.pcall(unpack(words))
  local err = type(answer) == 'table' and answer.err
  -- the words of Redis up to 7, and of later ones and Valkey
  if err and (string.find(err, "can't run this command", 1, true) or string.find(err, 'ACL failure', 1, true)) then
    refused = words[1]
    break
  end
end
redis.pcall('DEL', KEYS[1])
return refused
