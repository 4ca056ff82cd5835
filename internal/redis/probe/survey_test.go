package probe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/redis/probe"
	"github.com/recipe-web-app/oauth2d/internal/redis/redisconn"
	"github.com/recipe-web-app/oauth2d/internal/redis/redistest"
)

// survey asks one server.
func survey(t *testing.T, o redisconn.Options) probe.Server {
	t.Helper()
	servers, err := probe.New(open(t, patient(o))).Servers(t.Context())
	if err != nil || len(servers) != 1 {
		t.Fatalf("%d servers, %v", len(servers), err)
	}
	return servers[0]
}

func TestSurvey(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		settings []string
		want     probe.Persistence
		eviction string
		limit    int64
	}{
		"nothing on disk": {nil, probe.PersistsNothing, "noeviction", 0},
		"every write":     {[]string{"appendonly yes"}, probe.PersistsLog, "noeviction", 0},
		"snapshots":       {[]string{"save 3600 1", "maxmemory 64mb", "maxmemory-policy allkeys-lru"}, probe.PersistsSnapshots, "allkeys-lru", 64 << 20},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			addr := redistest.Start(t, test.settings...).Addr
			s := survey(t, redisconn.Options{Mode: redisconn.Standalone, Addrs: []string{addr}})
			if s.Err != nil || s.Addr != addr || s.Role != "master" || s.TooOld || s.Version == "" || s.Used == 0 {
				t.Errorf("survey: %+v", s)
			}
			if s.Persistence != test.want || s.Eviction != test.eviction || s.Limit != test.limit {
				t.Errorf("persistence %s, eviction %s, limit %d", s.Persistence, s.Eviction, s.Limit)
			}
			if !s.ClockKnown || s.ClockSkew.Abs() > time.Minute {
				t.Errorf("clock %t, ahead %s", s.ClockKnown, s.ClockSkew)
			}
		})
	}
}

// The survey reports a clock that is off and a server that does not answer. A fact that the user may not ask for stays
// unknown, which is not a failure.
func TestSurveyOfWhatIsWrong(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "user least on >"+rightPassword+" ~auth:* +@all -@dangerous -time +info")
	o := redisconn.Options{
		Mode: redisconn.Standalone, Addrs: []string{server.Addr}, Username: "least", Password: rightPassword,
		Now: func() time.Time { return time.Now().Add(-time.Hour) },
	}
	if s := survey(t, o); s.Err != nil || s.ClockKnown || s.Persistence != probe.PersistsUnknown {
		t.Errorf("least rights: %+v", s)
	}
	o.Username, o.Password = "", ""
	if s := survey(t, o); s.ClockSkew < 59*time.Minute || s.ClockSkew > 61*time.Minute {
		t.Errorf("an hour ahead: %s", s.ClockSkew)
	}
	o.Username, o.Password = "least", wrongPassword
	if s := survey(t, o); s.Err == nil || strings.Contains(s.Err.Error(), wrongPassword) {
		t.Errorf("wrong password: %v", s.Err)
	}
}

// Behind Sentinels every server is looked at, the master first.
func TestSurveyOfSentinels(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t)
	servers, err := probe.New(open(t, patient(redisconn.Options{
		Mode: redisconn.Sentinel, Addrs: group.Addrs, MasterName: redistest.MasterName,
	}))).Servers(t.Context())
	if err != nil || len(servers) != len(group.Nodes) {
		t.Fatalf("%+v, %v", servers, err)
	}
	if servers[0].Role != "master" || servers[0].Replicas != len(servers)-1 || servers[1].Role != "slave" {
		t.Errorf("roles: %+v", servers)
	}
}

// The survey covers every Sentinel that any of them knows, and reports one that is dead.
func TestSurveySentinels(t *testing.T) {
	t.Parallel()
	group := redistest.StartGroup(t)
	ask := func() []probe.SentinelStatus {
		return probe.New(open(t, patient(redisconn.Options{
			Mode: redisconn.Sentinel, MasterName: redistest.MasterName,
			Addrs: []string{group.Addrs[0], "localhost:" + group.Sentinels[2].Port()}, // the others know it by its number
		}))).Sentinels(t.Context())
	}
	all := ask()
	if len(all) != len(group.Sentinels) {
		t.Fatalf("%+v", all)
	}
	for _, l := range all {
		if l.Err != nil || l.Master != group.Nodes[0].Addr || l.Quorum != 2 || l.DownAfter != 1500*time.Millisecond ||
			l.FailoverTimeout != 5*time.Second || l.LiveReplicas() != 2 || l.OtherSentinels != 2 {
			t.Errorf("%+v", l)
		}
	}
	group.Sentinels[1].Kill()
	dead := 0
	for _, l := range ask() {
		if l.Err != nil {
			dead++
			if l.Addr != group.Addrs[1] {
				t.Errorf("%s: %v", l.Addr, l.Err)
			}
		}
	}
	if dead != 1 {
		t.Errorf("%d do not answer, want 1", dead)
	}
}
