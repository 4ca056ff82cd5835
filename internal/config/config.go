package config

import "time"

// Config is every setting of the server, checked. It is a plain value: its sections are handed to
// the rooms that use them. It holds secrets in the clear inside Secret, which does not print.
type Config struct {
	Issuer            string   `key:"issuer" doc:"The issuer identifier: the public base URL of this server, https, with or without a path, without a trailing slash. Every URL in the metadata begins with it. Not needed with --dev."`
	IssuerPrevious    string   `key:"issuer_previous" doc:"The earlier issuer of this server, when it was renamed: Redis remembers whose data it holds, and refuses another issuer. Everybody signs in again. Take it away after the change."`
	MasterKey         Secret   `key:"master_key" doc:"The key under which the server's own keys are sealed in Redis: base64 of 32 random bytes (openssl rand -base64 32). All replicas need the same one."`
	MasterKeyPrevious []Secret `key:"master_key_previous" doc:"Earlier master keys that still open what they sealed. To change the master key, put the old one here; take it away after the next key rotation."`

	Scopes    []Scope    `key:"scopes" reload:"true" doc:"The scopes that clients may be registered for: any other is refused, and a client that has one keeps it. openid, profile, email, offline_access and the admin scopes are always there; the first four may be described anew. Where the list is empty, every name is accepted that does not look like a slip of a known one. SIGHUP changes the descriptions; a new scope needs a restart."`
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
	Brand         Brand         `key:"brand"`
	Log           Log           `key:"log"`
	Audit         Audit         `key:"audit"`
	Tracing       Tracing       `key:"tracing"`

	// Dev is set by serve --dev only: embedded Redis, demo data, plain HTTP on loopback.
	Dev bool
	// Tool is set by commands beside the server, which need no issuer.
	Tool bool
	// SecretFiles are the files that secrets were read from, the settings' own included.
	SecretFiles []SecretFile
}

// Server is the public listener.
type Server struct {
	Listen         string        `key:"listen" default:"127.0.0.1:8080" doc:"Address and port of the public listener."`
	EndpointPrefix string        `key:"endpoint_prefix" doc:"What stands between the issuer and the endpoints, such as /oauth2. Empty: /authorize, /token, /revoke, /introspect directly below the issuer."`
	TrustedProxies []string      `key:"trusted_proxies" doc:"Addresses or networks (CIDR) of the proxies whose word about the caller counts. Headers of anybody else are ignored."`
	ProxyHeader    string        `key:"proxy_header" default:"X-Forwarded-For" enum:"X-Forwarded-For,Forwarded" doc:"The one header by which the trusted proxies tell who asked. A proxy must overwrite it."`
	PublicMetrics  bool          `key:"public_metrics" was:"metrics" doc:"Serve /metrics on the public listener as well, below the issuer, where everybody can read it. The operators' listener always serves it."`
	RequestTimeout time.Duration `key:"request_timeout" default:"10s" min:"1s" max:"2m" doc:"How long one request may take, waiting for Redis included."`
	ShutdownDelay  time.Duration `key:"shutdown_delay" default:"0s" min:"0s" max:"5m" doc:"How long the server goes on serving after SIGTERM while its health says that it is stopping, before it closes its listeners: as long as a load balancer takes to notice. 0s: no balancer is in front, or it is told otherwise."`
	ShutdownGrace  time.Duration `key:"shutdown_grace" default:"20s" min:"0s" max:"10m" doc:"How long requests in flight may take to finish when the server stops, after shutdown_delay."`
	MaxConnections int           `key:"max_connections" default:"4096" min:"16" max:"1000000" doc:"Open connections of the public listener. At the bound the one that has been idle for longest is closed for a new one; when none is idle, new ones wait. The files that the process may open bound it, too."`
	TLS            ServerTLS     `key:"tls"`
}

// ServerTLS is TLS of the public listener, by files.
type ServerTLS struct {
	CertFile string `key:"cert_file" doc:"PEM file with the certificate chain. Empty: plain HTTP, for use behind a proxy. Its content is read again when it changes and on SIGHUP."`
	KeyFile  string `key:"key_file" doc:"PEM file with the private key of the certificate."`
}

// Enabled reports whether the listener speaks TLS.
func (t ServerTLS) Enabled() bool { return t.CertFile != "" }

// Admin is the operators' listener.
type Admin struct {
	Listen    string   `key:"listen" default:"127.0.0.1:9090" doc:"Address and port of the operators' listener: the admin API, health and /metrics. Never expose it to the Internet."`
	Hosts     []string `key:"hosts" doc:"Names by which the operators' listener may be called, besides addresses and localhost; others are refused, against DNS rebinding."`
	Operators []string `key:"operators" doc:"Sign-in names of the people whose tokens may carry admin scopes. A token of anybody else is refused by the admin API, whatever its scope. Empty: only clients with an admin scope of their own."`
}

// Redis says where the state lives.
type Redis struct {
	Mode             string        `key:"mode" default:"standalone" enum:"embedded,standalone,sentinel,cluster" doc:"How Redis is reached. embedded runs inside the process and forgets everything at exit: for --dev and tests."`
	Addrs            []string      `key:"addrs" default:"127.0.0.1:6379" doc:"host:port of the server (standalone), of the Sentinels (sentinel), or of some nodes (cluster)."`
	MasterName       string        `key:"master_name" default:"mymaster" doc:"The name under which the Sentinels know the master (sentinel)."`
	DB               int           `key:"db" default:"0" min:"0" max:"15" doc:"The logical database of the authorization state. Must be 0 in cluster mode."`
	Username         string        `key:"username" doc:"ACL user. Empty: the default user."`
	Password         Secret        `key:"password" doc:"Password of the ACL user."`
	SentinelUsername string        `key:"sentinel_username" doc:"ACL user on the Sentinels themselves."`
	SentinelPassword Secret        `key:"sentinel_password" doc:"Password on the Sentinels themselves; it is not the password of Redis."`
	PoolSize         int           `key:"pool_size" default:"4" min:"1" max:"64" doc:"Pipelines that may be under way to one node at a time. Callers share them, so that a few carry any load."`
	StartTimeout     time.Duration `key:"start_timeout" default:"30s" min:"0s" max:"10m" doc:"How long the start waits for a Redis that is not there yet, is loading its data, or has no master. A wrong password or a missing right is told at once. 0: no waiting."`
	DialTimeout      time.Duration `key:"dial_timeout" default:"300ms" min:"10ms" max:"30s" doc:"How long a connection may take to be made."`
	Timeout          time.Duration `key:"timeout" default:"500ms" min:"10ms" max:"30s" doc:"How long one question may take before it counts as not answered (503)."`
	Durability       string        `key:"durability" enum:"strict,relaxed" doc:"strict: a change is acknowledged only when it survives the loss of any one node. Empty: strict in sentinel mode, relaxed otherwise."`
	ReadLease        time.Duration `key:"read_lease" was:"lease" default:"1s" min:"100ms" max:"10s" doc:"How long a master may be read after a majority of the Sentinels last confirmed it (strict)."`
	TLS              RedisTLS      `key:"tls"`
}

// RedisTLS is TLS towards Redis and the Sentinels.
type RedisTLS struct {
	Enabled    bool   `key:"enabled" doc:"Speak TLS to Redis and to the Sentinels."`
	CAFile     string `key:"ca_file" doc:"PEM file with the authorities to trust. Empty: those of the system."`
	CertFile   string `key:"cert_file" doc:"PEM file with our certificate, where Redis wants one."`
	KeyFile    string `key:"key_file" doc:"PEM file with the private key of our certificate."`
	ServerName string `key:"server_name" doc:"The name the server's certificate must bear. Empty: the host that was dialled."`
}

// Keys is the calendar of the server's own keys.
type Keys struct {
	Algorithm    string        `key:"algorithm" default:"ES256" enum:"ES256,RS256,PS256,EdDSA" doc:"What JWTs are signed with unless a client says otherwise."`
	Extra        []string      `key:"extra_algorithms" was:"also" enum:"ES256,RS256,PS256,EdDSA" doc:"Further algorithms that a key is kept for, so that a client may use them. RS256 is always among them where the scope openid is declared."`
	RotateEvery  time.Duration `key:"rotate_every" default:"720h" min:"1h" max:"8760h" doc:"How long a key signs."`
	PublishAhead time.Duration `key:"publish_ahead" default:"24h" min:"10m" max:"720h" doc:"How long a new signing key stands in the JWKS before it is used, so that every verifier has seen it."`
}

// Token is how long access tokens and codes live, and who they are for.
type Token struct {
	Access   time.Duration `key:"access" default:"15m" min:"10s" max:"24h" doc:"Life of an access token, unless its client has another one."`
	Code     time.Duration `key:"code" default:"10m" min:"5s" max:"10m" doc:"Life of an authorization code (RFC 6749 §4.1.2: at most 10 minutes)."`
	Audience string        `key:"audience" doc:"The aud of JWT access tokens of clients that name no resource and have no audience of their own. Empty: the issuer. A person's token with the scope openid names the issuer, too, so that /userinfo takes it."`
}

// Refresh is the life of refresh tokens.
type Refresh struct {
	Idle     time.Duration `key:"idle" default:"168h" min:"1m" max:"8760h" doc:"A refresh token that is not used dies after this."`
	Absolute time.Duration `key:"absolute" default:"2160h" min:"1m" max:"17520h" doc:"A grant ends this long after the user's consent, whatever happens."`
	Grace    time.Duration `key:"grace" default:"10s" min:"0s" max:"30s" doc:"A retry by the same presenter inside it gets the same successor. 0: every second use kills the grant. More than 30s is refused: theft would no longer be noticed."`
}

// Session is the browser session.
type Session struct {
	Idle     time.Duration `key:"idle" was:"life" default:"1h" min:"1m" max:"720h" doc:"A browser session ends when it was not used for this long."`
	Absolute time.Duration `key:"absolute" default:"12h" min:"1m" max:"2160h" doc:"A browser session ends this long after its sign-in, however much it is used."`
	Limit    int           `key:"limit" default:"5" min:"1" max:"100" doc:"Sessions a user may have; the one unused for longest ends for a new one."`
}

// Password is the cost of hashing passwords (argon2id, RFC 9106).
type Password struct {
	Memory    int `key:"memory" default:"19456" min:"8192" max:"1048576" doc:"KiB of memory for one hash."`
	Time      int `key:"time" default:"2" min:"1" max:"20" doc:"Passes over the memory."`
	Threads   int `key:"threads" default:"1" min:"1" max:"16" doc:"Lanes of one hash."`
	Parallel  int `key:"parallel" default:"0" min:"0" max:"64" doc:"Hashes computed at the same time; times memory, this is what log-ins can take of the machine. 0: the number of processors."`
	MinLength int `key:"min_length" default:"15" min:"8" max:"64" doc:"Characters that a new password must have. 15 where the password is the only factor, as NIST SP 800-63B-4 section 3.1.1.2 requires; 8 only behind a second factor, such as a VPN with its own sign-in. Passwords that are set already stay valid."`
	Queue     int `key:"queue" default:"0" min:"0" max:"10000" doc:"Log-ins that may wait for a hash; further ones are told to try again (503). 0: 16 for each that is computed."`
}

// Introspection is who may ask about tokens.
type Introspection struct {
	AllowSelf bool `key:"allow_self" doc:"A public client may introspect and revoke a token by presenting that token as Bearer."`
}

// Limits are how often callers may ask, and how often guesses may be wrong, all daemons together
// (docs/limits.md). Each is written as a count and a span, such as 600/1m; an empty text means the
// default.
type Limits struct {
	Token            string `key:"token" default:"off" doc:"Token requests of one client, such as 600/1m. A client's own limit goes before it."`
	Introspect       string `key:"introspect" default:"off" doc:"Introspections by one client. A client's own limit goes before it."`
	Revoke           string `key:"revoke" default:"off" doc:"Revocations by one client. A client's own limit goes before it."`
	Admin            string `key:"admin" default:"off" doc:"Calls of the admin API by one client."`
	TokenIP          string `key:"token_ip" default:"off" doc:"Requests to /token and /revoke from one address (IPv6: one /64), whoever asks. Services behind one gateway share it."`
	IntrospectIP     string `key:"introspect_ip" default:"off" doc:"Requests to /introspect and /userinfo from one address."`
	AuthorizeIP      string `key:"authorize_ip" default:"60000/1m" doc:"Requests to /authorize from one address."`
	LoginIP          string `key:"login_ip" default:"12000/1m" doc:"Requests to the sign-in page from one address."`
	PagesIP          string `key:"pages_ip" default:"12000/1m" doc:"Requests to every other page (consent, account, sign-out) from one address."`
	LargeRequestsIP  string `key:"large_requests_ip" default:"60/1m" doc:"Authorization requests from one address that are too large for an address line (4 KB) and are kept in Redis while a person signs in: up to 16 KB each, for an hour."`
	LoginFailures    string `key:"login_failures" default:"10/15m" doc:"Wrong passwords for one user name; then it is locked for that span, or until an operator unlocks it."`
	LoginFailuresIP  string `key:"login_failures_ip" default:"200/15m" doc:"Wrong passwords from one address; then it is locked for that span."`
	ClientFailures   string `key:"client_failures" default:"30/5m" doc:"Wrong secrets for one client from one address; then that client is locked at that address for that span. Callers whose secret was right before are not."`
	ClientFailuresIP string `key:"client_failures_ip" default:"300/5m" doc:"Wrong secrets from one address, whatever client they are for; then the address is locked for that span. Callers whose secret was right before are not."`
	OnRedisOutage    string `key:"on_redis_outage" was:"without_redis" default:"allow" enum:"allow,deny" doc:"Whether a request under a rate is served while Redis does not answer: allow serves it, deny answers 503. Passwords and secrets are never checked uncounted: they get 503 either way."`
}

// Cleanup is the sweep of what does not expire by itself.
type Cleanup struct {
	Interval time.Duration `key:"interval" was:"every" default:"5m" min:"10s" max:"24h" doc:"How often expired entries are removed from the lists in Redis, by one daemon for all."`
}

// Scope is one scope and what a person is told about it.
type Scope struct {
	Name        string `key:"name" doc:"The scope value as clients send it."`
	Description string `key:"description" doc:"What it allows, as the end of the sentence \"... wants to\", such as: read your recipes."`
	UserOnly    bool   `key:"user_only" doc:"Means something only when a person stands behind the token: never given by client_credentials."`
	Writes      bool   `key:"writes" doc:"It lets an app change something: the consent page lists it first and marks it. Names with a word such as write, admin, manage or delete are marked in any case."`
}

// Resource is one protected resource (RFC 8707).
type Resource struct {
	URI    string `key:"uri" doc:"The resource indicator: an absolute URI without fragment. It ends up in aud."`
	Format string `key:"format" enum:"opaque,jwt" doc:"The format of access tokens for it. Empty: the client's."`
}

// Brand is what people see of the operator on the pages.
type Brand struct {
	Name        string `key:"name" default:"oauth2d" reload:"true" doc:"The product's name, at most 60 characters."`
	Accent      string `key:"accent" default:"#2457c5" reload:"true" doc:"The accent colour as #rrggbb; its contrast against white is checked."`
	LogoFile    string `key:"logo_file" reload:"true" doc:"SVG or PNG file, at most 100 KB; it is served by this server."`
	SupportURL  string `key:"support_url" reload:"true" doc:"Where people find help (https or mailto)."`
	PrivacyURL  string `key:"privacy_url" reload:"true" doc:"Address of the privacy policy (https), at the foot of every page."`
	TermsURL    string `key:"terms_url" reload:"true" doc:"Address of the terms of service (https), at the foot of every page."`
	Footer      string `key:"footer" reload:"true" doc:"A line of text at the foot of every page."`
	MessagesDir string `key:"messages_dir" reload:"true" doc:"Folder with further languages of the pages, one file LANGUAGE.json each, in the form of internal/http/page/messages/en.json."`
}

// Log is what the server says.
type Log struct {
	Level  string `key:"level" default:"info" enum:"debug,info,warn,error" reload:"true" doc:"The least level that is written."`
	Format string `key:"format" default:"json" enum:"json,text" doc:"One JSON object a line, or text for people."`
}

// Audit is the record of what happened (docs/audit.md).
type Audit struct {
	Stdout      bool `key:"stdout" default:"true" doc:"Write every fact to stdout, as one JSON object a line."`
	MaxEntries  int  `key:"max_entries" default:"100000" min:"0" max:"10000000" doc:"Entries of the chained log in Redis, about 0.7 KB each; the oldest make room. 0: none is kept, and nothing can be searched or verified."`
	RecordReads bool `key:"record_reads" was:"routine" doc:"Also record events that change nothing: every introspection, client authentication and presented credential, every request refused by a limit, every cleanup."`

	SharedTokenCallers int `key:"shared_token_callers" was:"many_callers" default:"8" min:"0" max:"16" doc:"How many different callers must introspect one token on one server until the event token.shared is recorded. 0: never."`
}

// Tracing is OpenTelemetry.
type Tracing struct {
	Endpoint    string   `key:"endpoint" doc:"Where spans are sent by OTLP/HTTP: the URL of a collector, such as http://127.0.0.1:4318. Empty: nothing is traced."`
	Headers     []Secret `key:"headers" doc:"Headers for the collector, each as NAME=VALUE."`
	SampleOneIn int      `key:"sample_one_in" was:"one_in" default:"100" min:"1" max:"1000000" doc:"One request in so many is traced. A trusted proxy may decide otherwise by its traceparent."`
}
