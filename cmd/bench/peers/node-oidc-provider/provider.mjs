// node-oidc-provider with its state in Redis, for "make bench-peers": one client, client_credentials and introspection.
import Redis from 'ioredis';
import Provider from 'oidc-provider';

const redis = new Redis(process.env.REDIS_URL);

// The adapter keeps a record as one JSON string, as the project's own example for Redis does for tokens.
class RedisAdapter {
  constructor(name) {
    this.name = name;
  }

  key(id) {
    return `${this.name}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    if (expiresIn) {
      await redis.set(this.key(id), JSON.stringify(payload), 'EX', expiresIn);
    } else {
      await redis.set(this.key(id), JSON.stringify(payload));
    }
  }

  async find(id) {
    const data = await redis.get(this.key(id));
    return data ? JSON.parse(data) : undefined;
  }

  async findByUid() {
    return undefined;
  }

  async findByUserCode() {
    return undefined;
  }

  async destroy(id) {
    await redis.del(this.key(id));
  }

  async revokeByGrantId() {}

  async consume(id) {
    const payload = await this.find(id);
    if (payload) {
      await this.upsert(id, { ...payload, consumed: Math.floor(Date.now() / 1000) });
    }
  }
}

const provider = new Provider(`http://127.0.0.1:${process.env.PORT}`, {
  adapter: RedisAdapter,
  clients: [{
    client_id: process.env.CLIENT_ID,
    client_secret: process.env.CLIENT_SECRET,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
    scope: 'read',
    token_endpoint_auth_method: 'client_secret_basic',
  }],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
  },
  scopes: ['read'],
  ttl: { ClientCredentials: 900 },
});

provider.listen(Number(process.env.PORT), '127.0.0.1');
