-- A full Redis refuses the first change of a script if it may need memory. This change comes first, needs none and
-- changes nothing: no expiry is earlier than now. So what only takes rights away, or makes room, is never refused.
redis.call('PEXPIRE', KEYS[1], 0, 'GT')
