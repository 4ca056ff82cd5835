package subject

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/recipe-web-app/oauth2d/cmd/bench/ceiling"
	"github.com/recipe-web-app/oauth2d/cmd/bench/process"
)

// Ceiling starts the ceilings, in this program as a process of its own. They repeat the given answers.
func (l *Lab) Ceiling(ctx context.Context, store *Store, repeated map[string]ceiling.Answer) (*Subject, error) {
	dir, err := l.Dir("ceiling")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "answers.json")
	if err := ceiling.WriteAnswers(file, repeated); err != nil {
		return nil, err
	}
	listen, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	controls, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &Subject{Addr: "127.0.0.1:" + listen, Host: "login.test", Control: "127.0.0.1:" + controls, Redis: store.Processes}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, "ceiling", s.Addr, s.Control, store.Addr, file)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")} // no GOGC of the shell: the daemon does not get it either
	s.Server, err = l.start("ceiling", cmd)
	if err != nil {
		return nil, err
	}
	s.Start, err = s.Server.Await(func() bool { return ready(ctx, s) })
	return s, err
}

func ready(ctx context.Context, s *Subject) bool {
	return answers(ctx, "http://"+s.Control+"/health/ready")
}

// NodeOIDCProvider starts node-oidc-provider from a folder in which npm has installed it.
func (l *Lab) NodeOIDCProvider(ctx context.Context, dir string, store *Store) (*Subject, error) {
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "node", filepath.Join(dir, "provider.mjs"))
	cmd.Env = append(os.Environ(), "NODE_ENV=production", "PORT="+port, "REDIS_URL=redis://"+store.Addr, "CLIENT_ID="+ceiling.ClientID, "CLIENT_SECRET="+ceiling.ClientSecret)
	s := &Subject{Addr: "127.0.0.1:" + port, Host: "127.0.0.1:" + port, Redis: store.Processes}
	if s.Server, err = l.start("node-oidc-provider", cmd); err != nil {
		return nil, err
	}
	s.Start, err = s.Server.Await(func() bool { return answers(ctx, "http://"+s.Addr+"/.well-known/openid-configuration") })
	return s, err
}
