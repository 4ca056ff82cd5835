-- Takes the sessions that are over out of a user's list. The expiry of each is a time of the clock of the
-- daemon that wrote it, which may differ from the one that judges here: hence the margin.
-- KEYS  1 the user's list
-- ARGV  1 now, or empty: the time of Redis   2 how long ago a session ended at least (both in ms)
-- returns how many
-- include shared/clock
return redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now_ms(ARGV[1]) - tonumber(ARGV[2])))
