package config

import (
	"testing"
	"time"
)

func TestParseRate(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Rate{
		"600/1m": {600, time.Minute}, "10/60": {10, time.Minute}, "off": {}, "0": {},
		"1000000/1s": {1_000_000, time.Second}, "\t5 / 15m\n": {5, 15 * time.Minute},
	} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "600", "600/", "/1m", "0/1m", "-1/1m", "1000001/1s", "5/1ms", "5/25h", "5/m", "5/1m/1m"} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Settings without limits get those that protect passwords and secrets, and none that an honest service could reach.
func TestLimitsByDefault(t *testing.T) {
	t.Parallel()
	want := map[string]Rate{
		"authorize_ip": {60_000, time.Minute}, "login_ip": {12_000, time.Minute}, "pages_ip": {12_000, time.Minute}, "large_requests_ip": {60, time.Minute},
		"login_failures": {10, 15 * time.Minute}, "login_failures_ip": {200, 15 * time.Minute},
		"client_failures": {30, 5 * time.Minute}, "client_failures_ip": {300, 5 * time.Minute},
	}
	for name, limits := range map[string]Limits{"the zero value": {}, "the defaults": Default(true).Limits} {
		got := limits.Rates()
		for rule, rate := range want {
			if got[rule] != rate {
				t.Errorf("%s: %s is %v", name, rule, got[rule])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := (Limits{LoginFailures: "off", Token: "7/1m"}).Rates(); got["login_failures"] != (Rate{}) || got["token"] != (Rate{7, time.Minute}) {
		t.Errorf("%v", got)
	}
}

func TestAWrongLimitIsReported(t *testing.T) {
	t.Parallel()
	_, _, err := Load(Sources{Dev: true, Set: map[string]string{"limits.token": "many", "limits.on_redis_outage": "maybe"}})
	problems, ok := err.(Problems) //nolint:errorlint // Load returns no other type
	if !ok || len(problems) == 0 {
		t.Fatalf("%v", err)
	}
	_, _, err = Load(Sources{Dev: true, Set: map[string]string{"limits.token": "many"}})
	problems, ok = err.(Problems) //nolint:errorlint // likewise
	if !ok || len(problems) != 1 || problems[0].Key != "limits.token" {
		t.Errorf("%v", err)
	}
}
