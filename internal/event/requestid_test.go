package event_test

import (
	"regexp"
	"testing"

	"github.com/recipe-web-app/oauth2d/internal/event"
)

func TestF_N02_ASupportCodeIsShortAndFindsItsRequest(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[A-Z2-7]{5}-[A-Z2-7]{5}$`)
	for _, id := range []string{event.NewRequestID(), "0123456789abcdef0123456789abcdef", "a.proxy_s-own-id", "7KQ4A-M2XP-", "7kq4a-m2xpc"} {
		code := event.SupportCode(id)
		if !form.MatchString(code) || event.SupportCode(code) != code {
			t.Errorf("the code of %q is %q", id, code)
		}
		if !event.SameRequest(id, id) || !event.SameRequest(id, code) || event.SameRequest(id, event.NewRequestID()) {
			t.Errorf("%q is not found by its code %q alone", id, code)
		}
	}
	for _, written := range []string{"7KQ4O-MIXPB", "7kq4o-mixpb", "7KQ4OMIXPB", "7kq40 m1xp8"} {
		if !event.SameRequest("7KQ4O-MIXPB", written) {
			t.Errorf("%q is not found", written)
		}
	}
	if event.SameRequest("", "") || event.SameRequest("7KQ4O-MIXPB", "") {
		t.Error("no code finds a request")
	}
}
