package redisstore

// Commands returns the commands that the scripts and reads of this package use, without the key, and with arguments
// that are harmless on a scratch key. The check at the start tries them all.
func Commands() []string {
	return []string{
		"HSET f 1", "HGET f", "HMGET f", "HGETALL", "HINCRBY n 1", "HKEYS", "HLEN", "HDEL f", "PEXPIRE 1000", "PTTL", "EXISTS", "DEL",
		"ZADD 1 m", "ZSCORE m", "ZCARD", "ZRANGE 0 0", "ZREVRANGE 0 0", "ZRANGEBYLEX - +", "ZREVRANGEBYLEX + -", "ZLEXCOUNT - +",
		"ZRANGEBYSCORE 0 0", "ZCOUNT 0 0", "ZRANDMEMBER 1", "ZREMRANGEBYSCORE 0 0", "ZREM m", "DEL", "SET 1 PX 1000", "GET", "INCR", "DEL",
		"TIME",
	}
}
