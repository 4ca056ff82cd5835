package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/recipe-web-app/oauth2d/internal/event"
	"github.com/recipe-web-app/oauth2d/internal/oauth"
)

// Recover answers a panic in a style. It logs the stack and the type of the panic value. It logs the text of runtime
// errors only, because any other text may quote the request.
func Recover(log *slog.Logger, style Style) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				thrown := recover()
				if thrown == nil {
					return
				}
				if err, ok := thrown.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(http.ErrAbortHandler)
				}
				log.LogAttrs(r.Context(), slog.LevelError, "panic",
					slog.String("request_id", event.OriginOf(r.Context()).RequestID),
					slog.String("route", routeOf(r)),
					slog.String("thrown", describe(thrown)),
					slog.String("stack", string(debug.Stack())))
				if exchangeOf(r).answered() {
					panic(http.ErrAbortHandler) // the client must not treat a partial answer as complete
				}
				style(w, r, oauth.Refuse(oauth.ServerError, "the server met an unexpected condition", nil))
			}()
			next.ServeHTTP(w, r)
		})
	}
}

func describe(thrown any) string {
	if err, ok := thrown.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", thrown)
}
