package inspection

import (
	"context"
	"fmt"
	"time"

	"github.com/recipe-web-app/oauth2d/internal/app"
	"github.com/recipe-web-app/oauth2d/internal/cli/console"
)

// Flags say how often Show looks at Redis, and how much of it is read.
type Flags struct {
	Keys  int64         // at most that many keys are read; 0: all
	Watch time.Duration // between two looks; 0: look once
	Times int           // looks; 0: until the context ends
}

// Show looks once, or again and again until the context ends. An error of a later look is shown, because the next look
// may show how a failover ended.
func (f Flags) Show(ctx context.Context, c *console.Console, i *app.Inspector) error {
	for n := 1; ; n++ {
		found, err := i.Inspect(ctx, f.Keys)
		if err != nil && n == 1 {
			return err
		}
		if f.Watch > 0 && c.Width > 0 {
			fmt.Fprint(c.Out, "\x1b[H\x1b[2J") // the next look replaces this one
		}
		if err != nil {
			c.Say("oauth2d redis info: %s", err)
		} else if err := Print(c, found); err != nil {
			return err
		}
		if f.Watch == 0 || n == f.Times {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(f.Watch):
		}
	}
}
