package web

import (
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/logbuffer"
)

// RequestLog writes one line for each request, in the form of the log's other lines. It does not use slog, which costs
// several times as much, because this is the only line that every request causes. It is safe for concurrent use.
type RequestLog struct {
	Lines *logbuffer.Buffer
	Level slog.Leveler // the lowest level that is written
	Text  bool         // text for people, not JSON
	OneIn int          // of the requests that are answered below 400, one in this many is logged; 0: none

	plain atomic.Uint64 // requests that were answered below 400 and could be logged
}

// request holds the content of a line. It has the pattern of the route, never the path or the query, which can contain codes
// and tokens.
type request struct {
	at     time.Time
	level  slog.Level
	method string // of those that HTTP defines
	route  string
	status int
	bytes  int64
	took   time.Duration
	ip, id string
}

// write writes the line of a request unless it is left out. A nil RequestLog writes nothing.
func (l *RequestLog) write(r request) {
	if l == nil || r.level < l.Level.Level() || r.status < http.StatusBadRequest && l.leftOut() {
		return
	}
	var room [512]byte // enough for most lines, so that nothing is allocated
	line := room[:0]
	if l.Text {
		line = r.appendText(line)
	} else {
		line = r.appendJSON(line)
	}
	l.Lines.Later(append(line, '\n'))
}

// leftOut reports whether the line of a request without an error is left out.
func (l *RequestLog) leftOut() bool {
	return l.OneIn != 1 && (l.OneIn == 0 || l.plain.Add(1)%uint64(l.OneIn) != 0) //nolint:gosec // it is not negative
}

// levelOf returns the level of the line of a request. Probes call the quiet routes every few seconds.
func levelOf(status int, route string, quiet []string) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelWarn
	case slices.Contains(quiet, route):
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func (r request) appendJSON(line []byte) []byte {
	line = r.at.AppendFormat(append(line, `{"time":"`...), time.RFC3339Nano)
	line = append(append(line, `","level":"`...), r.level.String()...)
	line = append(append(line, `","msg":"request","method":"`...), r.method...)
	line = logbuffer.AppendString(append(line, `","route":`...), r.route)
	line = strconv.AppendInt(append(line, `,"status":`...), int64(r.status), 10)
	line = strconv.AppendInt(append(line, `,"bytes":`...), r.bytes, 10)
	line = appendMillis(append(line, `,"ms":`...), r.took)
	line = append(append(line, `,"ip":"`...), r.ip...)
	line = append(append(line, `","request_id":"`...), r.id...)
	return append(line, `"}`...)
}

// appendText omits the date, as the other lines do that a person reads as they are written.
func (r request) appendText(line []byte) []byte {
	line = r.at.AppendFormat(append(line, "time="...), time.TimeOnly)
	line = append(append(line, " level="...), r.level.String()...)
	line = append(append(line, " msg=request method="...), r.method...)
	line = append(append(line, " route="...), r.route...)
	line = strconv.AppendInt(append(line, " status="...), int64(r.status), 10)
	line = strconv.AppendInt(append(line, " bytes="...), r.bytes, 10)
	line = appendMillis(append(line, " ms="...), r.took)
	line = append(append(line, " ip="...), r.ip...)
	return append(append(line, " request_id="...), r.id...)
}

func appendMillis(line []byte, d time.Duration) []byte {
	return strconv.AppendFloat(line, float64(d.Microseconds())/1000, 'f', -1, 64)
}

// knownMethod replaces a method that HTTP does not define: such text of the caller must not reach the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}
