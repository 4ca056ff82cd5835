package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/recipe-web-app/oauth2d/internal/http/web"
	"github.com/recipe-web-app/oauth2d/internal/logbuffer"
)

func requestLog(to io.Writer, oneIn int) *web.RequestLog {
	return &web.RequestLog{Lines: logbuffer.New(to, logbuffer.Options{}), Level: slog.LevelInfo, OneIn: oneIn}
}

// The lines of requests are written by hand. A collector must not notice.
func TestTheLineOfARequestHasTheFormOfSlog(t *testing.T) {
	t.Parallel()
	const pattern = `/a"b\c/{id}`
	attrs := []any{"method", "POST", "route", pattern, "status", 200, "bytes", int64(2), "ms", 5.0, "ip", "192.0.2.1", "request_id", "an-id-of-a-proxy"}
	record := slog.NewRecord(time.Unix(0, 0).Add(10*time.Millisecond), slog.LevelInfo, "request", 0)
	record.Add(attrs...)
	send := func(l *web.RequestLog) {
		routes := chi.NewRouter()
		routes.Post(pattern, ok.ServeHTTP)
		r := httptest.NewRequest(http.MethodPost, "/", http.NoBody)
		r.URL.Path = `/a"b\c/1`
		r.RemoteAddr = "192.0.2.1:1"
		r.Header.Set("X-Request-Id", "an-id-of-a-proxy")
		r.Header.Set("X-Forwarded-For", "192.0.2.1")
		serveFramed(routes, r, web.FrameOptions{Log: l, Proxies: proxies(t, "", "192.0.2.1")})
	}
	var got, want bytes.Buffer
	if err := slog.NewJSONHandler(&want, nil).Handle(context.Background(), record); err != nil {
		t.Fatal(err)
	}
	send(requestLog(&got, 1))
	if got.String() != want.String() {
		t.Errorf("JSON: %s, want %s", &got, &want)
	}
	var line map[string]any
	if err := json.Unmarshal(got.Bytes(), &line); err != nil || !reflect.DeepEqual(line["route"], pattern) {
		t.Errorf("%v: %v", line, err)
	}
	got.Reset()
	text := requestLog(&got, 1)
	text.Text = true
	send(text)
	if !strings.Contains(got.String(), " level=INFO msg=request method=POST ") || !strings.HasSuffix(got.String(), " status=200 bytes=2 ms=5 ip=192.0.2.1 request_id=an-id-of-a-proxy\n") {
		t.Errorf("text: %s", &got)
	}
}

func TestLinesOfRequestsAreSampledButNoneOfAnError(t *testing.T) {
	t.Parallel()
	for oneIn, want := range map[int]int{0: 0, 1: 30, 10: 3} {
		var log bytes.Buffer
		routes, frame := chi.NewRouter(), web.FrameOptions{Log: requestLog(&log, oneIn)}
		routes.Get("/", ok)
		for range 30 {
			serveFramed(routes, httptest.NewRequest(http.MethodGet, "/", http.NoBody), frame)
			serveFramed(routes, httptest.NewRequest(http.MethodGet, "/nothing", http.NoBody), frame)
		}
		if good, bad := strings.Count(log.String(), `"status":200`), strings.Count(log.String(), `"status":404`); good != want || bad != 30 {
			t.Errorf("one in %d: %d lines of 200, %d of 404", oneIn, good, bad)
		}
	}
}
