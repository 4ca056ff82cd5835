package config

import "time"

// Config holds every setting of the server, checked. It is a plain value: each package receives its own section.
// Secrets are held in the clear inside Secret, which does not print.
type Config struct {
	Issuer            string   `key:"issuer" doc:"The issuer identifier: the public base URL of this server, https, with or without a path, without a trailing slash. Every URL in the metadata begins with it. Not needed with --dev."`
	IssuerPrevious    string   `key:"issuer_previous" doc:"The earlier issuer of this server, after a change of the issuer: Redis stores the issuer of its data, and the server refuses to start with another one. All users must sign in again. Remove the setting after the change."`
	MasterKey         Secret   `key:"master_key" reload:"true" doc:"The key that encrypts the server's own keys in Redis: base64 of 32 random bytes (openssl rand -base64 32). All replicas need the same one, or each that of the others as master_key_previous. SIGHUP changes it once the server's keys can be read with it."`
	MasterKeyPrevious []Secret `key:"master_key_previous" reload:"true" doc:"Other master keys, earlier or later ones, which decrypt the keys that they encrypted. oauth2d rotate master-key encrypts everything under master_key (docs/rotation.md); remove them after that."`

	Scopes    []Scope    `key:"scopes" reload:"true" doc:"The scopes that clients may be registered for. Any other scope is refused at registration; a client that already has it keeps it. openid, profile, email, offline_access and the admin scopes always exist; the list may replace the descriptions of the first four. If the list is empty, every name is accepted except one that looks like a misspelling of a known scope. SIGHUP changes the descriptions; a new scope needs a restart."`
	Resources []Resource `key:"resources" doc:"The protected resources that a client may name with the resource parameter (RFC 8707). Empty: the parameter is refused."`

	RedirectSchemes []string `key:"redirect_schemes" doc:"Private-use URI schemes without a dot that redirect URIs may have, such as vscode or cursor. A scheme in reverse-DNS form, such as com.example.app, needs no entry."`

	Server        Server        `key:"server"`
	Admin         Admin         `key:"admin"`
	Redis         Redis         `key:"redis"`
	Keys          Keys          `key:"keys"`
	Token         Token         `key:"token"`
	Refresh       Refresh       `key:"refresh"`
	Session       Session       `key:"session"`
	Password      Password      `key:"password"`
	Introspection Introspection `key:"introspection"`
	Limits        Limits        `key:"limits"`
	Cleanup       Cleanup       `key:"cleanup"`
	Rotation      Rotation      `key:"rotation"`
	Brand         Brand         `key:"brand"`
	Log           Log           `key:"log"`
	Audit         Audit         `key:"audit"`
	Tracing       Tracing       `key:"tracing"`

	// Dev is set by serve --dev only: embedded Redis, demo data, plain HTTP on loopback.
	Dev bool
	// Tool is set by commands other than serve, which need no issuer.
	Tool bool
	// SecretFiles are the files that secrets were read from, including the settings file and the env file.
	SecretFiles []SecretFile
}

// Server is the public listener.
type Server struct {
	Listen         string        `key:"listen" default:"127.0.0.1:8080" doc:"Address and port of the public listener."`
	EndpointPrefix string        `key:"endpoint_prefix" doc:"The path between the issuer and the endpoints, such as /oauth2. Empty: /authorize, /token, /revoke, /introspect directly below the issuer."`
	TrustedProxies []string      `key:"trusted_proxies" doc:"Addresses or networks (CIDR) of the proxies whose header about the caller is trusted. The header is ignored on requests from any other address."`
	ProxyHeader    string        `key:"proxy_header" default:"X-Forwarded-For" enum:"X-Forwarded-For,Forwarded" doc:"The header in which trusted proxies send the address of the caller. A proxy must overwrite it."`
	PublicMetrics  bool          `key:"public_metrics" was:"metrics" doc:"Serve /metrics on the public listener as well, below the issuer, where everybody can read it. The operators' listener always serves it."`
	RequestTimeout time.Duration `key:"request_timeout" default:"10s" min:"1s" max:"2m" doc:"How long one request may take, waiting for Redis included."`
	ShutdownDelay  time.Duration `key:"shutdown_delay" default:"0s" min:"0s" max:"5m" doc:"How long the server continues to serve after SIGTERM, while its health check already fails, before it closes its listeners. Set it to the time that a load balancer needs to notice. 0s: for a server without a load balancer, or with one that is reconfigured by other means."`
	ShutdownGrace  time.Duration `key:"shutdown_grace" default:"20s" min:"0s" max:"10m" doc:"How long requests in flight may take to finish when the server stops, after shutdown_delay."`
	MaxConnections int           `key:"max_connections" default:"4096" min:"16" max:"1000000" doc:"Open connections of the public listener. At the limit, a new connection replaces the one that has been idle longest; if none is idle, new connections wait. The limit of open files of the process applies as well."`
	TLS            ServerTLS     `key:"tls"`
}

// ServerTLS configures TLS of the public listener, by files.
type ServerTLS struct {
	CertFile string `key:"cert_file" doc:"PEM file with the certificate chain. Empty: plain HTTP, for use behind a proxy. Its content is read again when it changes and on SIGHUP."`
	KeyFile  string `key:"key_file" doc:"PEM file with the private key of the certificate."`
}

// Enabled reports whether the listener uses TLS.
func (t ServerTLS) Enabled() bool { return t.CertFile != "" }

// Admin configures the operators' listener.
type Admin struct {
	Listen    string   `key:"listen" default:"127.0.0.1:9090" doc:"Address and port of the operators' listener: the admin API, health and /metrics. Never expose it to the Internet."`
	Hosts     []string `key:"hosts" doc:"Host names that requests to the operators' listener may use, besides IP addresses and localhost. Others are refused, to prevent DNS rebinding."`
	Operators []string `key:"operators" doc:"Sign-in names of the people whose tokens may carry admin scopes. The admin API refuses the tokens of all other people, whatever their scope. Empty: only clients with an admin scope of their own have access."`
}

// Redis configures where the state is stored.
type Redis struct {
	Mode             string        `key:"mode" default:"standalone" enum:"embedded,standalone,sentinel,cluster" doc:"How Redis is reached. embedded runs inside the process and loses everything at exit: for --dev and tests."`
	Addrs            []string      `key:"addrs" default:"127.0.0.1:6379" doc:"host:port of the server (standalone), of the Sentinels (sentinel), or of some nodes (cluster)."`
	MasterName       string        `key:"master_name" default:"mymaster" doc:"The name under which the Sentinels know the master (sentinel)."`
	DB               int           `key:"db" default:"0" min:"0" max:"15" doc:"The logical database of the authorization state. Must be 0 in cluster mode."`
	Username         string        `key:"username" reload:"true" doc:"ACL user. Empty: the default user."`
	Password         Secret        `key:"password" reload:"true" doc:"Password of the ACL user. SIGHUP changes it for new connections, once Redis accepts it."`
	SentinelUsername string        `key:"sentinel_username" reload:"true" doc:"ACL user on the Sentinels themselves."`
	SentinelPassword Secret        `key:"sentinel_password" reload:"true" doc:"Password on the Sentinels themselves; it is not the password of Redis. SIGHUP changes it as it does redis.password."`
	PoolSize         int           `key:"pool_size" default:"4" min:"1" max:"64" doc:"How many pipelines may be in flight to one node at the same time. Callers share them, so a few are enough for any load."`
	StartTimeout     time.Duration `key:"start_timeout" default:"30s" min:"0s" max:"10m" doc:"How long the start waits for a Redis that cannot be reached yet, is loading its data, or has no master. A wrong password or a missing ACL permission fails at once. 0: do not wait."`
	DialTimeout      time.Duration `key:"dial_timeout" default:"300ms" min:"10ms" max:"30s" doc:"How long it may take to open a connection."`
	Timeout          time.Duration `key:"timeout" default:"500ms" min:"10ms" max:"30s" doc:"How long one request to Redis may take before it counts as failed (503)."`
	Durability       string        `key:"durability" enum:"strict,relaxed" doc:"strict: a change is acknowledged only when it survives the loss of any one node. Empty: strict in sentinel mode, relaxed otherwise."`
	ReadLease        time.Duration `key:"read_lease" was:"lease" default:"1s" min:"100ms" max:"10s" doc:"How long the server may read from a master after a majority of the Sentinels last confirmed it (strict durability)."`
	TLS              RedisTLS      `key:"tls"`
}

// RedisTLS configures TLS to Redis and the Sentinels.
type RedisTLS struct {
	Enabled    bool   `key:"enabled" doc:"Use TLS for connections to Redis and to the Sentinels."`
	CAFile     string `key:"ca_file" doc:"PEM file with the certificate authorities to trust. Empty: the authorities that the system trusts. The three files are read again for every new connection."`
	CertFile   string `key:"cert_file" doc:"PEM file with the client certificate, if Redis requires one."`
	KeyFile    string `key:"key_file" doc:"PEM file with the private key of the client certificate."`
	ServerName string `key:"server_name" doc:"The name that the certificate of Redis must have. Empty: the host name in redis.addrs."`
}

// Keys configures the server's own keys and their rotation.
type Keys struct {
	Algorithm    string        `key:"algorithm" default:"ES256" enum:"ES256,RS256,PS256,EdDSA" doc:"The algorithm that signs JWTs, unless a client is registered with another one."`
	Extra        []string      `key:"extra_algorithms" was:"also" enum:"ES256,RS256,PS256,EdDSA" doc:"More algorithms that a signing key is kept for, so that a client may be registered with them. RS256 is always included if the scope openid is declared."`
	RotateEvery  time.Duration `key:"rotate_every" default:"720h" min:"1h" max:"8760h" doc:"How long a key signs before the next one replaces it."`
	PublishAhead time.Duration `key:"publish_ahead" default:"24h" min:"10m" max:"720h" doc:"How long a new signing key is published in the JWKS before it signs, so that every verifier knows it."`
}

// Token configures the lifetimes of access tokens and codes, and the audience.
type Token struct {
	Access   time.Duration `key:"access" default:"15m" min:"10s" max:"24h" doc:"Lifetime of an access token, unless its client has another one."`
	Code     time.Duration `key:"code" default:"10m" min:"5s" max:"10m" doc:"Lifetime of an authorization code (RFC 6749 §4.1.2: at most 10 minutes)."`
	Audience string        `key:"audience" doc:"The aud of JWT access tokens for clients that request no resource and have no audience of their own. Empty: the issuer. A token that a person authorized with the scope openid also has the issuer in aud, so that /userinfo accepts it."`
}

// Refresh configures the lifetimes of refresh tokens and grants.
type Refresh struct {
	Idle     time.Duration `key:"idle" default:"168h" min:"1m" max:"8760h" doc:"A refresh token that is not used for this long expires."`
	Absolute time.Duration `key:"absolute" default:"2160h" min:"1m" max:"17520h" doc:"A grant ends this long after the user's consent, even if its refresh tokens are used."`
	Grace    time.Duration `key:"grace" default:"10s" min:"0s" max:"30s" doc:"A client that sends the same refresh token again within this time gets the same new token. 0: every second use ends the grant. More than 30s is refused, because a stolen token could then be used unnoticed."`
}

// Session configures browser sessions.
type Session struct {
	Idle     time.Duration `key:"idle" was:"life" default:"1h" min:"1m" max:"720h" doc:"A browser session that is not used for this long ends."`
	Absolute time.Duration `key:"absolute" default:"12h" min:"1m" max:"2160h" doc:"A browser session ends this long after its sign-in, however much it is used."`
	Limit    int           `key:"limit" default:"5" min:"1" max:"100" doc:"How many sessions one user may have. One more ends the session that has been unused longest."`
}

// Password configures the cost of hashing passwords (argon2id, RFC 9106).
type Password struct {
	Memory    int `key:"memory" default:"19456" min:"8192" max:"1048576" doc:"KiB of memory for one hash."`
	Time      int `key:"time" default:"2" min:"1" max:"20" doc:"Passes over the memory."`
	Threads   int `key:"threads" default:"1" min:"1" max:"16" doc:"Lanes of one hash."`
	Parallel  int `key:"parallel" default:"0" min:"0" max:"64" doc:"How many hashes are computed at the same time. Multiplied by password.memory, it is the memory that sign-ins can use. 0: the number of processors, but no more than fit into half of the memory limit (GOMEMLIMIT, or three quarters of the container's)."`
	MinLength int `key:"min_length" default:"15" min:"8" max:"64" doc:"The least number of characters of a new password: 15 if the password is the only factor, as NIST SP 800-63B-4 section 3.1.1.2 requires; 8 only together with a second factor, such as a VPN with its own sign-in. Passwords that are already set stay valid."`
	Queue     int `key:"queue" default:"0" min:"0" max:"10000" doc:"How many sign-ins may wait for a hash; the others get 503 and may try again. 0: 16 for each hash of password.parallel."`
}

// Introspection configures which clients may introspect tokens.
type Introspection struct {
	AllowSelf bool `key:"allow_self" doc:"A public client may introspect and revoke a token by presenting that token as Bearer."`
}

// Limits configures how often callers may send requests and how many guesses may be wrong, counted over all daemons
// together (docs/limits.md). Each is written as a count and a span, such as 600/1m; an empty text means the default.
type Limits struct {
	Token            string `key:"token" default:"off" doc:"Token requests of one client, such as 600/1m. A client's own limit overrides it."`
	Introspect       string `key:"introspect" default:"off" doc:"Introspections by one client. A client's own limit overrides it."`
	Revoke           string `key:"revoke" default:"off" doc:"Revocations by one client. A client's own limit overrides it."`
	Admin            string `key:"admin" default:"off" doc:"Calls of the admin API by one client."`
	TokenIP          string `key:"token_ip" default:"off" doc:"Requests to /token and /revoke from one address (IPv6: one /64), of all clients together. Services behind one gateway share it."`
	IntrospectIP     string `key:"introspect_ip" default:"off" doc:"Requests to /introspect and /userinfo from one address."`
	AuthorizeIP      string `key:"authorize_ip" default:"60000/1m" doc:"Requests to /authorize from one address."`
	LoginIP          string `key:"login_ip" default:"12000/1m" doc:"Requests to the sign-in page from one address."`
	PagesIP          string `key:"pages_ip" default:"12000/1m" doc:"Requests to every other page (consent, account, sign-out) from one address."`
	LargeRequestsIP  string `key:"large_requests_ip" default:"60/1m" doc:"Authorization requests from one address that are too large for a URL (more than 4 KB) and are kept in Redis while a person signs in: up to 16 KB each, for an hour."`
	LoginFailures    string `key:"login_failures" default:"10/15m" doc:"Wrong passwords for one user name. At the limit the name is locked for that span, or until an operator unlocks it."`
	LoginFailuresIP  string `key:"login_failures_ip" default:"200/15m" doc:"Wrong passwords from one address. At the limit the address is locked for that span."`
	ClientFailures   string `key:"client_failures" default:"30/5m" doc:"Wrong secrets for one client from one address. At the limit that client is locked at that address for that span, except for callers with a secret that was right before."`
	ClientFailuresIP string `key:"client_failures_ip" default:"300/5m" doc:"Wrong secrets from one address, for all clients together. At the limit the address is locked for that span, except for callers with a secret that was right before."`
	OnRedisOutage    string `key:"on_redis_outage" was:"without_redis" default:"allow" enum:"allow,deny" doc:"What happens to a request that a rate limits while Redis does not answer: allow serves it, deny answers 503. A password or secret is never checked without being counted: its request gets 503 in both cases."`
}

// Cleanup configures the removal of entries that do not expire by themselves.
type Cleanup struct {
	Interval time.Duration `key:"interval" was:"every" default:"5m" min:"10s" max:"24h" doc:"How often expired entries are removed from the lists in Redis. One daemon does it for all."`
}

// Rotation configures when oauth2d rotate status reports a secret as due (docs/rotation.md).
type Rotation struct {
	MasterKey    time.Duration `key:"master_key" default:"8760h" min:"0s" max:"87600h" doc:"The age at which the master key is due to be replaced. 0s: never."`
	Password     time.Duration `key:"password" default:"4320h" min:"0s" max:"87600h" doc:"The same for the passwords of Redis and of the Sentinels."`
	ClientSecret time.Duration `key:"client_secret" default:"8760h" min:"0s" max:"87600h" doc:"The same for the newest secret of each client."`
	Certificate  time.Duration `key:"certificate" default:"336h" min:"0s" max:"8760h" doc:"How long before its end a certificate is due to be renewed."`
}

// Scope is one scope and its description for people.
type Scope struct {
	Name        string `key:"name" doc:"The scope value as clients send it."`
	Description string `key:"description" doc:"What the scope allows, as the end of the sentence \"... wants to\", such as: read your recipes."`
	UserOnly    bool   `key:"user_only" doc:"The scope has a meaning only for a token that a person authorized: client_credentials never grants it."`
	Writes      bool   `key:"writes" doc:"The scope lets an app change something: the consent page lists it first and marks it. Scopes with a word such as write, admin, manage or delete in their names are always marked."`
}

// Resource is one protected resource (RFC 8707).
type Resource struct {
	URI    string `key:"uri" doc:"The resource indicator: an absolute URI without fragment. It becomes the aud of access tokens."`
	Format string `key:"format" enum:"opaque,jwt" doc:"The format of access tokens for it. Empty: the client's."`
}

// Brand configures how the pages show the operator.
type Brand struct {
	Name        string `key:"name" default:"oauth2d" reload:"true" doc:"The product's name, at most 60 characters."`
	Accent      string `key:"accent" default:"#2457c5" reload:"true" doc:"The accent colour as #rrggbb. A colour with too little contrast against white is refused."`
	LogoFile    string `key:"logo_file" reload:"true" doc:"SVG or PNG file, at most 100 KB; it is served by this server."`
	SupportURL  string `key:"support_url" reload:"true" doc:"Where people find help (https or mailto)."`
	PrivacyURL  string `key:"privacy_url" reload:"true" doc:"Address of the privacy policy (https), at the foot of every page."`
	TermsURL    string `key:"terms_url" reload:"true" doc:"Address of the terms of service (https), at the foot of every page."`
	Footer      string `key:"footer" reload:"true" doc:"A line of text at the foot of every page."`
	MessagesDir string `key:"messages_dir" reload:"true" doc:"Folder with further languages of the pages, one file LANGUAGE.json each (such as pt-BR.json), in the form of internal/http/page/messages/en.json; lengths of time may have every plural form of Unicode CLDR, such as span.day.few."`
}

// Log configures the log of the server.
type Log struct {
	Level  string `key:"level" default:"info" enum:"debug,info,warn,error" reload:"true" doc:"The lowest level that is written."`
	Format string `key:"format" default:"json" enum:"json,text" doc:"One JSON object a line, or text for people."`

	RequestSampleOneIn   int           `key:"request_sample_one_in" default:"1" min:"0" max:"1000000" doc:"Of the requests that are answered without an error (status below 400), one in this many is logged. 0: none of them. Errors are always logged."`
	RequestFlushInterval time.Duration `key:"request_flush_interval" default:"100ms" min:"0" max:"10s" doc:"How long the line of a request may wait to be written together with others. Other lines are written at once, behind those that wait. 0: every line is written before its answer is complete."`
}

// Audit configures the audit log (docs/audit.md).
type Audit struct {
	Stdout      bool `key:"stdout" default:"true" doc:"Write every event to stdout, as one JSON object a line."`
	MaxEntries  int  `key:"max_entries" default:"100000" min:"0" max:"10000000" doc:"Entries of the chained log in Redis, about 0.7 KB each; at the limit the oldest are removed. 0: no entry is kept, and nothing can be searched or verified."`
	RecordReads bool `key:"record_reads" was:"routine" doc:"Also record events that change nothing: every introspection, client authentication and presented credential, every request refused by a limit, every cleanup."`

	SharedTokenCallers int `key:"shared_token_callers" was:"many_callers" default:"8" min:"0" max:"16" doc:"How many different callers must introspect one token on one server until the event token.shared is recorded. 0: never."`
}

// Tracing configures OpenTelemetry.
type Tracing struct {
	Endpoint    string   `key:"endpoint" doc:"Where spans are sent by OTLP/HTTP: the URL of a collector, such as http://127.0.0.1:4318. Empty: nothing is traced."`
	Headers     []Secret `key:"headers" doc:"Headers for the collector, each as NAME=VALUE."`
	SampleOneIn int      `key:"sample_one_in" was:"one_in" default:"100" min:"1" max:"1000000" doc:"One request in this many is traced. The traceparent header of a trusted proxy overrides it."`
}
